-- Views: number of assets, progress and failures.

-- Each view is based on a function in C, which reads our state with the extension owner's rights and runs no code of
-- other roles.  EXECUTE on these functions stays granted to PUBLIC, since USAGE on their schema is not: to read a view,
-- a role needs SELECT on the view only.

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_status_rows(
    OUT relation pg_catalog.regclass, OUT status pg_catalog.text, OUT assets pg_catalog.int8)
    RETURNS SETOF pg_catalog.record
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 100000 ROWS 10
    AS 'MODULE_PATHNAME', 'thumbexif_status_rows';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_status_rows() IS 'rows of view thumbexif_status';

CREATE OR REPLACE VIEW @extschema@.thumbexif_status AS
    SELECT r.relation, r.status, r.assets FROM thumbexif_internal.thumbexif_status_rows() AS r;
COMMENT ON VIEW @extschema@.thumbexif_status IS 'number of assets of each attached table by status';
COMMENT ON COLUMN @extschema@.thumbexif_status.relation IS 'attached table';
COMMENT ON COLUMN @extschema@.thumbexif_status.status IS 'new, queued, running, done, failed, missing or unsupported';
COMMENT ON COLUMN @extschema@.thumbexif_status.assets IS 'number of assets; statuses without assets are omitted';
GRANT SELECT ON @extschema@.thumbexif_status TO pg_monitor;

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_progress_rows(
    OUT relation pg_catalog.regclass, OUT total pg_catalog.int8, OUT done pg_catalog.int8, OUT failed pg_catalog.int8,
    OUT remaining pg_catalog.int8, OUT rate pg_catalog.numeric, OUT time_left pg_catalog.interval, OUT stale pg_catalog.int8)
    RETURNS SETOF pg_catalog.record
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 100000 ROWS 10
    AS 'MODULE_PATHNAME', 'thumbexif_progress_rows';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_progress_rows() IS 'rows of view thumbexif_progress';

CREATE OR REPLACE VIEW @extschema@.thumbexif_progress AS
    SELECT r.relation, r.total, r.done, r.failed, r.remaining, r.rate, r.time_left, r.stale
    FROM thumbexif_internal.thumbexif_progress_rows() AS r;
COMMENT ON VIEW @extschema@.thumbexif_progress IS 'progress of each attached table, with an estimate of the time left';
COMMENT ON COLUMN @extschema@.thumbexif_progress.relation IS 'attached table';
COMMENT ON COLUMN @extschema@.thumbexif_progress.total IS 'rows of the table; an estimate if it was large when it was attached, was restored, or got many rows without triggers, and no backfill has ended since';
COMMENT ON COLUMN @extschema@.thumbexif_progress.done IS 'assets with status done';
COMMENT ON COLUMN @extschema@.thumbexif_progress.failed IS 'assets with status failed, missing or unsupported';
COMMENT ON COLUMN @extschema@.thumbexif_progress.remaining IS 'assets with status new, queued or running';
COMMENT ON COLUMN @extschema@.thumbexif_progress.rate IS 'assets finished per second, averaged over the last two minutes; NULL if none was finished';
COMMENT ON COLUMN @extschema@.thumbexif_progress.time_left IS 'estimated time until all are done, at that rate; NULL if unknown';
COMMENT ON COLUMN @extschema@.thumbexif_progress.stale IS 'of the done ones, those made with other settings than the current ones of this session; files that have changed are not counted';
GRANT SELECT ON @extschema@.thumbexif_progress TO pg_monitor;

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_failure_rows(
    OUT relation pg_catalog.regclass, OUT id pg_catalog.text, OUT path pg_catalog.text, OUT status pg_catalog.text,
    OUT error pg_catalog.text, OUT attempts pg_catalog.int2, OUT next_try pg_catalog.timestamptz)
    RETURNS SETOF pg_catalog.record
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 10000 ROWS 1000
    AS 'MODULE_PATHNAME', 'thumbexif_failure_rows';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_failure_rows() IS
    'rows of view thumbexif_failures, for tables all of whose rows the current user may see';

CREATE OR REPLACE VIEW @extschema@.thumbexif_failures AS
    SELECT r.relation, r.id, r.path, r.status, r.error, r.attempts, r.next_try
    FROM thumbexif_internal.thumbexif_failure_rows() AS r
    UNION ALL
    SELECT n.relation, n.id, n.path, n.status, n.error, n.attempts, n.next_try
    FROM thumbexif_internal.thumbexif_node_failures() AS n;
COMMENT ON VIEW @extschema@.thumbexif_failures IS
    'assets that failed and why, including those to be tried again and damaged images that are shown, for tables all of whose rows the current user may see';
COMMENT ON COLUMN @extschema@.thumbexif_failures.relation IS 'attached table';
COMMENT ON COLUMN @extschema@.thumbexif_failures.id IS 'key of the asset';
COMMENT ON COLUMN @extschema@.thumbexif_failures.path IS 'path when it failed, or was shown';
COMMENT ON COLUMN @extschema@.thumbexif_failures.status IS 'failed, missing or unsupported; queued or running if it is being tried again; done if the image is damaged and its thumbnail shows what is left';
COMMENT ON COLUMN @extschema@.thumbexif_failures.error IS 'why it failed, or how the image is damaged';
COMMENT ON COLUMN @extschema@.thumbexif_failures.attempts IS 'number of attempts';
COMMENT ON COLUMN @extschema@.thumbexif_failures.next_try IS 'earliest time of the next try';
