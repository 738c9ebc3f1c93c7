-- CALL thumbexif_process_session(): the assets of one session.
\set VERBOSITY terse
SELECT thumbexif_attach('shots', create_table => true);
INSERT INTO shots (id, path) SELECT i, 'orientation-' || i || '.jpg' FROM generate_series(1, 8) i;
INSERT INTO shots (id, path) VALUES (9, 'text.jpg');
CREATE TABLE training_jobs (session_id integer, asset_id integer);
INSERT INTO training_jobs VALUES (1, 1), (1, 2), (1, 2), (1, NULL), (1, 9), (1, 4711), (2, 3), (2, 1);

CALL thumbexif_process_session(1);
SELECT id FROM shots WHERE width IS NOT NULL ORDER BY id;
-- up to date ones are skipped, a known failure is no success
CALL thumbexif_process_session(1);
CALL thumbexif_process_session(2);
CALL thumbexif_process_session(3);

-- other types of columns, another table, partitioned
CREATE TABLE jobs (session_id uuid, asset_id text) PARTITION BY HASH (session_id);
CREATE TABLE jobs_0 PARTITION OF jobs FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO jobs VALUES ('00000000-0000-0000-0000-000000000001', '4'), ('00000000-0000-0000-0000-000000000001', '04'),
	('00000000-0000-0000-0000-000000000001', '5');
CALL thumbexif_process_session('00000000-0000-0000-0000-000000000001'::uuid, jobs => 'jobs');
CALL thumbexif_process_session('00000000-0000-0000-0000-000000000001'::text, jobs => 'public.jobs');

-- what it refuses
\set VERBOSITY default
CALL thumbexif_process_session(1, jobs => 'jobs');
CALL thumbexif_process_session('x'::text);
CALL thumbexif_process_session(NULL::bigint);
CALL thumbexif_process_session(1, jobs => 'nowhere');
CALL thumbexif_process_session(1, jobs => 'shots');
CREATE VIEW job_view AS SELECT * FROM training_jobs;
CALL thumbexif_process_session(1, jobs => 'job_view');
BEGIN;
CALL thumbexif_process_session(1);
ROLLBACK;

-- the caller must be allowed to read the jobs
CREATE ROLE regress_te_owner;
ALTER TABLE shots OWNER TO regress_te_owner;
GRANT EXECUTE ON PROCEDURE thumbexif_process_session(bigint, regclass, text, bigint, bigint, bigint, bigint) TO regress_te_owner;
SET ROLE regress_te_owner;
CALL thumbexif_process_session(1);
RESET ROLE;
GRANT SELECT (session_id, asset_id) ON training_jobs TO regress_te_owner;
SET ROLE regress_te_owner;
CALL thumbexif_process_session(2);
RESET ROLE;
ALTER TABLE training_jobs ENABLE ROW LEVEL SECURITY;
SET ROLE regress_te_owner;
CALL thumbexif_process_session(2);
RESET ROLE;

DROP VIEW job_view;
DROP TABLE training_jobs, jobs, shots;
DROP OWNED BY regress_te_owner;
DROP ROLE regress_te_owner;
