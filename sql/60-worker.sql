-- The background worker: its activity, and pausing it.

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
           a.decoders, a.decoders_lost, a.started, a.last_error, a.note, NULL::pg_catalog.text AS node
    FROM thumbexif_internal.thumbexif_activity() AS a
    UNION ALL
    SELECT n.pid, n.database, n.kind, n.state, n.relation, n.assets, n.in_hand, n.total, n.done, n.failed,
           n.decoders, n.decoders_lost, n.started, n.last_error, n.note, n.node
    FROM thumbexif_internal.thumbexif_node_activity() AS n;
COMMENT ON VIEW @extschema@.thumbexif_workers IS
    'activity of launcher, background workers and procedures, and sessions with decoders, in all databases, or why there is no worker';
COMMENT ON COLUMN @extschema@.thumbexif_workers.pid IS 'process ID; NULL if there is no process';
COMMENT ON COLUMN @extschema@.thumbexif_workers.database IS 'database of the process';
COMMENT ON COLUMN @extschema@.thumbexif_workers.kind IS 'launcher, worker, backfill or session';
COMMENT ON COLUMN @extschema@.thumbexif_workers.state IS
    'running, starting, working, idle, or waiting while there is trouble; without a process: asleep, queued, backoff, paused, standby or off';
COMMENT ON COLUMN @extschema@.thumbexif_workers.relation IS 'table being processed, if it is in this database';
COMMENT ON COLUMN @extschema@.thumbexif_workers.assets IS 'keys of assets being processed, at most 32';
COMMENT ON COLUMN @extschema@.thumbexif_workers.in_hand IS 'number of assets being processed';
COMMENT ON COLUMN @extschema@.thumbexif_workers.total IS 'number of assets that a backfill found at its start';
COMMENT ON COLUMN @extschema@.thumbexif_workers.done IS 'assets finished since the start, including failures';
COMMENT ON COLUMN @extschema@.thumbexif_workers.failed IS 'assets that failed since the start';
COMMENT ON COLUMN @extschema@.thumbexif_workers.decoders IS 'number of decoder processes';
COMMENT ON COLUMN @extschema@.thumbexif_workers.decoders_lost IS 'number of decoder processes that died or were killed, and were replaced';
COMMENT ON COLUMN @extschema@.thumbexif_workers.started IS 'start time';
COMMENT ON COLUMN @extschema@.thumbexif_workers.last_error IS 'last error, until the same operation succeeds';
COMMENT ON COLUMN @extschema@.thumbexif_workers.note IS 'why there is no worker, and how to change that';
COMMENT ON COLUMN @extschema@.thumbexif_workers.node IS 'node of a Citus cluster, on its coordinator; NULL: this server';
GRANT SELECT ON @extschema@.thumbexif_workers TO pg_monitor;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_pause(relation pg_catalog.regclass DEFAULT NULL)
    RETURNS pg_catalog.int8
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_pause';
COMMENT ON FUNCTION @extschema@.thumbexif_pause(pg_catalog.regclass) IS
    'pause the background worker for this table (NULL: every attached table) until thumbexif_resume(); returns the number of tables that were not paused before';
REVOKE ALL ON FUNCTION @extschema@.thumbexif_pause(pg_catalog.regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_resume(relation pg_catalog.regclass DEFAULT NULL)
    RETURNS pg_catalog.int8
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_resume';
COMMENT ON FUNCTION @extschema@.thumbexif_resume(pg_catalog.regclass) IS
    'resume the background worker for this table (NULL: every attached table); returns the number of tables that were paused before';
REVOKE ALL ON FUNCTION @extschema@.thumbexif_resume(pg_catalog.regclass) FROM PUBLIC;
