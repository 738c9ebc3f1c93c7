-- No index has words and the order of time.  So of the newest photos those with the words are taken; if these are few, they are rare, and all
-- that have them are read.
WITH size AS (
    SELECT c.highest - c.lowest + 1 AS size FROM @extschema@.thumbexif_map_cells(west, south, east, north, zoom) AS c LIMIT 1
), newest AS (
    SELECT p.id, p.latitude, p.longitude, p.keywords, p.title, p.description, p.path
    FROM {schema}._photos_matching({arguments_without_words}) AS p
    WHERE {in_map}
    ORDER BY COALESCE(p.taken_at, timestamptz '-infinity') DESC, p.id DESC LIMIT 3000
), first AS (
    SELECT n.id, n.latitude, n.longitude FROM newest AS n
    WHERE ((cardinality(_photos_map.keywords) > 0) IS NOT TRUE OR n.keywords @> _photos_map.keywords)
      AND ("text" IS NULL OR to_tsvector(regconfig 'simple', @extschema@.thumbexif_document(n.title, n.description, n.keywords, n.path))
                             @@ websearch_to_tsquery(regconfig 'simple', "text"))
), enough AS MATERIALIZED (
    SELECT ((cardinality(_photos_map.keywords) > 0) IS NOT TRUE AND "text" IS NULL) OR (SELECT count(*) FROM newest AS n) < 3000 OR (SELECT count(*) FROM first AS f) >= 100 AS enough
), photo AS (
    SELECT f.id, f.latitude, f.longitude FROM first AS f WHERE (SELECT e.enough FROM enough AS e)
    UNION ALL
    (SELECT p.id, p.latitude, p.longitude FROM {schema}._photos_matching({arguments}) AS p
     WHERE {in_map} AND (cardinality(_photos_map.keywords) > 0 OR "text" IS NOT NULL) AND NOT (SELECT e.enough FROM enough AS e)
     ORDER BY COALESCE(p.taken_at, timestamptz '-infinity') + interval '0' DESC, p.id DESC LIMIT 3000)
), cell AS (
    SELECT count(*) AS count, avg(p.latitude) AS latitude, avg(p.longitude) AS longitude, (array_agg(p.id))[1] AS cover
    FROM photo AS p CROSS JOIN size AS s GROUP BY @extschema@.thumbexif_quadkey(p.latitude, p.longitude) / s.size
)
SELECT jsonb_build_object('type', 'FeatureCollection', 'features', COALESCE(jsonb_agg(jsonb_build_object(
           'type', 'Feature',
           'geometry', jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(c.longitude, c.latitude)),
           'properties', jsonb_build_object('count', c.count, 'cover', c.cover, 'approximate', a.approximate))), jsonb '[]'))
FROM cell AS c CROSS JOIN (SELECT CASE WHEN e.enough THEN (SELECT count(*) FROM newest AS n) ELSE (SELECT count(*) FROM photo AS p) END >= 3000 AS approximate
                           FROM enough AS e) AS a
