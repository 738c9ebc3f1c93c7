-- Of each quarter of a cell a hundred photos are read; how many more there are, the index tells by its pages.
WITH quarter AS (
    SELECT c.lowest AS cell, s.count, s.latitude, s.longitude, s.cover, s.count >= 100 AS approximate,
           CASE WHEN s.count < 100 THEN s.count
                ELSE GREATEST(s.count, @extschema@.thumbexif_map_estimate(regclass '{relation_literal}', q.lowest, q.highest)) END AS estimate
    FROM @extschema@.thumbexif_map_cells(west, south, east, north, zoom) AS c
    CROSS JOIN generate_series(0, 3) AS n
    CROSS JOIN LATERAL (SELECT c.lowest + n * ((c.highest - c.lowest) / 4 + 1) AS lowest,
                               c.lowest + (n + 1) * ((c.highest - c.lowest) / 4 + 1) - 1 AS highest) AS q
    CROSS JOIN LATERAL (
        SELECT count(*) AS count, avg(p.latitude) AS latitude, avg(p.longitude) AS longitude, (array_agg(p.id))[1] AS cover
        FROM (SELECT p.id, p.latitude, p.longitude FROM {schema}.photos AS p
              WHERE @extschema@.thumbexif_quadkey(p.latitude, p.longitude) >= q.lowest
                AND @extschema@.thumbexif_quadkey(p.latitude, p.longitude) <= q.highest LIMIT 100) AS p) AS s
    WHERE s.count > 0
), cell AS (
    SELECT sum(q.estimate) AS count, sum(q.latitude * q.estimate) / sum(q.estimate) AS latitude,
           sum(q.longitude * q.estimate) / sum(q.estimate) AS longitude,
           (array_agg(q.cover ORDER BY q.estimate DESC))[1] AS cover, bool_or(q.approximate) AS approximate
    FROM quarter AS q GROUP BY q.cell
)
SELECT jsonb_build_object('type', 'FeatureCollection', 'features', COALESCE(jsonb_agg(jsonb_build_object(
           'type', 'Feature',
           'geometry', jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(c.longitude, c.latitude)),
           'properties', jsonb_build_object('count', c.count, 'cover', c.cover, 'approximate', c.approximate))), jsonb '[]'))
FROM cell AS c
