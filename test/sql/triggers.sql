-- The triggers keep the state of every asset right, whatever changes its row.
SET client_min_messages = warning;
CREATE SCHEMA tracked;
SET search_path = tracked, public;
SELECT thumbexif_attach();
CREATE VIEW state AS SELECT id, status, claim, attempts, next_try IS NOT NULL AS in_queue, verdict, error, file, thumbnail_settings
	FROM thumbexif_internal.thumbexif_asset_bigint ORDER BY id;
CREATE VIEW short AS SELECT string_agg(format('%s %s', id, status), ', ' ORDER BY id) FROM thumbexif_internal.thumbexif_asset_bigint;

-- INSERT: one row, many, none; RETURNING
INSERT INTO image_assets (path) VALUES ('a') RETURNING id;
INSERT INTO image_assets (path) SELECT 'b' || g FROM generate_series(1, 3) g;
INSERT INTO image_assets (path) SELECT 'none' WHERE false;
SELECT * FROM state;

-- an UPDATE of anything else changes nothing, nor does one to the same path
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'done', attempts = 1, next_try = NULL, file = '11/22/' || id, thumbnail_settings = '256 jpeg 85';
UPDATE image_assets SET width = 1, path = path, id = id;
SELECT * FROM short;

-- of the path: queued again from whatever it was, with a new version; what is known of the thumbnail stays
CREATE TEMPORARY TABLE before AS SELECT id, version FROM thumbexif_internal.thumbexif_asset_bigint;
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'running', claimed_from = 'done', claim = 5, attempts = 2 WHERE id = 2;
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'failed', error = 'bad', path = 'b2', verdict = 2, attempts = 3, tried_settings = 'x' WHERE id = 3;
UPDATE image_assets SET path = 'new ' || path WHERE id IN (1, 2, 3);
SELECT * FROM state;
SELECT id, claimed_from, tried_settings, path FROM thumbexif_internal.thumbexif_asset_bigint WHERE id IN (2, 3) ORDER BY id;
SELECT count(*) AS newer FROM before b JOIN thumbexif_internal.thumbexif_asset_bigint s USING (id) WHERE s.version > b.version;

-- an asset that was new is queued
DELETE FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 4;
UPDATE image_assets SET path = 'B3' WHERE id = 4;
SELECT * FROM short;

-- of the key: the state goes along, and so does the file; who worked on it has lost it
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'running', claimed_from = 'done', claim = 5, attempts = 1 WHERE id = 4;
UPDATE image_assets SET id = 40 WHERE id = 4;
UPDATE image_assets SET id = 30, path = 'both' WHERE id = 3;
SELECT * FROM state;
UPDATE image_assets SET id = id - 1 WHERE id IN (1, 2);
SELECT * FROM short;
-- not onto a state that is in use
INSERT INTO thumbexif_internal.thumbexif_asset_bigint (attachment, id, status) SELECT attachment, 99, 'done' FROM thumbexif_internal.thumbexif_attachment;
UPDATE image_assets SET id = 99 WHERE id = 40;
DELETE FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 99;

-- DELETE: the state goes, the file is listed
DELETE FROM image_assets WHERE id >= 30 RETURNING id;
DELETE FROM image_assets WHERE id = 12345;
SELECT * FROM short;
SELECT file FROM thumbexif_internal.thumbexif_removal ORDER BY file;

-- a version never comes back: a result for the earlier row finds another one
SELECT version AS old_version FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 1 \gset
DELETE FROM image_assets WHERE id = 1;
INSERT INTO image_assets (id, path) VALUES (1, 'again');
SELECT version > :old_version AS newer FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 1;
INSERT INTO thumbexif_internal.thumbexif_asset_bigint (attachment, id, status) SELECT attachment, 98, 'new' FROM thumbexif_internal.thumbexif_attachment;
SELECT a.version < b.version AS newer FROM thumbexif_internal.thumbexif_asset_bigint a, thumbexif_internal.thumbexif_asset_bigint b WHERE a.id = 1 AND b.id = 98;
DELETE FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 98;

-- TRUNCATE, also undone
DELETE FROM thumbexif_internal.thumbexif_removal;
UPDATE thumbexif_internal.thumbexif_asset_bigint SET file = 'aa/bb/' || id WHERE id = 0;
BEGIN;
TRUNCATE image_assets;
SELECT * FROM short;
ROLLBACK;
SELECT * FROM short;
TRUNCATE image_assets RESTART IDENTITY;
SELECT * FROM short;
SELECT file FROM thumbexif_internal.thumbexif_removal;

-- COPY, also of many rows at once
COPY image_assets (path) FROM stdin;
x
y
\.
SELECT * FROM short;
INSERT INTO image_assets (path) SELECT 'bulk ' || g FROM generate_series(1, 500) g;
SELECT status, count(*), count(DISTINCT version), min(id), max(id) FROM thumbexif_internal.thumbexif_asset_bigint WHERE id > 2 GROUP BY status;

-- ON CONFLICT: what is inserted and what is updated
INSERT INTO image_assets (id, path) VALUES (1, 'x'), (600, 'inserted') ON CONFLICT (path) DO NOTHING;
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'done';
INSERT INTO image_assets (id, path) VALUES (1, 'x'), (2, 'changed'), (601, 'inserted too')
	ON CONFLICT (id) DO UPDATE SET path = excluded.path;
SELECT id FROM thumbexif_internal.thumbexif_asset_bigint WHERE status = 'queued' ORDER BY id;

-- MERGE
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'done';
MERGE INTO image_assets a USING (VALUES (1, 'merged'), (2, 'changed'), (3, NULL), (700, 'merged too')) AS m(id, path) ON a.id = m.id
	WHEN MATCHED AND m.path IS NULL THEN DELETE
	WHEN MATCHED THEN UPDATE SET path = m.path
	WHEN NOT MATCHED THEN INSERT (id, path) VALUES (m.id, m.path);
SELECT id FROM thumbexif_internal.thumbexif_asset_bigint WHERE status = 'queued' OR id = 3 ORDER BY id;

-- data-modifying WITH: two statements at once
WITH gone AS (DELETE FROM image_assets WHERE id = 700 RETURNING path)
INSERT INTO image_assets (id, path) SELECT 701, path || ' again' FROM gone;
SELECT id, status FROM thumbexif_internal.thumbexif_asset_bigint WHERE id >= 700;

-- savepoints
TRUNCATE image_assets RESTART IDENTITY;
BEGIN;
INSERT INTO image_assets (path) VALUES ('kept');
SAVEPOINT s;
INSERT INTO image_assets (path) VALUES ('not kept');
INSERT INTO image_assets (path) SELECT 'bulk ' || g FROM generate_series(1, 200) g;
UPDATE image_assets SET path = 'changed' WHERE path = 'kept';
ROLLBACK TO s;
SELECT * FROM short;
COMMIT;
SELECT * FROM short;

-- a state that is there already does not stand in an INSERT's way, be it one or many
INSERT INTO thumbexif_internal.thumbexif_asset_bigint (attachment, id, status, attempts) SELECT attachment, i, 'failed', 3
	FROM thumbexif_internal.thumbexif_attachment, unnest(ARRAY[1000, 2050]) i;
INSERT INTO image_assets (id, path) VALUES (1000, 'one');
INSERT INTO image_assets (id, path) SELECT g, 'many ' || g FROM generate_series(2001, 2200) g;
SELECT status, attempts, count(*) FROM thumbexif_internal.thumbexif_asset_bigint GROUP BY status, attempts;

-- with triggers off (as in a restore or a replica), rows stay new
SET session_replication_role = replica;
INSERT INTO image_assets (id, path) VALUES (3000, 'unseen');
DELETE FROM image_assets WHERE id = 1000;
RESET session_replication_role;
SELECT id, status FROM thumbexif_internal.thumbexif_asset_bigint WHERE id IN (1000, 3000);
SELECT * FROM thumbexif_status;
-- and the state of the deleted one is taken over
INSERT INTO image_assets (id, path) VALUES (1000, 'seen');
DELETE FROM image_assets WHERE id = 3000;
SELECT * FROM thumbexif_status;

-- other users, who can see nothing of ours; whatever their search_path, and objects in it
CREATE ROLE tracked_user;
GRANT USAGE, CREATE ON SCHEMA tracked TO tracked_user;
GRANT ALL ON image_assets TO tracked_user;
GRANT ALL ON SEQUENCE image_assets_id_seq TO tracked_user;
SET ROLE tracked_user;
CREATE FUNCTION tracked.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked as %', current_user; END $$;
CREATE FUNCTION tracked.never(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hijacked as %', current_user; END $$;
CREATE OPERATOR tracked.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = tracked.never);
SET search_path = tracked, pg_catalog;
INSERT INTO image_assets (path) VALUES ('a user''s');
UPDATE image_assets SET path = path || '!' WHERE path = 'a user''s';
DELETE FROM image_assets WHERE path = 'a user''s!';
TRUNCATE image_assets;
SELECT count(*) FROM thumbexif_internal.thumbexif_asset_bigint;
RESET ROLE;
SET search_path = tracked, public;
SELECT count(*) FROM thumbexif_internal.thumbexif_asset_bigint;

-- definitions that change in the middle of a session
INSERT INTO image_assets (id, path) VALUES (1, 'a');
ALTER TABLE image_assets ADD note text, DROP COLUMN created_at;
INSERT INTO image_assets (id, path, note) VALUES (2, 'b', 'x');
UPDATE image_assets SET path = 'c' WHERE id = 2;
ALTER TABLE image_assets RENAME TO renamed;
INSERT INTO renamed (id, path) VALUES (3, 'd');
DELETE FROM renamed WHERE id = 1;
SELECT * FROM short;
SELECT relation FROM thumbexif_internal.thumbexif_attachment;
SELECT thumbexif_detach('renamed');
INSERT INTO renamed (id, path) VALUES (4, 'e');
-- the owner is whoever runs the tests
\set VERBOSITY terse
SELECT thumbexif_attach('renamed');
INSERT INTO renamed (id, path) VALUES (5, 'f');
SELECT * FROM short;

-- uuid and smallint keys
CREATE TABLE u (id uuid PRIMARY KEY, path text);
CREATE TABLE s (id smallint PRIMARY KEY, path text);
SELECT thumbexif_attach('u'), thumbexif_attach('s');
\set VERBOSITY default
INSERT INTO u SELECT gen_random_uuid(), g FROM generate_series(1, 300) g;
INSERT INTO u VALUES ('00000000-0000-0000-0000-00000000000a', NULL);
UPDATE thumbexif_internal.thumbexif_asset_uuid SET status = 'done';
UPDATE u SET path = 'x' WHERE id = '00000000-0000-0000-0000-00000000000a';
UPDATE u SET id = '00000000-0000-0000-0000-00000000000b' WHERE path = 'x';
DELETE FROM u WHERE path = '7';
SELECT status, count(*) FROM thumbexif_internal.thumbexif_asset_uuid GROUP BY status ORDER BY status;
SELECT id FROM thumbexif_internal.thumbexif_asset_uuid WHERE status = 'queued';
INSERT INTO s SELECT g, g FROM generate_series(-100, 100) g;
DELETE FROM s WHERE id < 99;
UPDATE s SET id = -32768 WHERE id = 99;
SELECT s.id FROM thumbexif_internal.thumbexif_asset_bigint s JOIN thumbexif_internal.thumbexif_attachment USING (attachment) WHERE relation = 's'::regclass ORDER BY id;

SET client_min_messages = error;
DROP SCHEMA tracked CASCADE;
DROP ROLE tracked_user;
DELETE FROM thumbexif_internal.thumbexif_removal;
DELETE FROM thumbexif_internal.thumbexif_dropped;
SELECT count(*) FROM thumbexif_internal.thumbexif_asset;
