-- View of the attached tables.  It is based on a function in C, as the views in 50-views.sql are.  All may read it, since
-- the function returns to each role what is known of its own tables and of those that it may read.

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_table_rows(
    OUT relation pg_catalog.regclass, OUT columns pg_catalog.jsonb, OUT not_written pg_catalog.text[],
    OUT waiting pg_catalog.int8, OUT command pg_catalog.text, OUT search_path pg_catalog.text,
    OUT paused pg_catalog.bool, OUT pause_reason pg_catalog.text, OUT notify pg_catalog.text,
    OUT thumbnail_sizes pg_catalog.text, OUT tracking pg_catalog.text, OUT swept pg_catalog.timestamptz, OUT sweep_place pg_catalog.text,
    OUT members pg_catalog.regclass[])
    RETURNS SETOF pg_catalog.record
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 100000 ROWS 10
    AS 'MODULE_PATHNAME', 'thumbexif_table_rows';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_table_rows() IS
    'rows of view thumbexif_tables, for tables that the current user owns or may read';

CREATE OR REPLACE VIEW @extschema@.thumbexif_tables AS
    SELECT r.relation, r.columns, r.not_written, r.waiting, r.command, r.search_path, r.paused, r.pause_reason, r.notify, r.thumbnail_sizes,
           r.tracking, r.swept, r.sweep_place, r.members
    FROM thumbexif_internal.thumbexif_table_rows() AS r;
COMMENT ON VIEW @extschema@.thumbexif_tables IS
    'attached tables that the current user owns or may read';
COMMENT ON COLUMN @extschema@.thumbexif_tables.relation IS 'attached table';
COMMENT ON COLUMN @extschema@.thumbexif_tables.columns IS 'parameters of thumbexif_attach() and the columns of the table';
COMMENT ON COLUMN @extschema@.thumbexif_tables.not_written IS 'parameters for which the table has no column, or none was wanted';
COMMENT ON COLUMN @extschema@.thumbexif_tables.waiting IS
    'rows that are not processed yet; may be an estimate for a large table, as in thumbexif_status';
COMMENT ON COLUMN @extschema@.thumbexif_tables.command IS 'the command that processes them; NULL if there are none';
COMMENT ON COLUMN @extschema@.thumbexif_tables.search_path IS
    'search_path of the session that attached the table, without schemas of others: triggers, defaults and index expressions run with it';
COMMENT ON COLUMN @extschema@.thumbexif_tables.paused IS 'whether the background worker leaves the table alone';
COMMENT ON COLUMN @extschema@.thumbexif_tables.pause_reason IS 'why, if nobody paused it';
COMMENT ON COLUMN @extschema@.thumbexif_tables.notify IS 'channel that is notified when assets are finished';
COMMENT ON COLUMN @extschema@.thumbexif_tables.thumbnail_sizes IS 'sizes of its thumbnails; NULL: as thumbexif.thumbnail_sizes says';
COMMENT ON COLUMN @extschema@.thumbexif_tables.tracking IS 'how changes are noticed: triggers, replicated (row triggers that always fire) or sweep (no triggers)';
COMMENT ON COLUMN @extschema@.thumbexif_tables.swept IS 'when the last sweep ended that has read the whole table';
COMMENT ON COLUMN @extschema@.thumbexif_tables.sweep_place IS 'the key that the sweep under way has read last, as it was noted; NULL: none is under way';
COMMENT ON COLUMN @extschema@.thumbexif_tables.members IS 'partitions that are attached with a partitioned table, or shards of a distributed one on this node; NULL: the table has its rows itself';
GRANT SELECT ON @extschema@.thumbexif_tables TO PUBLIC;
