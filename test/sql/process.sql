-- thumbexif_process(): one asset now.
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set VERBOSITY default
SELECT thumbexif_attach('shots', create_table => true);
INSERT INTO shots (id, path) VALUES (1, 'photo.jpg'), (2, 'photo.gif'), (3, 'rgb-16.png'), (4, 'corrupt.jpg'),
	(5, 'nowhere.jpg'), (6, 'text.jpg'), (7, 'bomb.png'), (8, 'south-west.jpg'), (9, '/etc/passwd'), (10, 'orientation-6.jpg');

-- a good one; the thumbnail's name is new each time
SELECT status, error, exif_error, regexp_replace(thumbnail_path, '^.*/', '') ~ '^1-[0-9]+-[0-9a-f]+\.jpg$' AS thumbnail,
	width, height, taken_at, camera_make, camera_model, gps_latitude, gps_longitude FROM thumbexif_process(1) \gx
SELECT camera_make, round(gps_latitude::numeric, 4) AS latitude, round(gps_longitude::numeric, 4) AS longitude,
	exif_metadata ? 'DateTimeOriginal' AS metadata FROM shots WHERE id = 1;
SELECT status, width, height FROM thumbexif_process(10);

-- nothing to do: the same thumbnail; with force a new one
SELECT thumbnail_path AS first FROM shots WHERE id = 1 \gset
SELECT thumbnail_path = :'first' AS same FROM thumbexif_process(1);
SELECT thumbnail_path = :'first' AS same FROM thumbexif_process(1, force => true);
SELECT count(*) AS "to be removed" FROM thumbexif_internal.thumbexif_removal;

-- no EXIF, bad files
SELECT status, exif_error, thumbnail_path IS NOT NULL AS thumbnail, width, taken_at FROM thumbexif_process(2);
\set VERBOSITY terse
SET client_min_messages = error;	-- the words of libraries vary
SELECT status, error LIKE 'image data is corrupt%' AS error, thumbnail_path, width FROM thumbexif_process(4);
RESET client_min_messages;
SELECT status, error FROM thumbexif_process(5);
SELECT status FROM thumbexif_process(6);
SELECT status, error FROM thumbexif_process(7);
SELECT status, error FROM thumbexif_process(9);
-- known failures are not tried again, but told
SELECT status FROM thumbexif_process(7);
SELECT id, status, attempts, verdict, path, exif_settings FROM thumbexif_internal.thumbexif_asset_bigint
	WHERE status NOT IN ('done', 'queued') ORDER BY id;
-- a limit that is raised frees what failed on it
SET thumbexif.max_pixels = 1000;
SELECT status, error FROM thumbexif_process(3);
SET thumbexif.max_pixels = 999;
SELECT status FROM thumbexif_process(3);
RESET thumbexif.max_pixels;
SELECT status, error, width FROM thumbexif_process(3);

-- unknown, of the wrong kind, NULL
SELECT thumbexif_process(4711);
SELECT thumbexif_process('4711');
SELECT thumbexif_process('x');
SELECT thumbexif_process('d3b07384-d9a0-4c9b-8a3b-0242ac120002'::uuid);
SELECT thumbexif_process(NULL::bigint);
SELECT thumbexif_process(1, 'pg_class');

BEGIN READ ONLY;
SELECT thumbexif_process(1);
ROLLBACK;

-- in a transaction that rolls back, nothing is left
BEGIN;
SELECT status FROM thumbexif_process(8);
SELECT thumbnail_path AS gone FROM shots WHERE id = 8 \gset
SELECT (pg_stat_file(:'gone', true)).size > 0 AS there;
ROLLBACK;
SELECT thumbnail_path, width FROM shots WHERE id = 8;
SELECT status, version < 0 AS version FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 8;
SELECT (pg_stat_file(:'gone', true)).size AS there;

-- from PL/pgSQL, with an exception caught
DO $$
BEGIN
	BEGIN
		PERFORM thumbexif_process(8);
		RAISE EXCEPTION 'away';
	EXCEPTION WHEN raise_exception THEN
		RAISE NOTICE 'caught, width %', (SELECT width FROM shots WHERE id = 8);
	END;
	PERFORM thumbexif_process(8);
	RAISE NOTICE 'done, width %', (SELECT width FROM shots WHERE id = 8);
END $$;

-- a table that refuses the row: the caller's ERROR, and nothing is left
ALTER TABLE shots ADD CONSTRAINT small CHECK (width < 300) NOT VALID;
SELECT thumbexif_process(1, force => true);
SELECT status FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 1;
ALTER TABLE shots DROP CONSTRAINT small;

-- the caller's own rights
CREATE ROLE regress_te_reader;
GRANT EXECUTE ON FUNCTION thumbexif_process(bigint, regclass, boolean) TO regress_te_reader;
SET ROLE regress_te_reader;
SELECT thumbexif_process(8, force => true);
RESET ROLE;
GRANT SELECT ON shots TO regress_te_reader;
SET ROLE regress_te_reader;
SELECT status FROM thumbexif_process(8);
SELECT thumbexif_process(8, force => true);
RESET ROLE;
GRANT UPDATE ON shots TO regress_te_reader;
ALTER TABLE shots ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON shots FOR SELECT USING (id <> 10);
CREATE POLICY written ON shots FOR UPDATE USING (id <> 2);
SET ROLE regress_te_reader;
SELECT status FROM thumbexif_process(8, force => true);
SELECT thumbexif_process(10, force => true);
SELECT thumbexif_process(2, force => true);
RESET ROLE;
ALTER TABLE shots DISABLE ROW LEVEL SECURITY;

-- a hostile search_path, and operators of the caller's own: all names are qualified
CREATE SCHEMA regress_trap;
CREATE FUNCTION regress_trap.never(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trapped''; END';
CREATE OPERATOR regress_trap.= (FUNCTION = regress_trap.never, LEFTARG = bigint, RIGHTARG = bigint);
SET search_path = regress_trap, pg_catalog, public;
SELECT status FROM thumbexif_process(8::bigint, force => true);
SET search_path = regress_trap;
SELECT status FROM public.thumbexif_process(8::bigint, force => true);
RESET search_path;

-- a rule that makes nothing of the update, and one that has gone
CREATE RULE nothing AS ON UPDATE TO shots DO INSTEAD NOTHING;
SELECT status FROM thumbexif_process(8, force => true);
DROP RULE nothing ON shots;
SELECT status FROM thumbexif_process(8, force => true);

-- several tables, uuid keys, other columns, varchar
CREATE TABLE others (key uuid PRIMARY KEY, file varchar(100), make varchar(4), pixels bigint, shot timestamptz);
SELECT thumbexif_attach('others', id => 'key', path => 'file', width => 'pixels', camera_make => 'make', taken_at => 'shot');
INSERT INTO others VALUES ('00000000-0000-0000-0000-000000000001', 'photo.jpg');
\set VERBOSITY default
SELECT thumbexif_process('00000000-0000-0000-0000-000000000001');
SELECT status, thumbnail_path, width, height, taken_at, camera_make
	FROM thumbexif_process('00000000-0000-0000-0000-000000000001'::uuid, 'others');
SELECT make, pixels, shot FROM others;

-- a table that takes nothing: its assets end all the same
CREATE TABLE bare (id integer PRIMARY KEY, path text);
SELECT thumbexif_attach('bare');
INSERT INTO bare VALUES (1, 'photo.jpg'), (2, 'nowhere.jpg');
\set VERBOSITY terse
CALL thumbexif_backfill(relation => 'bare');
\set VERBOSITY default
SELECT status, assets FROM thumbexif_status WHERE relation = 'bare'::regclass ORDER BY 1;
DROP TABLE bare;
DROP TABLE others;
DROP TABLE shots;
DROP SCHEMA regress_trap CASCADE;
REVOKE EXECUTE ON FUNCTION thumbexif_process(bigint, regclass, boolean) FROM regress_te_reader;
DROP ROLE regress_te_reader;
SELECT count(*) AS states FROM thumbexif_internal.thumbexif_asset;
