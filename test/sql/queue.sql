-- thumbexif_enqueue and thumbexif_retry: the queue by hand.
SET client_min_messages = warning;
SELECT thumbexif_attach();
INSERT INTO image_assets (path) SELECT 'p' || g FROM generate_series(1, 8) g;
CREATE TEMPORARY VIEW state AS SELECT string_agg(format('%s %s%s', id, status, CASE WHEN attempts > 0 THEN ' ' || attempts END), ', ' ORDER BY id)
	FROM thumbexif_internal.thumbexif_asset_bigint;
CREATE PROCEDURE pg_temp.set_up() LANGUAGE sql AS
$$
	UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = (ARRAY['done', 'failed', 'missing', 'unsupported', 'running', 'queued', 'queued', 'new'])[id]::thumbexif_internal.thumbexif_asset_status,
		attempts = CASE WHEN id IN (1, 6, 8) THEN 0 ELSE 2 END, claimed_from = CASE WHEN id = 5 THEN 'queued'::thumbexif_internal.thumbexif_asset_status END,
		claim = CASE WHEN id = 5 THEN 9 END, next_try = CASE WHEN id IN (3, 7) THEN now() + interval '1 hour' END, verdict = 2, error = 'bad', path = 'p';
$$;

CALL pg_temp.set_up();
SELECT * FROM state;
-- any asset can be queued, even one that is being worked on or that thumbexif has not met
SELECT version AS version_5 FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 5 \gset
SELECT thumbexif_enqueue(1), thumbexif_enqueue(2, 'image_assets'), thumbexif_enqueue('3'), thumbexif_enqueue(5);
SELECT * FROM state;
SELECT version > :version_5 AS newer, claim, claimed_from, error, verdict, path, next_try <= now() AS due FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 5;
DELETE FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 8;
SELECT thumbexif_enqueue(8::smallint);
SELECT * FROM state;

-- retrying one
INSERT INTO thumbexif_internal.thumbexif_asset_bigint (attachment, id, status) SELECT attachment, 8, 'new' FROM thumbexif_internal.thumbexif_attachment ON CONFLICT DO NOTHING;
CALL pg_temp.set_up();
SELECT id, thumbexif_retry(id) FROM generate_series(1, 8) id;
SELECT * FROM state;
SELECT thumbexif_retry('2'), thumbexif_retry(3, 'image_assets');

-- retrying all, and all of a status
CALL pg_temp.set_up();
SELECT thumbexif_retry();
SELECT * FROM state;
CALL pg_temp.set_up();
SELECT thumbexif_retry(status => 'missing');
SELECT * FROM state;
SELECT thumbexif_retry(relation => 'image_assets', status => 'queued');
SELECT * FROM state;
SELECT thumbexif_retry(status => 'done');
SELECT thumbexif_retry(status => 'bad');
CALL pg_temp.set_up();
SELECT thumbexif_retry_all('failed');
SELECT * FROM state;
SELECT thumbexif_retry_all();
SELECT * FROM state;
SELECT thumbexif_retry_all('done');
SELECT thumbexif_retry_all('bad');
BEGIN READ ONLY;
SELECT thumbexif_retry_all();
ROLLBACK;
BEGIN READ ONLY;
SELECT thumbexif_pause();
ROLLBACK;

-- what is not there, or is no key
SELECT thumbexif_enqueue(9);
SELECT thumbexif_retry(9);
SELECT thumbexif_enqueue(NULL::bigint);
SELECT thumbexif_enqueue('a8');
SELECT thumbexif_retry('failed');
SELECT thumbexif_enqueue('00000000-0000-0000-0000-000000000000'::uuid);
SELECT thumbexif_retry(1, 'pg_class');
CREATE TABLE by_uuid (id uuid PRIMARY KEY, path text);
CREATE TABLE by_small (id smallint PRIMARY KEY, path text);
SELECT thumbexif_attach('by_uuid'), thumbexif_attach('by_small');
INSERT INTO by_uuid VALUES ('00000000-0000-0000-0000-000000000001', 'x');
INSERT INTO by_small VALUES (1, 'x');
SELECT thumbexif_enqueue(1);
SELECT thumbexif_retry();
SELECT thumbexif_enqueue('00000000-0000-0000-0000-000000000001', 'by_uuid'), thumbexif_retry('00000000-0000-0000-0000-000000000001'::uuid, 'by_uuid');
SELECT thumbexif_enqueue(1, 'by_uuid');
SELECT thumbexif_enqueue(1, 'by_small');
SELECT thumbexif_enqueue(70000, 'by_small');
-- a row deleted while triggers were off
SET session_replication_role = replica;
DELETE FROM by_small;
RESET session_replication_role;
SELECT thumbexif_enqueue(1, 'by_small');

-- only the owner, who needs no rights on our tables
CREATE ROLE queue_owner;
CREATE ROLE queue_other;
ALTER TABLE by_uuid OWNER TO queue_owner;
GRANT SELECT, INSERT, DELETE ON by_uuid TO queue_other;
SET ROLE queue_owner;
SELECT thumbexif_enqueue('00000000-0000-0000-0000-000000000001', 'by_uuid');
RESET ROLE;
GRANT EXECUTE ON FUNCTION thumbexif_enqueue(text, regclass), thumbexif_retry(text, regclass), thumbexif_retry(thumbexif_internal.thumbexif_asset_status, regclass)
	TO queue_owner, queue_other;
SET ROLE queue_owner;
SELECT thumbexif_enqueue('00000000-0000-0000-0000-000000000001', 'by_uuid'), thumbexif_retry(relation => 'by_uuid');
SET ROLE queue_other;
SELECT thumbexif_enqueue('00000000-0000-0000-0000-000000000001', 'by_uuid');
SELECT thumbexif_retry('00000000-0000-0000-0000-000000000001', 'by_uuid');
SELECT thumbexif_retry(relation => 'by_uuid');
RESET ROLE;
-- who may update one column may
GRANT UPDATE (path) ON by_uuid TO queue_other;
SET ROLE queue_other;
SELECT thumbexif_enqueue('00000000-0000-0000-0000-000000000001', 'by_uuid'), thumbexif_retry(relation => 'by_uuid');
RESET ROLE;

DROP TABLE image_assets, by_uuid, by_small;
REVOKE EXECUTE ON FUNCTION thumbexif_enqueue(text, regclass), thumbexif_retry(text, regclass), thumbexif_retry(thumbexif_internal.thumbexif_asset_status, regclass)
	FROM queue_owner, queue_other;
DROP ROLE queue_owner, queue_other;
DELETE FROM thumbexif_internal.thumbexif_dropped;
