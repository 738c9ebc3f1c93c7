CREATE OR REPLACE FUNCTION {schema}._photos_search_words({filters}, after text DEFAULT NULL, "limit" integer DEFAULT 100)
RETURNS SETOF {schema}.photos
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
-- How many photos have several words, the planner does not know: if it takes them to be many, and there are none, all photos are read.
-- So a few thousand of the newest are looked at, and if these are too few, all that have the words are read and sorted.
WITH page AS (
    SELECT GREATEST(0, LEAST(COALESCE("limit", 100), 1000)) AS size
), first AS MATERIALIZED (
    SELECT n.id
    FROM (SELECT p.id, COALESCE(p.taken_at, timestamptz '-infinity') AS sorted, p.keywords,
                 @extschema@.thumbexif_document(p.title, p.description, p.keywords, p.path) AS document
          FROM {schema}._photos_matching({arguments_without_words}) AS p
          WHERE {before}
          ORDER BY COALESCE(p.taken_at, timestamptz '-infinity') DESC, p.id DESC LIMIT 2000) AS n
    WHERE ((cardinality(_photos_search_words.keywords) > 0) IS NOT TRUE OR n.keywords @> _photos_search_words.keywords)
      AND ("text" IS NULL OR to_tsvector(regconfig 'simple', n.document) @@ websearch_to_tsquery(regconfig 'simple', "text"))
    ORDER BY n.sorted DESC, n.id DESC LIMIT (SELECT g.size FROM page AS g)
), found AS (
    SELECT f.id FROM first AS f WHERE (SELECT count(*) FROM first AS f) >= (SELECT g.size FROM page AS g)
    UNION ALL
    (SELECT p.id FROM {schema}._photos_matching({arguments}) AS p
     WHERE ({before}) AND (SELECT count(*) FROM first AS f) < (SELECT g.size FROM page AS g)
     -- not the order of an index, which would be followed to its end
     ORDER BY COALESCE(p.taken_at, timestamptz '-infinity') + interval '0' DESC, p.id DESC LIMIT (SELECT g.size FROM page AS g))
)
SELECT p.* FROM {schema}.photos AS p WHERE p.id IN (SELECT f.id FROM found AS f)
ORDER BY COALESCE(p.taken_at, timestamptz '-infinity') DESC, p.id DESC LIMIT 1000;
END;

COMMENT ON FUNCTION {schema}._photos_search_words IS 'the query of photos_search() for several keywords or words; made by thumbexif_api()';
