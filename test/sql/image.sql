-- One image: thumbnail, EXIF and size, from a path and from bytes.
\getenv pictures TE_PICTURES
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- an untyped literal is a path
SELECT format, width, height, taken_at, camera_make, camera_model, round(gps_latitude::numeric, 6) AS gps_latitude,
	round(gps_longitude::numeric, 6) AS gps_longitude, jsonb_typeof(exif_metadata) AS exif_metadata
FROM thumbexif_info('photo.jpg') \gx
SELECT format, width, height, camera_make, taken_at, exif_metadata FROM thumbexif_info('photo.gif');
SELECT name, i.format, i.width, i.height, i.taken_at, i.camera_model,
	round(i.gps_latitude::numeric, 4) AS latitude, round(i.gps_longitude::numeric, 4) AS longitude
FROM unnest(ARRAY['photo.png', 'photo.webp', 'photo.tiff', 'photo.gif', '24.bmp', 'south-west.jpg', 'no-offset.jpg',
	'orientation-3.jpg', 'orientation-6.jpg', 'exif-at-end.png']) name, thumbexif_info(name) i;

-- the same from bytes
SELECT name, thumbexif_info(name) IS NOT DISTINCT FROM thumbexif_info(pg_read_binary_file(:'pictures' || '/' || name)) AS info,
	thumbexif_exif(name) = thumbexif_exif(pg_read_binary_file(:'pictures' || '/' || name)) AS exif,
	thumbexif_thumbnail(name) = thumbexif_thumbnail(pg_read_binary_file(:'pictures' || '/' || name)) AS thumbnail
FROM unnest(ARRAY['photo.jpg', 'photo.png', 'orientation-6.jpg']) name;

-- an absolute path
SELECT format FROM thumbexif_info(:'pictures' || '/photo.webp');

-- RAW of older cameras, PNM; JPEG 2000 where libvips reads it
SELECT name, i.format, i.width, i.height, i.taken_at, i.camera_model, t.format AS thumbnail, t.width, t.height
FROM unnest(ARRAY['photo.crw', 'big-endian.crw', 'photo.mrw', 'photo.x3f', 'properties.x3f', 'big-endian.rw2',
	'photo.ppm', 'text.pbm', '16.ppm']) name, thumbexif_info(name) i, thumbexif_info(thumbexif_thumbnail(name, 100, 'png')) t;
SELECT CASE WHEN 'jp2' = ANY (formats_read) THEN
	(SELECT (format, width, height, camera_model) = ('jp2', 320, 240, 'Fictor X100') FROM thumbexif_info('photo.jp2')) AND
	(SELECT (format, width, height) = ('jpeg', 100, 75) FROM thumbexif_info(thumbexif_thumbnail('photo.jp2', 100))) ELSE true END AS jp2
FROM thumbexif_version();
SELECT thumbexif_exif('photo.crw');

-- EXIF alone
SELECT key, value FROM jsonb_each(thumbexif_exif('photo.jpg'))
WHERE key IN ('Make', 'FNumber', 'ExposureTime', 'ISOSpeedRatings', 'DateTimeOriginal', 'OffsetTimeOriginal', 'GPSLatitudeRef')
ORDER BY key COLLATE "C";
SELECT thumbexif_exif('photo.jpg') = (SELECT exif_metadata FROM thumbexif_info('photo.jpg')) AS same;
SELECT thumbexif_exif('photo.gif') IS NULL AS none;

-- EXIF that cannot be read is a warning, and the rest is there (a PNG of one pixel)
\set spoilt '\\x89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000001165584966727562626973682c206e6f7420455849467112c1e10000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082'
SELECT thumbexif_exif(:'spoilt'::bytea);
SELECT format, width, height, taken_at, gps_latitude, exif_metadata FROM thumbexif_info(:'spoilt'::bytea);
SELECT thumbexif_thumbnail(:'spoilt'::bytea) IS NOT NULL AS thumbnail;

-- EXIF of a file whose pixels are broken off
SELECT substring(pg_read_binary_file(:'pictures' || '/photo.jpg') FOR 6000) AS half \gset
SELECT thumbexif_exif(:'half'::bytea)->>'Make' AS make;
-- a HEIC, if there is one, whose pixels go on behind its end
SELECT at IS NULL OR at = 0 OR thumbexif_exif(overlay(photo PLACING '\x7fffffff' FROM at + 18 FOR 4))->>'Make' = 'Fictor' AS exif
FROM pg_read_binary_file(:'pictures' || '/photo.heic', 0, 1000000, true) photo, position('\x44400002000100000000'::bytea IN photo) at;

-- without positions
SET thumbexif.exif_gps = off;
SELECT gps_latitude, gps_longitude, exif_metadata::text LIKE '%GPS%' AS gps, camera_make FROM thumbexif_info('photo.jpg');
SELECT thumbexif_exif('photo.jpg')::text LIKE '%GPS%' AS gps;
RESET thumbexif.exif_gps;

-- a clock without an offset
SET thumbexif.default_timezone = 'America/New_York';
SELECT taken_at FROM thumbexif_info('no-offset.jpg');
SELECT taken_at FROM thumbexif_info('photo.jpg');
RESET thumbexif.default_timezone;

-- thumbnails: the settings, or what the call says
-- (of the EXIF nothing must be left)
CREATE FUNCTION pg_temp.look(image bytea) RETURNS text LANGUAGE sql AS
	$$SELECT format('%s %s x %s, EXIF %s', i.format, i.width, i.height, coalesce(i.exif_metadata::text, 'none')) FROM thumbexif_info(image) i$$;
SELECT pg_temp.look(thumbexif_thumbnail('photo.jpg')) AS settings;
SELECT pg_temp.look(thumbexif_thumbnail('photo.jpg', 100)) AS "size";
SELECT pg_temp.look(thumbexif_thumbnail('photo.jpg', 100, 'webp')) AS "size and format";
SELECT pg_temp.look(thumbexif_thumbnail('photo.jpg', format => 'PNG', quality => 10)) AS "format and quality";
SELECT pg_temp.look(thumbexif_thumbnail('photo.jpg', NULL, NULL, NULL)) AS nulls;
SELECT pg_temp.look(thumbexif_thumbnail('photo.jpg', 16384)) AS "not enlarged";
SELECT pg_temp.look(thumbexif_thumbnail('orientation-6.jpg', 100)) AS upright;
SELECT length(thumbexif_thumbnail('photo.jpg', quality => 20)) < length(thumbexif_thumbnail('photo.jpg', quality => 95)) AS smaller;
SET thumbexif.thumbnail_size = 64;
SET thumbexif.thumbnail_format = 'png';
SELECT pg_temp.look(thumbexif_thumbnail('photo.jpg')) AS changed;
RESET thumbexif.thumbnail_size;
RESET thumbexif.thumbnail_format;

-- NULL gives NULL
SELECT thumbexif_thumbnail(NULL::text), thumbexif_thumbnail(NULL::bytea), thumbexif_exif(NULL::text),
	thumbexif_exif(NULL::bytea), thumbexif_info(NULL::text), thumbexif_info(NULL::bytea);

-- arguments
SELECT thumbexif_thumbnail('photo.jpg', 0);
SELECT thumbexif_thumbnail('photo.jpg', 16385);
SELECT thumbexif_thumbnail('photo.jpg', -2147483648);
SELECT thumbexif_thumbnail('photo.jpg', 100, 'jpeg', 0);
SELECT thumbexif_thumbnail('photo.jpg', 100, 'jpeg', 101);
SELECT thumbexif_thumbnail('photo.jpg', 100, 'gif');
SELECT thumbexif_thumbnail('photo.jpg', 100, '');

-- bad images, each with its state (libraries' own words vary and are left out)
\set VERBOSITY sqlstate
SELECT thumbexif_thumbnail('missing.jpg');
SELECT thumbexif_thumbnail('empty.jpg');
SELECT thumbexif_thumbnail(''::bytea);
SELECT thumbexif_thumbnail('text.jpg');
SELECT thumbexif_thumbnail('drawing.jpg');
SELECT thumbexif_thumbnail('\x00'::bytea);
SELECT thumbexif_thumbnail(:'half'::bytea);
SELECT thumbexif_thumbnail('bomb.png');
SELECT thumbexif_thumbnail('truncated.ppm');
SELECT thumbexif_thumbnail('no-jpeg.x3f');
SELECT thumbexif_thumbnail(substring(pg_read_binary_file(:'pictures' || '/photo.crw') FOR 9000));
SET thumbexif.max_pixels = 1000;
SELECT thumbexif_thumbnail('photo.jpg');
SELECT width, height FROM thumbexif_info('photo.jpg');
RESET thumbexif.max_pixels;
SET thumbexif.max_file_size = '1MB';
SELECT thumbexif_thumbnail('cmyk.tiff');
SELECT thumbexif_info(convert_to(repeat('x', 2000000), 'UTF8'));
RESET thumbexif.max_file_size;
\set VERBOSITY default
-- a JPEG whose header leaves the height to a marker behind the pixels
SELECT thumbexif_thumbnail(overlay(photo PLACING '\x0000' FROM position('\xffc0001108'::bytea IN photo) + 5 FOR 2))
FROM pg_read_binary_file(:'pictures' || '/photo.jpg') photo;
SELECT thumbexif_info('missing.jpg');
SELECT thumbexif_info('empty.jpg');

-- an error spoils nothing for the next one
BEGIN;
SAVEPOINT s;
SELECT thumbexif_info('text.jpg');
ROLLBACK TO s;
SELECT format FROM thumbexif_info('photo.jpg');
COMMIT;

-- many in one statement
SELECT count(length(thumbexif_thumbnail('photo.jpg', 16 + n))) FROM generate_series(1, 50) n;

-- the build
SELECT extension, libvips ~ '^8\.' AS libvips, libexif ~ '^0\.' AS libexif, self_test,
	formats_read @> '{jpeg,png,webp,gif,tiff,bmp}' AS reads, formats_written @> '{jpeg,png,webp}' AS writes
FROM thumbexif_version();

-- how the planner may use them
SELECT proname, provolatile, proparallel, proisstrict, procost, count(*)
FROM pg_proc WHERE proname IN ('thumbexif_thumbnail', 'thumbexif_exif', 'thumbexif_info', 'thumbexif_version')
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1;

-- XMP and IPTC of an image, also without EXIF; XML with a document type is not read
CREATE FUNCTION jpeg_with(marker text, bytes bytea) RETURNS bytea LANGUAGE sql AS
$$ SELECT '\xffd8'::bytea || decode(marker, 'hex') || int2send((length(bytes) + 2)::int2) || bytes || '\xffc0000b080001000101011100ffd9'::bytea $$;
CREATE FUNCTION xmp(declaration text) RETURNS bytea LANGUAGE sql AS
$$ SELECT convert_to('http://ns.adobe.com/xap/1.0/', 'UTF8') || '\x00'::bytea || convert_to(declaration ||
	'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"><dc:subject><rdf:Bag><rdf:li>Paris</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF>', 'UTF8') $$;
SELECT thumbexif_exif(jpeg_with('ffe1', xmp('')));
SELECT thumbexif_exif(jpeg_with('ffe1', xmp('<!DOCTYPE a [<!ENTITY b "c">]>')));
SELECT thumbexif_exif(jpeg_with('ffed', convert_to('Photoshop 3.0', 'UTF8') || '\x00'::bytea || convert_to('8BIM', 'UTF8') || '\x0404000000000008'::bytea || '\x1c02190003'::bytea || convert_to('sea', 'UTF8')));
DROP FUNCTION jpeg_with(text, bytea), xmp(text);
