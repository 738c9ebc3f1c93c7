-- thumbexif_file() and thumbexif_state(): what an application asks about one asset, with its own rights on the row.
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set VERBOSITY terse
SET client_min_messages = error;
SELECT thumbexif_attach('shots', create_table => true);
CREATE TABLE codes (code text PRIMARY KEY, path text, thumbnail_path text, width int);
CREATE TABLE marks (id uuid PRIMARY KEY, path text, thumbnail_path text, width int);
SELECT thumbexif_attach('codes', id => 'code'), thumbexif_attach('marks');
INSERT INTO shots (id, path) VALUES (1, 'photo.jpg'), (2, 'corrupt.jpg'), (3, 'nowhere.jpg'), (4, 'photo.png'), (5, 'photo.gif');
INSERT INTO codes VALUES ('a', 'photo.jpg');
INSERT INTO marks VALUES ('d3b07384-d9a0-4c9b-8a3b-0242ac120002', 'photo.jpg');

-- before anything is made
SELECT thumbexif_file(1, 'shots') IS NULL AS none;
SELECT status, error, sqlstate, attempts, next_try IS NOT NULL AS next, finished_at, stale FROM thumbexif_state(1, 'shots');
SELECT i, (thumbexif_process(i, 'shots')).status FROM unnest('{1,2,3,5}'::int[]) i;
SELECT (thumbexif_process('a', 'codes')).status, (thumbexif_process('d3b07384-d9a0-4c9b-8a3b-0242ac120002', 'marks')).status;

-- the bytes are those of the file
SELECT thumbexif_file(1, 'shots') = pg_read_binary_file(thumbnail_path) AS same FROM shots WHERE id = 1;
SELECT format, width <= 256 AND height <= 256 AS small FROM thumbexif_info(thumbexif_file(1, 'shots'));
-- every type of key; a literal without a type is one of any
SELECT thumbexif_file('a', 'codes') = pg_read_binary_file(thumbnail_path) AS same FROM codes;
SELECT thumbexif_file(code, 'codes') = pg_read_binary_file(thumbnail_path) AS same FROM codes;
SELECT thumbexif_file('d3b07384-d9a0-4c9b-8a3b-0242ac120002', 'marks') = pg_read_binary_file(thumbnail_path) AS same FROM marks;
SELECT thumbexif_file(id, 'marks') = pg_read_binary_file(thumbnail_path) AS same FROM marks;
SELECT thumbexif_file('1', 'shots') = thumbexif_file(1, 'shots') AS same, thumbexif_file(1::smallint, 'shots') IS NOT NULL AS smallint;
-- none: of a failure, of a row that does not exist, of an id that no row can have
SELECT thumbexif_file(2, 'shots') IS NULL AS failed, thumbexif_file(4, 'shots') IS NULL AS waiting, thumbexif_file(4711, 'shots') IS NULL AS unknown,
	thumbexif_file(NULL::bigint, 'shots') IS NULL AS "null", thumbexif_file(repeat('x', 200), 'codes') IS NULL AS long;
SELECT thumbexif_file(1);
SELECT thumbexif_file('x', 'shots');
SELECT thumbexif_file(1, 'pg_class');
-- in read-only transactions, and in parallel queries
BEGIN READ ONLY;
SELECT thumbexif_file(1, 'shots') IS NOT NULL AS there, (thumbexif_state(1, 'shots')).status;
ROLLBACK;
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
ALTER TABLE shots SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT thumbexif_file(id, 'shots') FROM shots WHERE width > 0;
SELECT count(thumbexif_file(id, 'shots')), count((thumbexif_state(id, 'shots')).status) FROM shots WHERE width > 0;
ROLLBACK;

-- the row tells whether it has our thumbnail, and never which file is read
BEGIN;
UPDATE shots SET thumbnail_path = '/etc/passwd' WHERE id = 1;
SELECT thumbexif_file(1, 'shots') IS NULL AS of_others;
UPDATE shots SET thumbnail_path = NULL WHERE id = 1;
SELECT thumbexif_file(1, 'shots') IS NULL AS none;
UPDATE shots SET thumbnail_path = '/etc/' || file FROM thumbexif_internal.thumbexif_asset_bigint s
	WHERE s.id = 1 AND shots.id = 1 AND s.file IS NOT NULL;
SELECT length(thumbexif_file(1, 'shots')) > 500 AS from_our_folder;
ROLLBACK;

-- states
SELECT i AS id, s.status, s.error, s.sqlstate, s.attempts, s.next_try > now() AS next, s.finished_at <= clock_timestamp() AS finished, s.stale
	FROM generate_series(3, 5) i, thumbexif_state(i, 'shots') s ORDER BY i;
SELECT status, error LIKE 'image data is corrupt%' AS error, sqlstate FROM thumbexif_state(2, 'shots');
SELECT status, exif_error, stale FROM thumbexif_state(1, 'shots');
SELECT status, stale FROM thumbexif_state('a', 'codes');
SELECT thumbexif_state(4711, 'shots') IS NULL AS unknown;
SET thumbexif.thumbnail_size = 100;
SELECT status, stale FROM thumbexif_state(1, 'shots');
SELECT relation, done, stale FROM thumbexif_progress ORDER BY relation::text;
SET thumbexif.default_timezone = 'Europe/Berlin';
SELECT status, stale FROM thumbexif_state(1, 'shots');
SELECT relation, done, stale FROM thumbexif_progress ORDER BY relation::text;
RESET thumbexif.thumbnail_size;
SELECT status, stale FROM thumbexif_state(1, 'shots');
RESET thumbexif.default_timezone;
SELECT relation, done, stale FROM thumbexif_progress ORDER BY relation::text;
UPDATE shots SET path = 'photo.webp' WHERE id = 1;
SELECT status, stale FROM thumbexif_state(1, 'shots');
UPDATE shots SET path = 'photo.jpg' WHERE id = 1;
SELECT status FROM thumbexif_process(1, 'shots');

-- it reads some pages of indexes, and neither table: these have hundreds
CREATE FUNCTION pages_of(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || query INTO plan;
	RETURN (plan->0->'Plan'->>'Shared Hit Blocks')::bigint + (plan->0->'Plan'->>'Shared Read Blocks')::bigint;
END $$;
CREATE TABLE many (id int PRIMARY KEY, path text, thumbnail_path text);
SELECT thumbexif_attach('many');
INSERT INTO many SELECT g, 'folder/of/pictures/' || g || '.jpg' FROM generate_series(1, 20000) g;
SELECT status FROM thumbexif_state(777, 'many');
SELECT pages_of('SELECT status FROM thumbexif_state(778, ''many'')') < 60 AS few, pages_of('SELECT count(path) FROM many') > 120 AS many;
DROP TABLE many;
DROP FUNCTION pages_of;

-- rights: SELECT on the columns that are read, and row security
CREATE ROLE viewer;
GRANT USAGE ON SCHEMA public TO viewer;
SET ROLE viewer;
SELECT thumbexif_file(1, 'shots');
SELECT thumbexif_state(1, 'shots');
RESET ROLE;
GRANT EXECUTE ON FUNCTION thumbexif_file(bigint, regclass, integer) TO viewer;
SET ROLE viewer;
SELECT thumbexif_file(1, 'shots');
RESET ROLE;
GRANT SELECT (id, thumbnail_path) ON shots TO viewer;
SET ROLE viewer;
SELECT length(thumbexif_file(1, 'shots')) > 500 AS columns;
SELECT thumbexif_state(1, 'shots');
RESET ROLE;
GRANT SELECT (path) ON shots TO viewer;
SET ROLE viewer;
SELECT status FROM thumbexif_state(1, 'shots');
RESET ROLE;
ALTER TABLE shots ENABLE ROW LEVEL SECURITY;
CREATE POLICY a ON shots TO viewer USING (id <> 1);
SET ROLE viewer;
SELECT thumbexif_file(1, 'shots') IS NULL AS hidden, thumbexif_file(5, 'shots') IS NOT NULL AS seen,
	thumbexif_state(1, 'shots') IS NULL AS hidden, (thumbexif_state(5, 'shots')).status;
RESET ROLE;
SELECT thumbexif_grant('viewer', 'codes', 'read');
SET ROLE viewer;
SELECT (thumbexif_state('a', 'codes')).status;
SELECT thumbexif_file('a', 'codes');
RESET ROLE;
SELECT thumbexif_grant('viewer', 'codes', 'process');
SET ROLE viewer;
SELECT length(thumbexif_file('a', 'codes')) > 500 AS granted;
RESET ROLE;

-- a file that is gone or damaged is told
BEGIN;
UPDATE thumbexif_internal.thumbexif_asset SET file = replace(file, '-', '-9') WHERE file IS NOT NULL;
UPDATE shots SET thumbnail_path = s.file FROM thumbexif_internal.thumbexif_asset_bigint s WHERE s.id = shots.id;
UPDATE shots SET thumbnail_path = '/x/' || thumbnail_path;
DO $$ BEGIN PERFORM thumbexif_file(5, 'shots'); EXCEPTION WHEN undefined_file THEN RAISE EXCEPTION '%', regexp_replace(SQLERRM, '".*"', '"..."'); END $$;
ROLLBACK;
BEGIN;
UPDATE thumbexif_internal.thumbexif_asset SET file_size = file_size + 1 WHERE file IS NOT NULL;
DO $$ BEGIN PERFORM thumbexif_file(5, 'shots'); EXCEPTION WHEN data_corrupted THEN RAISE EXCEPTION '%', regexp_replace(SQLERRM, '".*"', '"..."'); END $$;
ROLLBACK;
BEGIN;
UPDATE thumbexif_internal.thumbexif_asset SET file = '../../../../../../etc/passwd';
UPDATE shots SET thumbnail_path = '/../../../../../../etc/passwd';
DO $$ BEGIN PERFORM thumbexif_file(5, 'shots'); EXCEPTION WHEN undefined_file THEN RAISE EXCEPTION '%', SQLERRM; END $$;
ROLLBACK;

DROP OWNED BY viewer;
DROP ROLE viewer;
DROP TABLE shots, codes, marks;
