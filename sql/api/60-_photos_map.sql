CREATE OR REPLACE FUNCTION {schema}._photos_map(west double precision, south double precision, east double precision, north double precision, zoom integer,
    {filters})
RETURNS SETOF jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
WITH size AS (
    SELECT c.highest - c.lowest + 1 AS size FROM @extschema@.thumbexif_map_cells(west, south, east, north, zoom) AS c LIMIT 1
), photo AS (
    SELECT p.id, p.latitude, p.longitude, @extschema@.thumbexif_quadkey(p.latitude, p.longitude) AS quadkey
    FROM {schema}._photos_matching({arguments}) AS p
    WHERE CASE WHEN west <= -180 AND south <= -90 AND east >= 180 AND north >= 90
               THEN @extschema@.thumbexif_quadkey(p.latitude, p.longitude) IS NOT NULL
               ELSE @extschema@.thumbexif_within(p.latitude, p.longitude, ARRAY[west, south, east, north])
                    AND @extschema@.thumbexif_in_ranges(@extschema@.thumbexif_quadkey(p.latitude, p.longitude),
                                                        @extschema@.thumbexif_quadkey_ranges(ARRAY[west, south, east, north])) END
    ORDER BY COALESCE(p.taken_at, timestamptz '-infinity') DESC, p.id DESC LIMIT 5000
), cell AS (
    SELECT count(*) AS count, avg(p.latitude) AS latitude, avg(p.longitude) AS longitude, (array_agg(p.id))[1] AS cover
    FROM photo AS p CROSS JOIN size AS s GROUP BY p.quadkey / s.size
)
SELECT jsonb_build_object('type', 'FeatureCollection', 'features', COALESCE(jsonb_agg(jsonb_build_object(
           'type', 'Feature',
           'geometry', jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(c.longitude, c.latitude)),
           'properties', jsonb_build_object('count', c.count, 'cover', c.cover, 'approximate', a.approximate))), jsonb '[]'))
FROM cell AS c CROSS JOIN (SELECT count(*) >= 5000 AS approximate FROM photo AS p) AS a;
END;

COMMENT ON FUNCTION {schema}._photos_map IS 'the query of photos_map() with filters; made by thumbexif_api()';
