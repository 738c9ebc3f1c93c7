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

-- thumbexif_attach() has other parameters: keep the rights that were granted on it.
CREATE FUNCTION @extschema@.thumbexif_attach(relation pg_catalog.text DEFAULT 'image_assets', id pg_catalog.text DEFAULT NULL,
    path pg_catalog.text DEFAULT NULL, thumbnail_path pg_catalog.text DEFAULT NULL, width pg_catalog.text DEFAULT NULL,
    height pg_catalog.text DEFAULT NULL, taken_at pg_catalog.text DEFAULT NULL, camera_make pg_catalog.text DEFAULT NULL,
    camera_model pg_catalog.text DEFAULT NULL, gps_latitude pg_catalog.text DEFAULT NULL, gps_longitude pg_catalog.text DEFAULT NULL,
    exif_metadata pg_catalog.text DEFAULT NULL, create_table boolean DEFAULT false, notify pg_catalog.text DEFAULT NULL,
    thumbhash pg_catalog.text DEFAULT NULL, taken_at_local pg_catalog.text DEFAULT NULL, taken_at_offset pg_catalog.text DEFAULT NULL, taken_at_offset_source pg_catalog.text DEFAULT NULL, iso pg_catalog.text DEFAULT NULL, f_number pg_catalog.text DEFAULT NULL, exposure_time pg_catalog.text DEFAULT NULL,
    focal_length pg_catalog.text DEFAULT NULL, focal_length_35mm pg_catalog.text DEFAULT NULL, lens pg_catalog.text DEFAULT NULL, orientation pg_catalog.text DEFAULT NULL, altitude pg_catalog.text DEFAULT NULL, direction pg_catalog.text DEFAULT NULL, rating pg_catalog.text DEFAULT NULL,
    title pg_catalog.text DEFAULT NULL, description pg_catalog.text DEFAULT NULL, keywords pg_catalog.text DEFAULT NULL, format pg_catalog.text DEFAULT NULL, file_size pg_catalog.text DEFAULT NULL, file_hash pg_catalog.text DEFAULT NULL, picture_hash pg_catalog.text DEFAULT NULL, facts boolean DEFAULT NULL,
    thumbnail pg_catalog.text DEFAULT NULL, thumbnail_sizes pg_catalog.text DEFAULT NULL)
    RETURNS pg_catalog.regclass LANGUAGE c AS 'MODULE_PATHNAME', 'thumbexif_attach';
CREATE FUNCTION thumbexif_internal.thumbexif_move_rights(old pg_catalog.regprocedure, new pg_catalog.regprocedure)
    RETURNS pg_catalog.void LANGUAGE c AS 'MODULE_PATHNAME', 'thumbexif_move_rights';
SELECT thumbexif_internal.thumbexif_move_rights(
    '@extschema@.thumbexif_attach(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text)'::pg_catalog.regprocedure,
    '@extschema@.thumbexif_attach(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, boolean, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, boolean, pg_catalog.text, pg_catalog.text)'::pg_catalog.regprocedure);
DROP FUNCTION @extschema@.thumbexif_attach(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text);

-- The rows that these return have more columns: replace them, and keep the rights that were granted on them.
ALTER FUNCTION @extschema@.thumbexif_info(pg_catalog.text) SET SCHEMA thumbexif_internal;
ALTER FUNCTION @extschema@.thumbexif_info(pg_catalog.bytea) SET SCHEMA thumbexif_internal;
ALTER FUNCTION @extschema@.thumbexif_process(bigint, pg_catalog.regclass, boolean) SET SCHEMA thumbexif_internal;
ALTER FUNCTION @extschema@.thumbexif_process(pg_catalog.uuid, pg_catalog.regclass, boolean) SET SCHEMA thumbexif_internal;
ALTER FUNCTION @extschema@.thumbexif_process(pg_catalog.text, pg_catalog.regclass, boolean) SET SCHEMA thumbexif_internal;
CREATE FUNCTION @extschema@.thumbexif_info(path pg_catalog.text,
    OUT format pg_catalog.text, OUT width integer, OUT height integer, OUT taken_at pg_catalog.timestamptz,
    OUT camera_make pg_catalog.text, OUT camera_model pg_catalog.text, OUT gps_latitude double precision, OUT gps_longitude double precision,
    OUT exif_metadata pg_catalog.jsonb,
    OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
    OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
    OUT exposure_time double precision, OUT focal_length double precision,
    OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
    OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
    OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT file_size bigint,
    OUT file_hash pg_catalog.bytea, OUT picture_hash bigint)
    LANGUAGE c AS 'MODULE_PATHNAME', 'thumbexif_info_path';
CREATE FUNCTION @extschema@.thumbexif_info(image pg_catalog.bytea,
    OUT format pg_catalog.text, OUT width integer, OUT height integer, OUT taken_at pg_catalog.timestamptz,
    OUT camera_make pg_catalog.text, OUT camera_model pg_catalog.text, OUT gps_latitude double precision, OUT gps_longitude double precision,
    OUT exif_metadata pg_catalog.jsonb,
    OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
    OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
    OUT exposure_time double precision, OUT focal_length double precision,
    OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
    OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
    OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT file_size bigint,
    OUT file_hash pg_catalog.bytea, OUT picture_hash bigint)
    LANGUAGE c AS 'MODULE_PATHNAME', 'thumbexif_info_bytes';
CREATE FUNCTION @extschema@.thumbexif_process(id bigint, relation pg_catalog.regclass DEFAULT NULL, force boolean DEFAULT false,
    OUT status pg_catalog.text, OUT error pg_catalog.text, OUT exif_error pg_catalog.text, OUT thumbnail_path pg_catalog.text,
    OUT width integer, OUT height integer, OUT taken_at pg_catalog.timestamptz, OUT camera_make pg_catalog.text, OUT camera_model pg_catalog.text,
    OUT gps_latitude double precision, OUT gps_longitude double precision, OUT damage pg_catalog.text,
    OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
    OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
    OUT exposure_time double precision, OUT focal_length double precision,
    OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
    OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
    OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT format pg_catalog.text,
    OUT file_size bigint, OUT file_hash pg_catalog.bytea, OUT picture_hash bigint)
    LANGUAGE c AS 'MODULE_PATHNAME', 'thumbexif_process_bigint';
CREATE FUNCTION @extschema@.thumbexif_process(id pg_catalog.uuid, relation pg_catalog.regclass DEFAULT NULL, force boolean DEFAULT false,
    OUT status pg_catalog.text, OUT error pg_catalog.text, OUT exif_error pg_catalog.text, OUT thumbnail_path pg_catalog.text,
    OUT width integer, OUT height integer, OUT taken_at pg_catalog.timestamptz, OUT camera_make pg_catalog.text, OUT camera_model pg_catalog.text,
    OUT gps_latitude double precision, OUT gps_longitude double precision, OUT damage pg_catalog.text,
    OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
    OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
    OUT exposure_time double precision, OUT focal_length double precision,
    OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
    OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
    OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT format pg_catalog.text,
    OUT file_size bigint, OUT file_hash pg_catalog.bytea, OUT picture_hash bigint)
    LANGUAGE c AS 'MODULE_PATHNAME', 'thumbexif_process_uuid';
CREATE FUNCTION @extschema@.thumbexif_process(id pg_catalog.text, relation pg_catalog.regclass DEFAULT NULL, force boolean DEFAULT false,
    OUT status pg_catalog.text, OUT error pg_catalog.text, OUT exif_error pg_catalog.text, OUT thumbnail_path pg_catalog.text,
    OUT width integer, OUT height integer, OUT taken_at pg_catalog.timestamptz, OUT camera_make pg_catalog.text, OUT camera_model pg_catalog.text,
    OUT gps_latitude double precision, OUT gps_longitude double precision, OUT damage pg_catalog.text,
    OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
    OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
    OUT exposure_time double precision, OUT focal_length double precision,
    OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
    OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
    OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT format pg_catalog.text,
    OUT file_size bigint, OUT file_hash pg_catalog.bytea, OUT picture_hash bigint)
    LANGUAGE c AS 'MODULE_PATHNAME', 'thumbexif_process_text';
SELECT thumbexif_internal.thumbexif_move_rights('thumbexif_internal.thumbexif_info(pg_catalog.text)'::pg_catalog.regprocedure,
    '@extschema@.thumbexif_info(pg_catalog.text)'::pg_catalog.regprocedure);
SELECT thumbexif_internal.thumbexif_move_rights('thumbexif_internal.thumbexif_info(pg_catalog.bytea)'::pg_catalog.regprocedure,
    '@extschema@.thumbexif_info(pg_catalog.bytea)'::pg_catalog.regprocedure);
SELECT thumbexif_internal.thumbexif_move_rights('thumbexif_internal.thumbexif_process(bigint, pg_catalog.regclass, boolean)'::pg_catalog.regprocedure,
    '@extschema@.thumbexif_process(bigint, pg_catalog.regclass, boolean)'::pg_catalog.regprocedure);
SELECT thumbexif_internal.thumbexif_move_rights('thumbexif_internal.thumbexif_process(pg_catalog.uuid, pg_catalog.regclass, boolean)'::pg_catalog.regprocedure,
    '@extschema@.thumbexif_process(pg_catalog.uuid, pg_catalog.regclass, boolean)'::pg_catalog.regprocedure);
SELECT thumbexif_internal.thumbexif_move_rights('thumbexif_internal.thumbexif_process(pg_catalog.text, pg_catalog.regclass, boolean)'::pg_catalog.regprocedure,
    '@extschema@.thumbexif_process(pg_catalog.text, pg_catalog.regclass, boolean)'::pg_catalog.regprocedure);
DROP FUNCTION thumbexif_internal.thumbexif_info(pg_catalog.text);
DROP FUNCTION thumbexif_internal.thumbexif_info(pg_catalog.bytea);
DROP FUNCTION thumbexif_internal.thumbexif_process(bigint, pg_catalog.regclass, boolean);
DROP FUNCTION thumbexif_internal.thumbexif_process(pg_catalog.uuid, pg_catalog.regclass, boolean);
DROP FUNCTION thumbexif_internal.thumbexif_process(pg_catalog.text, pg_catalog.regclass, boolean);
DROP FUNCTION thumbexif_internal.thumbexif_move_rights(pg_catalog.regprocedure, pg_catalog.regprocedure);

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
