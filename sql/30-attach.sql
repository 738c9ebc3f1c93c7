-- Putting thumbexif to work on a table, and off it.

CREATE FUNCTION thumbexif_attach(
    relation text DEFAULT 'image_assets',
    id text DEFAULT NULL,
    path text DEFAULT NULL,
    thumbnail_path text DEFAULT NULL,
    width text DEFAULT NULL,
    height text DEFAULT NULL,
    taken_at text DEFAULT NULL,
    camera_make text DEFAULT NULL,
    camera_model text DEFAULT NULL,
    gps_latitude text DEFAULT NULL,
    gps_longitude text DEFAULT NULL,
    exif_metadata text DEFAULT NULL)
RETURNS regclass
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_attach';
COMMENT ON FUNCTION thumbexif_attach(text, text, text, text, text, text, text, text, text, text, text, text) IS
    'work on a table, which is created if it does not exist; the parameters name its columns (NULL: the standard name if there is one, empty: none)';
REVOKE EXECUTE ON FUNCTION thumbexif_attach(text, text, text, text, text, text, text, text, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION thumbexif_detach(relation regclass DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_detach';
COMMENT ON FUNCTION thumbexif_detach(regclass) IS
    'leave a table alone from now on; its rows and thumbnails stay as they are';
REVOKE EXECUTE ON FUNCTION thumbexif_detach(regclass) FROM PUBLIC;

-- The joins of the trigger function are between a transition table, about whose size a kept plan
-- must not assume anything, and a state table whose index is always the way.
CREATE FUNCTION thumbexif_internal.thumbexif_track()
RETURNS trigger
LANGUAGE c SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS 'MODULE_PATHNAME', 'thumbexif_track';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_track() IS 'triggers of attached tables: keeps the state of their assets';
REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_track() FROM PUBLIC;

CREATE FUNCTION thumbexif_internal.thumbexif_track_drop()
RETURNS event_trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_track_drop';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_track_drop() IS 'event trigger: forgets attached tables that are dropped';
REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_track_drop() FROM PUBLIC;

CREATE EVENT TRIGGER thumbexif_drop ON sql_drop EXECUTE FUNCTION thumbexif_internal.thumbexif_track_drop();
COMMENT ON EVENT TRIGGER thumbexif_drop IS 'forgets attached tables that are dropped';
