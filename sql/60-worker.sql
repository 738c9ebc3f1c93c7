-- The background worker: its activity, pause and resume.

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_activity(
    OUT pid pg_catalog.int4, OUT database pg_catalog.name, OUT kind pg_catalog.text, OUT state pg_catalog.text,
    OUT relation pg_catalog.regclass, OUT assets pg_catalog.text[], OUT in_hand pg_catalog.int4,
    OUT total pg_catalog.int8, OUT done pg_catalog.int8, OUT failed pg_catalog.int8,
    OUT decoders pg_catalog.int4, OUT decoders_lost pg_catalog.int8, OUT started pg_catalog.timestamptz,
    OUT last_error pg_catalog.text, OUT note pg_catalog.text)
    RETURNS SETOF pg_catalog.record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10 ROWS 10
    AS 'MODULE_PATHNAME', 'thumbexif_activity';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_activity() IS 'rows of view thumbexif_workers';

CREATE OR REPLACE VIEW @extschema@.thumbexif_workers AS
    SELECT a.pid, a.database, a.kind, a.state, a.relation, a.assets, a.in_hand, a.total, a.done, a.failed,
           a.decoders, a.decoders_lost, a.started, a.last_error, a.note
    FROM thumbexif_internal.thumbexif_activity() AS a;
COMMENT ON VIEW @extschema@.thumbexif_workers IS
    'launcher, background workers and backfills of all databases, or why there is no worker';
COMMENT ON COLUMN @extschema@.thumbexif_workers.pid IS 'process; NULL if there is none';
COMMENT ON COLUMN @extschema@.thumbexif_workers.database IS 'database of the process';
COMMENT ON COLUMN @extschema@.thumbexif_workers.kind IS 'launcher, worker, backfill or session';
COMMENT ON COLUMN @extschema@.thumbexif_workers.state IS
    'running, starting, working, idle, or waiting for trouble to end; without a process: asleep, queued, backoff, paused, standby or off';
COMMENT ON COLUMN @extschema@.thumbexif_workers.relation IS 'table being processed, if it is in this database';
COMMENT ON COLUMN @extschema@.thumbexif_workers.assets IS 'keys of the assets being processed, at most 32';
COMMENT ON COLUMN @extschema@.thumbexif_workers.in_hand IS 'number of assets being processed';
COMMENT ON COLUMN @extschema@.thumbexif_workers.total IS 'assets to process, as counted when a backfill started';
COMMENT ON COLUMN @extschema@.thumbexif_workers.done IS 'assets finished since the start, including failures';
COMMENT ON COLUMN @extschema@.thumbexif_workers.failed IS 'assets that failed since the start';
COMMENT ON COLUMN @extschema@.thumbexif_workers.decoders IS 'running decoder processes';
COMMENT ON COLUMN @extschema@.thumbexif_workers.decoders_lost IS 'decoder processes that were killed or died, and were replaced';
COMMENT ON COLUMN @extschema@.thumbexif_workers.started IS 'start time';
COMMENT ON COLUMN @extschema@.thumbexif_workers.last_error IS 'last error; NULL once the work succeeds again';
COMMENT ON COLUMN @extschema@.thumbexif_workers.note IS 'reason why there is no worker, and the remedy';
GRANT SELECT ON @extschema@.thumbexif_workers TO pg_monitor;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_pause(relation pg_catalog.regclass DEFAULT NULL)
    RETURNS pg_catalog.int8
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_pause';
COMMENT ON FUNCTION @extschema@.thumbexif_pause(pg_catalog.regclass) IS
    'pause the background worker for a table (NULL: for all attached tables) until thumbexif_resume; returns the number of tables changed';
REVOKE ALL ON FUNCTION @extschema@.thumbexif_pause(pg_catalog.regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_resume(relation pg_catalog.regclass DEFAULT NULL)
    RETURNS pg_catalog.int8
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_resume';
COMMENT ON FUNCTION @extschema@.thumbexif_resume(pg_catalog.regclass) IS
    'resume the background worker for a table (NULL: for all attached tables); returns the number of tables changed';
REVOKE ALL ON FUNCTION @extschema@.thumbexif_resume(pg_catalog.regclass) FROM PUBLIC;
