-- Every setting: range, unit, who may set it, and what is refused.
LOAD 'thumbexif';
\pset format unaligned
SELECT name, boot_val, unit, min_val, max_val, enumvals, context
FROM pg_settings WHERE name LIKE 'thumbexif.%' ORDER BY name COLLATE "C";

-- the number of decoders in effect is shown, also if it is found out
SELECT current_setting('thumbexif.decoders')::int BETWEEN 1 AND 256 AS automatic;
SET thumbexif.decoders = 3;
SHOW thumbexif.decoders;
SET thumbexif.decoders = 0;
SELECT current_setting('thumbexif.decoders')::int >= 1 AS automatic;

-- units
SET thumbexif.decode_timeout = '2min';
SHOW thumbexif.decode_timeout;
SET thumbexif.decoder_memory = '2GB';
SHOW thumbexif.decoder_memory;
SET thumbexif.max_file_size = '1TB';
SHOW thumbexif.max_file_size;
SET thumbexif.thumbnail_format = 'JPG';
SHOW thumbexif.thumbnail_format;

-- out of range (the words differ between versions of PostgreSQL)
\set VERBOSITY sqlstate
SET thumbexif.thumbnail_size = 0;
SET thumbexif.thumbnail_size = 16385;
SET thumbexif.thumbnail_quality = 101;
SET thumbexif.decoders = 257;
SET thumbexif.decode_timeout = 0;
SET thumbexif.decode_timeout = '25h';
SET thumbexif.decoder_memory = '1MB';
SET thumbexif.max_file_size = '2TB';
SET thumbexif.max_pixels = 0;
SET thumbexif.max_pixels = 2147483648;
SET thumbexif.max_attempts = 0;
SET thumbexif.exif_gps = 'perhaps';
SET thumbexif.damaged_images = 'on';
SELECT set_config('thumbexif.image_roots', '/photos, /' || repeat('x', 1100), false);
SELECT format('ALTER SYSTEM SET thumbexif.thumbnail_dir = %L', '/' || repeat('x', 1000)) AS command
\gset
:command;
\set VERBOSITY default

-- refused with a reason
SET thumbexif.thumbnail_format = 'gif';
SET thumbexif.image_roots = 'photos';
SET thumbexif.image_roots = '/photos, photos';
SET thumbexif.image_roots = '/photos,,/more';
SET thumbexif.image_roots = '"/photos';
SET thumbexif.default_timezone = 'Europe/Atlantis';
SET thumbexif.default_timezone = '';
ALTER SYSTEM SET thumbexif.thumbnail_dir = 'thumbnails';
ALTER SYSTEM SET thumbexif.databases = 'one,,two';
SET thumbexif.thumbnail_dir = '/thumbnails';
SET thumbexif.databases = 'photos';
SET thumbexif.thumbnail_siz = 100;

-- accepted
SET thumbexif.image_roots = '/photos', '/more photos';
SHOW thumbexif.image_roots;
SET thumbexif.image_roots = '/photos/, "/a, b", /c d';
SHOW thumbexif.image_roots;
SET thumbexif.image_roots = '';
SET thumbexif.default_timezone = 'asia/kathmandu';

-- none of them is an ordinary user's
CREATE ROLE regress_thumbexif_user;
SET ROLE regress_thumbexif_user;
DO $$
DECLARE
	setting record;
BEGIN
	FOR setting IN SELECT name, boot_val FROM pg_settings WHERE name LIKE 'thumbexif.%' LOOP
		BEGIN
			PERFORM set_config(setting.name, setting.boot_val, false);
			RAISE NOTICE 'anybody may set %', setting.name;
		EXCEPTION WHEN insufficient_privilege OR cant_change_runtime_param THEN
			NULL;
		END;
	END LOOP;
END $$;
RESET ROLE;
DROP ROLE regress_thumbexif_user;
