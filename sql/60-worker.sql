-- The background worker: what it is doing, and how to make it stop for a while.

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_activity(
    OUT pid pg_catalog.int4, OUT database pg_catalog.name, OUT kind pg_catalog.text, OUT state pg_catalog.text,
    OUT relation pg_catalog.regclass, OUT assets pg_catalog.text[], OUT in_hand pg_catalog.int4,
    OUT total pg_catalog.int8, OUT done pg_catalog.int8, OUT failed pg_catalog.int8,
    OUT decoders pg_catalog.int4, OUT decoders_lost pg_catalog.int8, OUT started pg_catalog.timestamptz,
    OUT last_error pg_catalog.text, OUT note pg_catalog.text)
    RETURNS SETOF pg_catalog.record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10 ROWS 10
    AS 'MODULE_PATHNAME', 'thumbexif_activity';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_activity() IS 'what view thumbexif_workers shows';

CREATE OR REPLACE VIEW @extschema@.thumbexif_workers AS
    SELECT a.pid, a.database, a.kind, a.state, a.relation, a.assets, a.in_hand, a.total, a.done, a.failed,
           a.decoders, a.decoders_lost, a.started, a.last_error, a.note
    FROM thumbexif_internal.thumbexif_activity() AS a;
COMMENT ON VIEW @extschema@.thumbexif_workers IS
    'who works on what: launcher, background workers and backfills of all databases, or why there is no worker';
COMMENT ON COLUMN @extschema@.thumbexif_workers.pid IS 'process; NULL if there is none';
COMMENT ON COLUMN @extschema@.thumbexif_workers.database IS 'the database it works in';
COMMENT ON COLUMN @extschema@.thumbexif_workers.kind IS 'launcher, worker, backfill or session';
COMMENT ON COLUMN @extschema@.thumbexif_workers.state IS
    'running, starting, working, idle, or waiting for trouble to end; without a process: asleep, queued, backoff, paused, standby or off';
COMMENT ON COLUMN @extschema@.thumbexif_workers.relation IS 'the table it works on, if that is in this database';
COMMENT ON COLUMN @extschema@.thumbexif_workers.assets IS 'keys of assets it has in hand, at most 32';
COMMENT ON COLUMN @extschema@.thumbexif_workers.in_hand IS 'assets it has in hand';
COMMENT ON COLUMN @extschema@.thumbexif_workers.total IS 'assets a backfill had before it when it started';
COMMENT ON COLUMN @extschema@.thumbexif_workers.done IS 'assets finished since the start, failures included';
COMMENT ON COLUMN @extschema@.thumbexif_workers.failed IS 'assets of those that failed';
COMMENT ON COLUMN @extschema@.thumbexif_workers.decoders IS 'decoder processes it runs';
COMMENT ON COLUMN @extschema@.thumbexif_workers.decoders_lost IS 'decoder processes that were killed or died, and were replaced';
COMMENT ON COLUMN @extschema@.thumbexif_workers.started IS 'when it started';
COMMENT ON COLUMN @extschema@.thumbexif_workers.last_error IS 'what went wrong last and has not gone well since';
COMMENT ON COLUMN @extschema@.thumbexif_workers.note IS 'why there is no worker, and what to do about it';
GRANT SELECT ON @extschema@.thumbexif_workers TO pg_monitor;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_pause(relation pg_catalog.regclass DEFAULT NULL)
    RETURNS pg_catalog.int8
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_pause';
COMMENT ON FUNCTION @extschema@.thumbexif_pause(pg_catalog.regclass) IS
    'the background worker leaves this table alone (NULL: every attached table) until thumbexif_resume; returns how many tables that changes';
REVOKE ALL ON FUNCTION @extschema@.thumbexif_pause(pg_catalog.regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_resume(relation pg_catalog.regclass DEFAULT NULL)
    RETURNS pg_catalog.int8
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_resume';
COMMENT ON FUNCTION @extschema@.thumbexif_resume(pg_catalog.regclass) IS
    'the background worker works on this table again (NULL: on every attached table); returns how many tables that changes';
REVOKE ALL ON FUNCTION @extschema@.thumbexif_resume(pg_catalog.regclass) FROM PUBLIC;
