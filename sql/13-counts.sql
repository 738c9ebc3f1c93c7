-- Counts of assets by status and settings, so that the views need not read whole tables.

-- A transaction that changes states adds what it changed just before it commits: no row is shared by transactions that
-- run at the same time.  Now and then, one of them replaces many rows by their sums.
CREATE TABLE thumbexif_internal.thumbexif_count
(
    attachment  integer NOT NULL,
    status      thumbexif_internal.thumbexif_asset_status,  -- NULL: rows of the attached table; with finished_at, assets finished; with settings, done assets
    assets      bigint  NOT NULL,                           -- may be negative
    finished_at pg_catalog.timestamptz,                     -- kept for some minutes, for the rate
    counted     boolean NOT NULL,                           -- assets is 1: the rows of the attached table were counted once
    -- done assets by the settings they were made with: hashes of both texts of the state, 0 for NULL; otherwise NULL
    thumbnail_settings bigint,
    exif_settings      bigint
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE thumbexif_internal.thumbexif_count IS 'numbers of assets by status and by settings, and of rows of attached tables: to be summed up';

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_count_change(
    old_attachment pg_catalog.int4, old_status thumbexif_internal.thumbexif_asset_status, old_finished_at pg_catalog.timestamptz,
    old_thumbnail_settings pg_catalog.text, old_exif_settings pg_catalog.text,
    new_attachment pg_catalog.int4, new_status thumbexif_internal.thumbexif_asset_status, new_finished_at pg_catalog.timestamptz,
    new_thumbnail_settings pg_catalog.text, new_exif_settings pg_catalog.text)
    RETURNS pg_catalog.bool
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_count_change';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_count_change(pg_catalog.int4, thumbexif_internal.thumbexif_asset_status, pg_catalog.timestamptz, pg_catalog.text, pg_catalog.text, pg_catalog.int4, thumbexif_internal.thumbexif_asset_status, pg_catalog.timestamptz, pg_catalog.text, pg_catalog.text) IS
    'counts a change of a state row (NULL: there is no old or no new row); returns false';
REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_count_change(pg_catalog.int4, thumbexif_internal.thumbexif_asset_status, pg_catalog.timestamptz, pg_catalog.text, pg_catalog.text, pg_catalog.int4, thumbexif_internal.thumbexif_asset_status, pg_catalog.timestamptz, pg_catalog.text, pg_catalog.text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_counted()
    RETURNS pg_catalog.trigger
    LANGUAGE c
    AS 'MODULE_PATHNAME', 'thumbexif_counted';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_counted() IS 'trigger function of state tables, never called: the condition of the triggers counts';
REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_counted() FROM PUBLIC;

-- The condition counts and is never true.  An event that is not queued costs no memory, however many rows a statement
-- changes, and the rows need not be read again.
CREATE TRIGGER thumbexif_count_insert AFTER INSERT ON thumbexif_internal.thumbexif_asset_bigint FOR EACH ROW
    WHEN (thumbexif_internal.thumbexif_count_change(NULL, NULL, NULL, NULL, NULL, NEW.attachment, NEW.status, NEW.finished_at, NEW.thumbnail_settings, NEW.exif_settings))
    EXECUTE FUNCTION thumbexif_internal.thumbexif_counted();
CREATE TRIGGER thumbexif_count_update AFTER UPDATE ON thumbexif_internal.thumbexif_asset_bigint FOR EACH ROW
    WHEN (thumbexif_internal.thumbexif_count_change(OLD.attachment, OLD.status, OLD.finished_at, OLD.thumbnail_settings, OLD.exif_settings,
        NEW.attachment, NEW.status, NEW.finished_at, NEW.thumbnail_settings, NEW.exif_settings))
    EXECUTE FUNCTION thumbexif_internal.thumbexif_counted();
CREATE TRIGGER thumbexif_count_delete AFTER DELETE ON thumbexif_internal.thumbexif_asset_bigint FOR EACH ROW
    WHEN (thumbexif_internal.thumbexif_count_change(OLD.attachment, OLD.status, OLD.finished_at, OLD.thumbnail_settings, OLD.exif_settings, NULL, NULL, NULL, NULL, NULL))
    EXECUTE FUNCTION thumbexif_internal.thumbexif_counted();
CREATE TRIGGER thumbexif_count_insert AFTER INSERT ON thumbexif_internal.thumbexif_asset_uuid FOR EACH ROW
    WHEN (thumbexif_internal.thumbexif_count_change(NULL, NULL, NULL, NULL, NULL, NEW.attachment, NEW.status, NEW.finished_at, NEW.thumbnail_settings, NEW.exif_settings))
    EXECUTE FUNCTION thumbexif_internal.thumbexif_counted();
CREATE TRIGGER thumbexif_count_update AFTER UPDATE ON thumbexif_internal.thumbexif_asset_uuid FOR EACH ROW
    WHEN (thumbexif_internal.thumbexif_count_change(OLD.attachment, OLD.status, OLD.finished_at, OLD.thumbnail_settings, OLD.exif_settings,
        NEW.attachment, NEW.status, NEW.finished_at, NEW.thumbnail_settings, NEW.exif_settings))
    EXECUTE FUNCTION thumbexif_internal.thumbexif_counted();
CREATE TRIGGER thumbexif_count_delete AFTER DELETE ON thumbexif_internal.thumbexif_asset_uuid FOR EACH ROW
    WHEN (thumbexif_internal.thumbexif_count_change(OLD.attachment, OLD.status, OLD.finished_at, OLD.thumbnail_settings, OLD.exif_settings, NULL, NULL, NULL, NULL, NULL))
    EXECUTE FUNCTION thumbexif_internal.thumbexif_counted();
CREATE TRIGGER thumbexif_count_insert AFTER INSERT ON thumbexif_internal.thumbexif_asset_text FOR EACH ROW
    WHEN (thumbexif_internal.thumbexif_count_change(NULL, NULL, NULL, NULL, NULL, NEW.attachment, NEW.status, NEW.finished_at, NEW.thumbnail_settings, NEW.exif_settings))
    EXECUTE FUNCTION thumbexif_internal.thumbexif_counted();
CREATE TRIGGER thumbexif_count_update AFTER UPDATE ON thumbexif_internal.thumbexif_asset_text FOR EACH ROW
    WHEN (thumbexif_internal.thumbexif_count_change(OLD.attachment, OLD.status, OLD.finished_at, OLD.thumbnail_settings, OLD.exif_settings,
        NEW.attachment, NEW.status, NEW.finished_at, NEW.thumbnail_settings, NEW.exif_settings))
    EXECUTE FUNCTION thumbexif_internal.thumbexif_counted();
CREATE TRIGGER thumbexif_count_delete AFTER DELETE ON thumbexif_internal.thumbexif_asset_text FOR EACH ROW
    WHEN (thumbexif_internal.thumbexif_count_change(OLD.attachment, OLD.status, OLD.finished_at, OLD.thumbnail_settings, OLD.exif_settings, NULL, NULL, NULL, NULL, NULL))
    EXECUTE FUNCTION thumbexif_internal.thumbexif_counted();

-- Always: the trigger of a replicated table writes states in the process that applies the changes, and a restore may load them with
-- session_replication_role = replica.
ALTER TABLE thumbexif_internal.thumbexif_asset_bigint ENABLE ALWAYS TRIGGER thumbexif_count_insert,
    ENABLE ALWAYS TRIGGER thumbexif_count_update, ENABLE ALWAYS TRIGGER thumbexif_count_delete;
ALTER TABLE thumbexif_internal.thumbexif_asset_uuid ENABLE ALWAYS TRIGGER thumbexif_count_insert,
    ENABLE ALWAYS TRIGGER thumbexif_count_update, ENABLE ALWAYS TRIGGER thumbexif_count_delete;
ALTER TABLE thumbexif_internal.thumbexif_asset_text ENABLE ALWAYS TRIGGER thumbexif_count_insert,
    ENABLE ALWAYS TRIGGER thumbexif_count_update, ENABLE ALWAYS TRIGGER thumbexif_count_delete;

-- An upgrade finds states that were there before.  Creating the triggers has locked out those who change states.
-- In REPEATABLE READ, states that came after the snapshot are missing until the first backfill or thumbexif_clean().
INSERT INTO thumbexif_internal.thumbexif_count (attachment, status, assets, counted)
    SELECT s.attachment, s.status, pg_catalog.count(*), false FROM thumbexif_internal.thumbexif_asset AS s GROUP BY s.attachment, s.status;
INSERT INTO thumbexif_internal.thumbexif_count (attachment, assets, counted, thumbnail_settings, exif_settings)
    SELECT s.attachment, pg_catalog.count(*), false,
        CASE WHEN s.thumbnail_settings IS NULL THEN 0::bigint ELSE pg_catalog.hashtextextended(
            pg_catalog.regexp_replace(s.thumbnail_settings, '(?<=^[0-9]+ png) [0-9].*$'::pg_catalog.text, ''::pg_catalog.text), 0::bigint) END,
        CASE WHEN s.exif_settings IS NULL THEN 0::bigint ELSE pg_catalog.hashtextextended(s.exif_settings, 0::bigint) END
    FROM thumbexif_internal.thumbexif_asset AS s
    WHERE s.status OPERATOR(pg_catalog.=) 'done'::thumbexif_internal.thumbexif_asset_status GROUP BY 1, 4, 5;
