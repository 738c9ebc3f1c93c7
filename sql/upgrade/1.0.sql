-- Upgrade from 1.0: moves its internal objects from the extension's schema to thumbexif_internal.  Parts of the install
-- script follow this one, so that an upgraded and a fresh installation have the same catalog.

-- Dropped first, since it would search for tables that are being moved.
DROP EVENT TRIGGER thumbexif_drop;

ALTER TYPE @extschema@.thumbexif_asset_status SET SCHEMA thumbexif_internal;
ALTER SEQUENCE @extschema@.thumbexif_attachment_seq SET SCHEMA thumbexif_internal;
ALTER SEQUENCE @extschema@.thumbexif_claim_seq SET SCHEMA thumbexif_internal;
ALTER TABLE @extschema@.thumbexif_attachment SET SCHEMA thumbexif_internal;
ALTER TABLE @extschema@.thumbexif_asset SET SCHEMA thumbexif_internal;
ALTER TABLE @extschema@.thumbexif_asset_bigint SET SCHEMA thumbexif_internal;
ALTER TABLE @extschema@.thumbexif_asset_uuid SET SCHEMA thumbexif_internal;
ALTER TABLE @extschema@.thumbexif_removal SET SCHEMA thumbexif_internal;
ALTER TABLE @extschema@.thumbexif_dropped SET SCHEMA thumbexif_internal;
ALTER TABLE @extschema@.thumbexif_root SET SCHEMA thumbexif_internal;
ALTER FUNCTION @extschema@.thumbexif_track() SET SCHEMA thumbexif_internal;
ALTER FUNCTION @extschema@.thumbexif_track_drop() SET SCHEMA thumbexif_internal;

-- These functions are dropped.  The views that call them keep the privileges that were granted on them, and are
-- replaced below.
CREATE OR REPLACE VIEW @extschema@.thumbexif_status AS
    SELECT NULL::pg_catalog.regclass AS relation, NULL::pg_catalog.text AS status, NULL::bigint AS assets;
ALTER VIEW @extschema@.thumbexif_progress RENAME COLUMN "left" TO remaining;	-- "left" needs quotes
CREATE OR REPLACE VIEW @extschema@.thumbexif_progress AS
    SELECT NULL::pg_catalog.regclass AS relation, NULL::bigint AS total, NULL::bigint AS done, NULL::bigint AS failed,
           NULL::bigint AS remaining, NULL::pg_catalog.numeric AS rate, NULL::pg_catalog.interval AS time_left;
CREATE OR REPLACE VIEW @extschema@.thumbexif_workers AS
    SELECT NULL::integer AS pid, NULL::pg_catalog.name AS database, NULL::pg_catalog.text AS kind, NULL::pg_catalog.text AS state,
           NULL::pg_catalog.regclass AS relation, NULL::pg_catalog.text[] AS assets, NULL::integer AS in_hand, NULL::bigint AS total,
           NULL::bigint AS done, NULL::bigint AS failed, NULL::integer AS decoders, NULL::bigint AS decoders_lost,
           NULL::pg_catalog.timestamptz AS started, NULL::pg_catalog.text AS last_error, NULL::pg_catalog.text AS note;
ALTER VIEW @extschema@.thumbexif_failures RESET (security_barrier);
DROP FUNCTION @extschema@.thumbexif_rows(pg_catalog.regclass);
DROP FUNCTION @extschema@.thumbexif_activity();

-- Code of tables that 1.0 attached runs with search_path pg_catalog, as before, until they are attached again.
ALTER TABLE thumbexif_internal.thumbexif_attachment ADD COLUMN search_path pg_catalog.text, ADD COLUMN search_path_owner pg_catalog.name,
    ADD COLUMN notify pg_catalog.text;
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.search_path IS
    'search_path of the session that attached the table, under which the table''s own code runs';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.search_path_owner IS
    'owner of the table at that time: under another owner search_path does not count';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.notify IS 'channel that is notified when assets are finished';

-- States of tables with a kind of key that 1.0 did not take.
CREATE TABLE thumbexif_internal.thumbexif_asset_text (id pg_catalog.text COLLATE pg_catalog."C" NOT NULL, PRIMARY KEY (attachment, id))
    INHERITS (thumbexif_internal.thumbexif_asset) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE thumbexif_internal.thumbexif_asset_text IS 'state of each asset of tables with text or varchar keys';

-- Rows that large statements have inserted, and whose assets are not queued yet: they have no state.
CREATE TABLE thumbexif_internal.thumbexif_inserted_range
(
    number     bigint GENERATED ALWAYS AS IDENTITY,
    attachment integer  NOT NULL,
    lowest     bigint   NOT NULL,                     -- key
    highest    bigint   NOT NULL,
    next_try   pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),
    tries      smallint NOT NULL DEFAULT 0,           -- how often it was put off, since others had locked its keys
    PRIMARY KEY (attachment, number)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE thumbexif_internal.thumbexif_inserted_range IS
    'ranges of integer keys that large statements have inserted, for the worker to queue their assets piece by piece';

-- Parameters or rows of these functions have changed: they are replaced below, and dropped at the end, when their rights have been granted on those (1.0-end.sql).
ALTER FUNCTION @extschema@.thumbexif_attach(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text) SET SCHEMA thumbexif_internal;
ALTER FUNCTION @extschema@.thumbexif_info(pg_catalog.text) SET SCHEMA thumbexif_internal;
ALTER FUNCTION @extschema@.thumbexif_info(pg_catalog.bytea) SET SCHEMA thumbexif_internal;
ALTER FUNCTION @extschema@.thumbexif_process(bigint, pg_catalog.regclass, boolean) SET SCHEMA thumbexif_internal;
ALTER FUNCTION @extschema@.thumbexif_process(pg_catalog.uuid, pg_catalog.regclass, boolean) SET SCHEMA thumbexif_internal;
ALTER FUNCTION @extschema@.thumbexif_process(pg_catalog.text, pg_catalog.regclass, boolean) SET SCHEMA thumbexif_internal;

-- There are more columns than smallint has bits.  The bit that is none of a column's becomes bit 62.
ALTER TABLE thumbexif_internal.thumbexif_asset ALTER COLUMN wrote DROP DEFAULT, ALTER COLUMN wrote TYPE bigint, ALTER COLUMN wrote SET DEFAULT 0;
UPDATE thumbexif_internal.thumbexif_asset
    SET wrote = wrote OPERATOR(pg_catalog.#) 16384::bigint OPERATOR(pg_catalog.|) 4611686018427387904::bigint
    WHERE (wrote OPERATOR(pg_catalog.&) 16384::bigint) OPERATOR(pg_catalog.<>) 0::bigint;

-- 1.0 did not qualify the names in these, so they may be bound to objects of other roles.  Bind them to pg_catalog.
ALTER TABLE thumbexif_internal.thumbexif_asset
    ALTER COLUMN version SET DEFAULT pg_catalog.pg_current_xact_id()::pg_catalog.text::bigint OPERATOR(pg_catalog.<<) 20;
DROP INDEX thumbexif_internal.thumbexif_asset_bigint_fresh, thumbexif_internal.thumbexif_asset_bigint_again,
    thumbexif_internal.thumbexif_asset_bigint_running, thumbexif_internal.thumbexif_asset_uuid_fresh,
    thumbexif_internal.thumbexif_asset_uuid_again, thumbexif_internal.thumbexif_asset_uuid_running;

-- Comments of sql/10-state.sql that have changed since 1.0.
COMMENT ON TYPE thumbexif_internal.thumbexif_asset_status IS 'status of an asset';
COMMENT ON SEQUENCE thumbexif_internal.thumbexif_attachment_seq IS 'numbers of attachments, which are never reused';
COMMENT ON TABLE thumbexif_internal.thumbexif_attachment IS 'attached tables and the names of their columns';
COMMENT ON TABLE thumbexif_internal.thumbexif_asset IS 'state of each asset: columns common to all key types (rows are in the child tables)';
COMMENT ON SEQUENCE thumbexif_internal.thumbexif_claim_seq IS 'numbers of claims';
COMMENT ON TABLE thumbexif_internal.thumbexif_removal IS 'thumbnail files to unlink after the transaction that listed them is flushed';
COMMENT ON COLUMN thumbexif_internal.thumbexif_removal.file IS 'name below the folder of the attachment';
COMMENT ON TABLE thumbexif_internal.thumbexif_root IS
    'device on which images were last found in each folder of thumbexif.image_roots; another device may mean a lost mount';
