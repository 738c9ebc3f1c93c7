-- thumbexif_status, thumbexif_progress and thumbexif_failures.
SET client_min_messages = warning;
SELECT * FROM thumbexif_status;
SELECT * FROM thumbexif_progress;
CREATE TABLE old (id int PRIMARY KEY, path text);
INSERT INTO old SELECT g, g FROM generate_series(1, 10) g;
CREATE TABLE by_uuid (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), path text);
SELECT thumbexif_attach('old'), thumbexif_attach('by_uuid');
SELECT * FROM thumbexif_status;
SELECT * FROM thumbexif_progress;

-- counts: rows without a state are new, as are those of which only a part was done
INSERT INTO old SELECT g, g FROM generate_series(11, 20) g;
INSERT INTO by_uuid VALUES ('00000000-0000-0000-0000-000000000001', 'x');
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = (ARRAY['new', 'queued', 'running', 'done', 'done', 'done', 'failed', 'missing', 'unsupported', 'queued'])[id - 10]::thumbexif_internal.thumbexif_asset_status,
	path = 'p' || id, error = CASE WHEN id > 16 THEN 'e' || id END, attempts = id - 10, next_try = CASE WHEN id = 20 THEN timestamptz '2030-01-01 00:00+00' END;
SELECT * FROM thumbexif_status;
SELECT * FROM thumbexif_progress;
SET timezone = 'UTC';
SELECT * FROM thumbexif_failures ORDER BY relation, id;

-- the counts are those of one moment
BEGIN;
DELETE FROM old WHERE id IN (1, 20);
SELECT * FROM thumbexif_status;
ROLLBACK;

-- the rate: 30 assets finished in batches of 10, 10 s apart; the first batch tells when it began
INSERT INTO old SELECT g, g FROM generate_series(21, 60) g;
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'done', finished_at = now() - interval '25 s' WHERE id BETWEEN 21 AND 30;
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'done', finished_at = now() - interval '15 s' WHERE id BETWEEN 31 AND 40;
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'done', finished_at = now() - interval '5 s' WHERE id BETWEEN 41 AND 50;
UPDATE thumbexif_internal.thumbexif_count c SET finished_at = now() + interval '10 s' - interval '10 s' * n
	FROM (SELECT finished_at, row_number() OVER (ORDER BY finished_at DESC) - 1 AS n FROM thumbexif_internal.thumbexif_count WHERE finished_at IS NOT NULL) o WHERE o.finished_at = c.finished_at;
SELECT total, done, failed, remaining, rate, time_left FROM thumbexif_progress WHERE relation = 'old'::regclass;
-- what was finished long ago does not count; after a pause as long as the run, the rate sinks
UPDATE thumbexif_internal.thumbexif_count SET finished_at = finished_at - interval '1 hour' WHERE finished_at = (SELECT min(finished_at) FROM thumbexif_internal.thumbexif_count);
SELECT rate, time_left FROM thumbexif_progress WHERE relation = 'old'::regclass;
UPDATE thumbexif_internal.thumbexif_count SET finished_at = finished_at - interval '40 s' WHERE finished_at > now() - interval '1 minute';
SELECT rate FROM thumbexif_progress WHERE relation = 'old'::regclass;
-- times that are not near now do not count, whatever clock gave them
INSERT INTO thumbexif_internal.thumbexif_count SELECT attachment, NULL, 1000, t, false FROM thumbexif_internal.thumbexif_attachment, (VALUES (timestamptz 'infinity'), ('-infinity'), (now() + interval '1 hour'), (now() - interval '3 minutes')) v (t);
SELECT rate, remaining FROM thumbexif_progress WHERE relation = 'old'::regclass;
-- one batch says nothing yet
UPDATE thumbexif_internal.thumbexif_count SET finished_at = now() WHERE finished_at IS NOT NULL;
SELECT rate, time_left FROM thumbexif_progress WHERE relation = 'old'::regclass;
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'done';
DELETE FROM old WHERE id <= 10;
SELECT remaining, rate, time_left FROM thumbexif_progress WHERE relation = 'old'::regclass;
-- states of rows that went unseen do not count
SET session_replication_role = replica;
DELETE FROM old;
RESET session_replication_role;
SELECT * FROM thumbexif_status;
SELECT * FROM thumbexif_progress;

-- who may see what
CREATE ROLE views_monitor IN ROLE pg_monitor;
CREATE ROLE views_user;
CREATE ROLE views_owner;
INSERT INTO old SELECT g, g FROM generate_series(61, 63) g;
UPDATE thumbexif_internal.thumbexif_asset_bigint SET status = 'failed', error = 'bad' WHERE id > 60;
UPDATE thumbexif_internal.thumbexif_asset_uuid SET status = 'failed', error = 'worse';
SET ROLE views_user;
SELECT * FROM thumbexif_status;
SELECT * FROM thumbexif_progress;
SELECT * FROM thumbexif_failures;
SELECT * FROM thumbexif_internal.thumbexif_status_rows();
SET ROLE views_monitor;
SELECT relation, status, assets FROM thumbexif_status WHERE status = 'failed';
SELECT relation, total, failed FROM thumbexif_progress;
SELECT * FROM thumbexif_internal.thumbexif_status_rows();
SELECT count(*) FROM thumbexif_failures;
SELECT count(*) FROM old;
RESET ROLE;
GRANT SELECT ON thumbexif_failures TO views_user;
GRANT SELECT ON by_uuid TO views_user;
SET ROLE views_user;
SELECT relation, id, path, status, error FROM thumbexif_failures;
RESET ROLE;
ALTER TABLE by_uuid OWNER TO views_owner;
ALTER TABLE by_uuid ENABLE ROW LEVEL SECURITY;
SET ROLE views_user;
SELECT relation, id, path, status, error FROM thumbexif_failures;
-- a leaky function sees nothing of other tables' failures
CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE WARNING 'seen: %', $1; RETURN true; END $$;
SELECT error FROM thumbexif_failures WHERE pg_temp.leak(error);
RESET ROLE;

-- counting runs no code of an owner's, and sees all rows
ALTER TABLE by_uuid FORCE ROW LEVEL SECURITY;
CREATE FUNCTION views_policy() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'as %', current_user; END $$;
CREATE POLICY all_rows ON by_uuid USING (views_policy());
SELECT relation, total FROM thumbexif_progress WHERE relation = 'by_uuid'::regclass;

DROP TABLE old, by_uuid;
DROP FUNCTION views_policy, pg_temp.leak(text);
REVOKE SELECT ON thumbexif_failures FROM views_user;
DROP ROLE views_monitor, views_user, views_owner;
DELETE FROM thumbexif_internal.thumbexif_dropped;
