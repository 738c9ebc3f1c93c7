-- The nodes count their own photos, all of them.
WITH size AS (
    SELECT c.highest - c.lowest + 1 AS size FROM @extschema@.thumbexif_map_cells(west, south, east, north, zoom) AS c LIMIT 1
), cell AS (
    SELECT @extschema@.thumbexif_quadkey(p.latitude, p.longitude) / s.size AS cell, count(*) AS count, avg(p.latitude) AS latitude,
           avg(p.longitude) AS longitude, min(CAST(p.id AS text)) AS cover
    FROM {schema}._photos_matching({arguments}) AS p CROSS JOIN size AS s WHERE {in_map} GROUP BY 1
)
SELECT jsonb_build_object('type', 'FeatureCollection', 'features', COALESCE(jsonb_agg(jsonb_build_object(
           'type', 'Feature',
           'geometry', jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(c.longitude, c.latitude)),
           'properties', jsonb_build_object('count', c.count, 'cover', CAST(c.cover AS {id_type}), 'approximate', false))), jsonb '[]'))
FROM cell AS c
