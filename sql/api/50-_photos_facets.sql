CREATE OR REPLACE FUNCTION {schema}._photos_facets({filters})
RETURNS SETOF jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
WITH counted AS (
    -- each by itself: hashed, where one statement with grouping sets sorts all photos three times
    SELECT 'cameras' AS facet, p.camera AS value, count(*) AS count FROM {schema}._photos_matching({arguments}) AS p GROUP BY p.camera
    UNION ALL
    SELECT 'lenses', p.lens, count(*) FROM {schema}._photos_matching({arguments}) AS p GROUP BY p.lens
    UNION ALL
    SELECT 'years', CAST(y.year AS text), y.count
    FROM (SELECT CAST(extract(year FROM p.day) AS integer) AS year, count(*) AS count
          FROM {schema}._photos_matching({arguments}) AS p WHERE isfinite(p.day) GROUP BY 1) AS y
    UNION ALL
    SELECT 'keywords', k.keyword, count(*)
    FROM {schema}._photos_matching({arguments}) AS p, unnest(p.keywords) AS k (keyword)
    GROUP BY k.keyword
), ranked AS (
    SELECT c.facet, c.value, c.count, row_number() OVER (PARTITION BY c.facet ORDER BY c.count DESC, c.value) AS rank
    FROM counted AS c WHERE c.value IS NOT NULL
), listed AS (
    SELECT r.facet,
           jsonb_agg(jsonb_build_object('value', r.value, 'count', r.count)
                     ORDER BY CASE WHEN r.facet = 'years' THEN r.value END DESC, r.rank) AS list
    FROM ranked AS r WHERE r.rank <= 200 GROUP BY r.facet
)
SELECT jsonb '{"cameras": [], "lenses": [], "years": [], "keywords": []}' || COALESCE(jsonb_object_agg(l.facet, l.list), jsonb '{}')
FROM listed AS l;
END;

COMMENT ON FUNCTION {schema}._photos_facets IS 'the query of photos_facets(); made by thumbexif_api()';
