-- Positions as numbers, boxes, distances, makes and words: functions for indexes, which never fail, and what is said of arguments that are nothing.
SELECT thumbexif_quadkey(0, 0) = 3::bigint << 60 AS middle, thumbexif_quadkey(85.06, -180) AS corner, thumbexif_quadkey(90, -180) AS pole,
	thumbexif_quadkey(-90, 180) = 4611686018427387903 AS other_corner;
SELECT v AS "no position" FROM unnest(ARRAY[thumbexif_quadkey(90.1, 0), thumbexif_quadkey(0, 180.1), thumbexif_quadkey('NaN', 0), thumbexif_quadkey(0, 'Infinity'), thumbexif_quadkey(NULL, 0)]) v;
SELECT provolatile, proparallel, proisstrict, string_agg(proname, ' ' ORDER BY proname) FROM pg_proc WHERE proname ~ '^thumbexif_(quadkey|within|near|between_meridians|distance|make|camera|keywords|document|in_ranges|map_cells)' AND proname !~ 'support' GROUP BY 1, 2, 3 ORDER BY 3, 4;

-- the first bits are the numbers of a tile, as everybody counts them
SELECT zoom, count(*) FILTER (WHERE x <> floor((lon + 180) / 360 * 2 ^ zoom)::int OR y <> floor((1 - asinh(tan(radians(lat))) / pi()) / 2 * 2 ^ zoom)::int) AS wrong
FROM (SELECT zoom, lat, lon, (SELECT sum(((q >> (62 - 2 * b)) & 1) << (zoom - b)) FROM generate_series(1, zoom) b) AS x, (SELECT sum(((q >> (63 - 2 * b)) & 1) << (zoom - b)) FROM generate_series(1, zoom) b) AS y
	FROM generate_series(1, 400) n, LATERAL (SELECT sin(n) * 85 AS lat, cos(n * 7) * 180 AS lon) p, LATERAL (SELECT thumbexif_quadkey(lat, lon) AS q) k, unnest(ARRAY[1, 5, 12, 20]) AS zoom) t GROUP BY zoom ORDER BY zoom;

-- the ranges of a box contain what lies in it, and not much else
CREATE TEMP TABLE place AS SELECT lat, lon, thumbexif_quadkey(lat, lon) AS q FROM generate_series(1, 20000) n, LATERAL (SELECT degrees(asin(sin(n * 1.7))) AS lat, sin(n * 3.1) * 180 AS lon) p;
INSERT INTO place SELECT lat, lon, thumbexif_quadkey(lat, lon) FROM unnest(ARRAY[-90, -85.1, -20, 0, 46, 85.1, 90]) lat, unnest(ARRAY[-180, -170, 0, 6, 7, 170, 180]) lon;
SELECT box, count(*) FILTER (WHERE thumbexif_within(lat, lon, box)) > 0 AS found, count(*) FILTER (WHERE thumbexif_within(lat, lon, box) AND NOT thumbexif_in_ranges(q, ranges)) AS lost,
	count(*) FILTER (WHERE thumbexif_in_ranges(q, ranges)) <= 4 * count(*) FILTER (WHERE thumbexif_within(lat, lon, box)) + 50 AS tight,
	count(*) FILTER (WHERE thumbexif_within(lat, lon, box) IS DISTINCT FROM (lat BETWEEN box[2] AND box[4] AND CASE WHEN box[1] <= box[3] THEN lon BETWEEN box[1] AND box[3] ELSE lon >= box[1] OR lon <= box[3] END)) AS wrong,
	count(*) FILTER (WHERE thumbexif_within(lat, lon, box) AND NOT thumbexif_between_meridians(lon, box)) AS east_or_west
FROM place, (SELECT box, thumbexif_quadkey_ranges(box) AS ranges FROM (VALUES ('{6,46,7,47}'::float8[]), ('{-10,35,30,60}'), ('{170,-30,-170,0}'), ('{-180,-90,180,90}'), ('{0,-90,0.1,90}'), ('{-180,80,180,90}'), ('{-1,-1,1,1}'), ('{179.9,-90,-179.9,90}')) b (box) OFFSET 0) b GROUP BY box ORDER BY box;
SELECT lat0, lon0, metres, count(*) FILTER (WHERE near) > 0 AS found, count(*) FILTER (WHERE near AND NOT thumbexif_in_ranges(q, thumbexif_quadkey_ranges(lat0, lon0, metres))) AS lost,
	count(*) FILTER (WHERE near AND NOT thumbexif_between_meridians(lon, lat0, lon0, metres)) AS east_or_west,
	count(*) FILTER (WHERE near IS DISTINCT FROM thumbexif_near(lat, lon, lat0, lon0, metres)) AS wrong
FROM (VALUES (46, 7, 100000), (-20, 180, 500000), (89.99, 0, 200000), (-90, 0, 1000000), (0, 0, 20100000), (60, -179.99, 300000), (85, 10, 700000)) c (lat0, lon0, metres),
	LATERAL (SELECT q, lat, lon, thumbexif_distance(lat, lon, lat0, lon0) <= metres AS near FROM place) p GROUP BY 1, 2, 3 ORDER BY 1, 2;
SELECT array_length(thumbexif_quadkey_ranges('{6,46,7,47}'), 1) AS ends, thumbexif_in_ranges(0, thumbexif_quadkey_ranges('{6,46,7,47}')) AS outside;
SELECT thumbexif_quadkey_ranges('{6,46,7}');
SELECT thumbexif_quadkey_ranges('{{6,46,7,47}}');
SELECT thumbexif_quadkey_ranges('{6,46,7,NULL}');
SELECT thumbexif_quadkey_ranges('{6,48,7,47}');
SELECT thumbexif_quadkey_ranges('{6,46,NaN,47}');
SELECT thumbexif_quadkey_ranges(46, 7, -1);
SELECT thumbexif_within(46, 7, '{6,46,7}');
SELECT thumbexif_within(91, 7, '{6,46,7,47}') IS NULL AS nowhere, thumbexif_near(91, 7, 46, 7, 1e9) IS NULL AS near_nothing, thumbexif_near(46, 7, 46, 'NaN', 1e9) IS NULL AS near_nowhere;

-- an index on latitude or longitude finds the same as none, across the date line, too
CREATE INDEX place_lat ON place (lat);
CREATE INDEX place_lon ON place (lon);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT FROM place WHERE thumbexif_between_meridians(lon, '{6,46,7,47}');
SELECT (SELECT count(*) FROM place WHERE thumbexif_between_meridians(lon, '{170,-30,-170,0}') AND thumbexif_within(lat + 0, lon + 0, '{170,-30,-170,0}')) AS by_index,
	(SELECT count(*) FROM place WHERE lat BETWEEN -30 AND 0 AND (lon >= 170 OR lon <= -170)) AS by_hand;
RESET enable_seqscan;

SELECT round(thumbexif_distance(48.8566, 2.3522, 51.5074, -0.1278)) AS paris_london, round(thumbexif_distance(0, 179.9, 0, -179.9)) AS date_line, thumbexif_distance(1, 2, 1, 2) AS none,
	round(thumbexif_distance(0, 0, 0, 180)) AS half, thumbexif_distance(91, 0, 0, 0) IS NULL AS nowhere;

-- squares of a map: all of the box, no more than 500, none twice
SELECT west, east, zoom, count(*) <= 500 AS bounded, count(*) = count(DISTINCT lowest) AS once, bool_and(highest - lowest + 1 = 4::bigint ^ (31 - least(d, 30))) AS whole,
	(SELECT count(*) FROM place WHERE thumbexif_within(lat, lon, ARRAY[west, south, east, north]) AND NOT EXISTS (SELECT FROM thumbexif_map_cells(west, south, east, north, zoom) c WHERE q BETWEEN c.lowest AND c.highest)) AS lost
FROM (VALUES (-180, -90, 180, 90, 0), (-180, -90, 180, 90, 28), (6, 46, 7, 47, 8), (6, 46, 7, 47, -5), (170, -30, -170, 0, 5), (10, -80, 9, 80, 0), (-200, 0, -170, 10, 3)) v (west, south, east, north, zoom),
	LATERAL (SELECT lowest, highest, 31 - round(log(2, (highest - lowest + 1)::numeric) / 2) AS d FROM thumbexif_map_cells(west, south, east, north, zoom)) c GROUP BY west, south, east, north, zoom ORDER BY zoom, west;
SELECT thumbexif_map_cells(0, 50, 1, 40, 3);
SELECT thumbexif_map_cells(0, 0, 1000, 40, 3);

-- makes and cameras
SELECT left(make, 30) AS make, left(thumbexif_make(make), 30) AS name, left(thumbexif_camera(make, model), 40) AS camera FROM (VALUES ('NIKON CORPORATION', 'NIKON D90'), ('Nikon', 'D90'), ('nikon', ' nikon  D90  '), ('Canon', 'Canon EOS 5D'), ('OLYMPUS IMAGING CORP.', 'E-M5'),
	('OLYMPUS OPTICAL CO.,LTD', 'C-2020Z'), ('FUJI PHOTO FILM CO., LTD.', 'FinePix'), ('FUJIFILM', 'X100'), ('CASIO COMPUTER CO.,LTD.', 'EX-Z3'), ('EASTMAN KODAK COMPANY', 'KODAK DC240'), ('SEIKO EPSON CORP.', 'R-D1'),
	('LG Electronics', 'LG-H815'), ('LGE', 'Nexus 5'), ('htc', 'One'), ('GoPro', 'HERO'), ('GOPRO', 'HERO'), ('Leica Camera AG', 'LEICA M8'), ('HEWLETT-PACKARD', 'HP 315'), ('KONICA MINOLTA', 'DiMAGE'), ('SAMSUNG TECHWIN CO., LTD.', 'S500'),
	('Company', 'X'), ('  ', 'X'), ('.,', NULL), (NULL, 'X'), (NULL, NULL), ('Canon', ''), ('Canon', 'Canon'), ('Canon', 'Canonet'), ('Nikon', NULL), (repeat('A', 300), repeat('é', 200)), ('Škoda', 'ž')) v (make, model);
SELECT length(thumbexif_camera(repeat('x ', 100000), repeat('é', 100000))) < 400 AS bounded, thumbexif_make(thumbexif_make('EASTMAN KODAK COMPANY')) AS twice;

-- keywords and words
SELECT v AS exif, thumbexif_keywords(v::jsonb) FROM unnest(ARRAY['{"XMP:Subject": ["b", "a ", "b", 1, null, ""], "IPTC:Keywords": ["a", "c"]}', '{"XMP:Subject": "one"}', '{"XMP:Subject": {"a": ["x"]}}', '{"XMP:Subject": [["x"]]}', '{}', '[]', '1', 'null']) v;
SELECT cardinality(k) AS number, max(octet_length(w)) AS longest FROM (SELECT thumbexif_keywords(jsonb_build_object('XMP:Subject', (SELECT jsonb_agg(n || repeat('é', 500)) FROM generate_series(1, 3000) n))) AS k OFFSET 0) t, unnest(k) w GROUP BY k;
SELECT thumbexif_keywords('{b,NULL,"a ",b,""}'::text[]), thumbexif_keywords('{}'::text[]) IS NULL AS none, octet_length((thumbexif_keywords(ARRAY[repeat('k', 9000)]))[1]) AS longest;
SELECT thumbexif_document('Title', NULL, '{one,NULL,two}', '2010/a_b-c.jpg'), thumbexif_document(NULL, NULL, NULL, NULL) = '' AS none, octet_length(thumbexif_document(repeat('é', 100000), repeat('x', 100000), NULL, 'p')) <= 100010 AS bounded;

-- a function is called with arguments of its own types, and returns its own
CREATE FUNCTION numbers(n int, t text) RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT g FROM generate_series(1, n) g WHERE t IS NULL OR g::text = t';
CREATE FUNCTION number(n int) RETURNS int LANGUAGE sql STABLE AS 'SELECT n';
SELECT * FROM thumbexif_call(NULL::int, 'numbers', 3, NULL::text);
SELECT thumbexif_call(NULL::int, 'numbers', 3, '2'::text);
SELECT * FROM thumbexif_call(NULL::int, 'numbers', 3);
SELECT * FROM thumbexif_call(NULL::int, 'numbers', 3::bigint, NULL::text);
SELECT * FROM thumbexif_call(NULL::bigint, 'numbers', 3, NULL::text);
SELECT * FROM thumbexif_call(NULL::int, 'number', 3);
SELECT * FROM thumbexif_call(NULL::int, NULL, 3);
SELECT * FROM thumbexif_call(NULL::int, 0::regproc, 3);
DROP FUNCTION numbers, number;
DROP TABLE place;
