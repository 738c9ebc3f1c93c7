-- Update from 1.0: move its objects from the extension's schema to thumbexif_internal.  The parts of the install
-- script follow, so that an upgraded and a fresh installation have the same catalog.

-- The event trigger would look for tables that are being moved.
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

-- Drop these functions.  The views that call them stay, with the rights granted on them, and are
-- redefined below.
CREATE OR REPLACE VIEW @extschema@.thumbexif_status AS
    SELECT NULL::pg_catalog.regclass AS relation, NULL::pg_catalog.text AS status, NULL::bigint AS assets;
CREATE OR REPLACE VIEW @extschema@.thumbexif_progress AS
    SELECT NULL::pg_catalog.regclass AS relation, NULL::bigint AS total, NULL::bigint AS done, NULL::bigint AS failed,
           NULL::bigint AS "left", NULL::pg_catalog.numeric AS rate, NULL::pg_catalog.interval AS time_left;
CREATE OR REPLACE VIEW @extschema@.thumbexif_workers AS
    SELECT NULL::integer AS pid, NULL::pg_catalog.name AS database, NULL::pg_catalog.text AS kind, NULL::pg_catalog.text AS state,
           NULL::pg_catalog.regclass AS relation, NULL::pg_catalog.text[] AS assets, NULL::integer AS in_hand, NULL::bigint AS total,
           NULL::bigint AS done, NULL::bigint AS failed, NULL::integer AS decoders, NULL::bigint AS decoders_lost,
           NULL::pg_catalog.timestamptz AS started, NULL::pg_catalog.text AS last_error, NULL::pg_catalog.text AS note;
ALTER VIEW @extschema@.thumbexif_failures RESET (security_barrier);
DROP FUNCTION @extschema@.thumbexif_rows(pg_catalog.regclass);
DROP FUNCTION @extschema@.thumbexif_activity();

COMMENT ON TYPE thumbexif_internal.thumbexif_asset_status IS 'status of an asset';
COMMENT ON SEQUENCE thumbexif_internal.thumbexif_claim_seq IS 'numbers of claims';

-- 1.0 found these names through the search_path; bind them to pg_catalog.
ALTER TABLE thumbexif_internal.thumbexif_asset
    ALTER COLUMN version SET DEFAULT pg_catalog.pg_current_xact_id()::pg_catalog.text::bigint OPERATOR(pg_catalog.<<) 20;
DROP INDEX thumbexif_internal.thumbexif_asset_bigint_fresh, thumbexif_internal.thumbexif_asset_bigint_again,
    thumbexif_internal.thumbexif_asset_bigint_running, thumbexif_internal.thumbexif_asset_uuid_fresh,
    thumbexif_internal.thumbexif_asset_uuid_again, thumbexif_internal.thumbexif_asset_uuid_running;
