-- thumbexif_number(), thumbexif_text() and thumbexif_display() never fail, whatever the jsonb is.
CREATE FUNCTION three(exif jsonb, key text DEFAULT 'a', OUT number float8, OUT "text" text, OUT display text)
	LANGUAGE sql IMMUTABLE AS $$ SELECT thumbexif_number(exif, key), thumbexif_text(exif, key), thumbexif_display(exif, key) $$;
SELECT provolatile, proparallel, proisstrict, count(*) FROM pg_proc
	WHERE proname IN ('thumbexif_number', 'thumbexif_text', 'thumbexif_display') GROUP BY 1, 2, 3;

-- types of values
SELECT v AS value, t.number, left(t.text, 20) AS text, left(t.display, 20) AS display FROM unnest(ARRAY['1', '-0.5', '1e300', '1e400', '-1e400', '1e-400', '"400"', '" 2.8 "', '"1/60"', '"-1/4"', '"1/0"',
	'"0/0"', '"1/60/2"', '"0x10"', '"inf"', '"NaN"', '"1e5"', '"1e999"', '"."', '"1."', '".5"', '"-"', '""', '"   "', '"text  "', '"12 mm"',
	'null', 'true', '{}', '{"b": 1}', '[]', '[100, 0]', '[null, 7]', '["x", "8"]', '["x", "y  ", ""]', '[[1], 2]', '[{"a": 3}]', '[null, true]']) v,
	three(jsonb_build_object('a', v::jsonb)) t;
-- jsonb that are no objects, keys that are not there, NULLs
SELECT v AS exif, t.* FROM unnest(ARRAY['1', '"a"', 'null', '[]', '["a"]', '[{"a": 1}]', '{}', '{"b": 1}', '{"": 1}']) v, three(v::jsonb) t;
SELECT three(NULL), three('{"a": 1}', NULL), three('{"": 1}', ''), three('{"a": 1}', repeat('a', 100000));
-- large: a number of 100,000 digits, many of them, a long text, deep
SELECT thumbexif_number(e, 'a') IS NULL AS number, length(thumbexif_text(e, 'a')) AS text, length(thumbexif_display(e, 'ExposureTime')) AS display
	FROM jsonb_build_object('a', 1e100000::numeric, 'ExposureTime', 1e100000::numeric) e;
SELECT thumbexif_number(e, 'a') IS NULL AS number, length(thumbexif_text(e, 'a')) < 300000 AS bounded
	FROM (SELECT jsonb_build_object('a', jsonb_agg(1e100000::numeric)) FROM generate_series(1, 3000)) t (e);
SELECT length(thumbexif_text(e, 'a')), thumbexif_number(e, 'a') FROM jsonb_build_object('a', repeat('1', 1000000) || repeat(' ', 1000)) e;
SELECT thumbexif_text(e, 'a'), thumbexif_number(e, 'a') FROM jsonb_build_object('a', (repeat('[', 1000) || repeat(']', 1000))::jsonb) e;

-- as people read them
SELECT key, string_agg(value || ' = ' || coalesce(left(thumbexif_display(jsonb_build_object(key, value::jsonb), key), 35), 'NULL'), ', ' ORDER BY n) AS shown
	FROM (VALUES
		('ExposureTime', ARRAY['0.01666666667', '0.004', '0.0005', '0.3', '0.5', '1', '1.3', '30', '0', '-1', '1e-9', '1e300', '"1/60"', '"x"', '[0.5, 1]', 'null', '{}']),
		('ShutterSpeedValue', ARRAY['5.906891', '0', '-2', '1000', '-1000']),
		('FNumber', ARRAY['2.8', '8', '1.79', '0', '-1', '1e9']), ('ApertureValue', ARRAY['3', '2.970854', '99']),
		('ISOSpeedRatings', ARRAY['400', '[100, 0]', '0', '"64"']),
		('FocalLength', ARRAY['35', '5.4', '4.249', '0']), ('FocalLengthIn35mmFilm', ARRAY['28', '0']),
		('ExposureBiasValue', ARRAY['0', '0.33333', '-1', '-0.01']),
		('Orientation', ARRAY['1', '2', '3', '4', '5', '6', '7', '8', '0', '9', '1.5']), ('Flash', ARRAY['0', '1', '16', '25', '256', '-1']),
		('DateTimeOriginal', ARRAY['"2024:05:01 12:30:45"', '"2024:05:01"', '"0000:00:00 00:00:00"', '"2024:05:01 12:30"', '"yesterday"', '5', '"    :  :     :  :  "']),
		('GPSImgDirection', ARRAY['123.45']), ('PixelXDimension', ARRAY['4000', '[100, 0]']), ('Make', ARRAY['"Canon   "', '"  "']))
	AS t (key, examples), unnest(examples) WITH ORDINALITY AS e (value, n) GROUP BY key ORDER BY key;
SELECT thumbexif_display(e, 'GPSLatitude') AS latitude, left(thumbexif_display(e, 'GPSLongitude'), 20) AS longitude, thumbexif_display(e, 'GPSAltitude') AS altitude
	FROM unnest(ARRAY['{"GPSLatitude": [48, 51, 30.24], "GPSLatitudeRef": "N", "GPSLongitude": [2, 17, 40.2], "GPSLongitudeRef": "East", "GPSAltitude": 35.04, "GPSAltitudeRef": 0}',
		'{"GPSLatitude": [33, 51.5, 0], "GPSLatitudeRef": "s", "GPSLongitude": [151, 59, 59.999], "GPSLongitudeRef": "E", "GPSAltitude": 3, "GPSAltitudeRef": 1}',
		'{"GPSLatitude": [91, 0, 0], "GPSLatitudeRef": "N", "GPSLongitude": [-1, 0, 0], "GPSLongitudeRef": "W", "GPSAltitude": "x", "GPSAltitudeRef": {}}',
		'{"GPSLatitude": [1, 0], "GPSLatitudeRef": "N", "GPSLongitude": [1, null, 0], "GPSLongitudeRef": 5, "GPSAltitude": null}',
		'{"GPSLatitude": [1, 0, 0], "GPSLatitudeRef": "E", "GPSLongitude": [1, 1e999, 0], "GPSLongitudeRef": "", "GPSAltitude": [7]}']::jsonb[]) e;

-- as index expressions, where a cast fails: the worker's way of writing is a backfill's
SET client_min_messages = warning;
CREATE TABLE photos (id int PRIMARY KEY, path text, exif_metadata jsonb);
CREATE INDEX photos_width ON photos (thumbexif_number(exif_metadata, 'PixelXDimension'));
CREATE INDEX photos_make ON photos (left(thumbexif_text(exif_metadata, 'Make'), 100), thumbexif_display(exif_metadata, 'ExposureTime'));
SELECT thumbexif_attach('photos');
INSERT INTO photos VALUES (1, 'photo.jpg'), (2, 'photo.png'), (3, 'south-west.jpg');
CALL thumbexif_backfill(relation => 'photos');
UPDATE photos SET exif_metadata = exif_metadata || '{"PixelXDimension": [100, 0]}' WHERE id = 1;
-- a text of any length, of which the index has the beginning
UPDATE photos SET exif_metadata = exif_metadata || jsonb_build_object('Make', (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 2000) g)) WHERE id = 2;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM photos WHERE thumbexif_number(exif_metadata, 'PixelXDimension') = 100;
SELECT id FROM photos WHERE thumbexif_number(exif_metadata, 'PixelXDimension') = 100;
SELECT thumbexif_text(exif_metadata, 'Make') IS NOT NULL AS make FROM photos WHERE id = 1;
SELECT status, assets FROM thumbexif_status WHERE relation = 'photos'::regclass;
DROP TABLE photos;
DROP FUNCTION three;
