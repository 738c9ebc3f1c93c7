-- Attaching and detaching tables.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_attach(
    relation pg_catalog.text DEFAULT 'image_assets',
    id pg_catalog.text DEFAULT NULL,
    path pg_catalog.text DEFAULT NULL,
    thumbnail_path pg_catalog.text DEFAULT NULL,
    width pg_catalog.text DEFAULT NULL,
    height pg_catalog.text DEFAULT NULL,
    taken_at pg_catalog.text DEFAULT NULL,
    camera_make pg_catalog.text DEFAULT NULL,
    camera_model pg_catalog.text DEFAULT NULL,
    gps_latitude pg_catalog.text DEFAULT NULL,
    gps_longitude pg_catalog.text DEFAULT NULL,
    exif_metadata pg_catalog.text DEFAULT NULL,
    create_table boolean DEFAULT false,
    notify pg_catalog.text DEFAULT NULL,
    thumbhash pg_catalog.text DEFAULT NULL,
    taken_at_local pg_catalog.text DEFAULT NULL,
    taken_at_offset pg_catalog.text DEFAULT NULL,
    taken_at_offset_source pg_catalog.text DEFAULT NULL,
    iso pg_catalog.text DEFAULT NULL,
    f_number pg_catalog.text DEFAULT NULL,
    exposure_time pg_catalog.text DEFAULT NULL,
    focal_length pg_catalog.text DEFAULT NULL,
    focal_length_35mm pg_catalog.text DEFAULT NULL,
    lens pg_catalog.text DEFAULT NULL,
    orientation pg_catalog.text DEFAULT NULL,
    altitude pg_catalog.text DEFAULT NULL,
    direction pg_catalog.text DEFAULT NULL,
    rating pg_catalog.text DEFAULT NULL,
    title pg_catalog.text DEFAULT NULL,
    description pg_catalog.text DEFAULT NULL,
    keywords pg_catalog.text DEFAULT NULL,
    format pg_catalog.text DEFAULT NULL,
    file_size pg_catalog.text DEFAULT NULL,
    file_hash pg_catalog.text DEFAULT NULL,
    picture_hash pg_catalog.text DEFAULT NULL,
    facts boolean DEFAULT NULL,
    thumbnail pg_catalog.text DEFAULT NULL,
    thumbnail_sizes pg_catalog.text DEFAULT NULL,
    triggers boolean DEFAULT NULL,
    replicated boolean DEFAULT NULL)
RETURNS pg_catalog.regclass
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_attach';
COMMENT ON FUNCTION @extschema@.thumbexif_attach(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, boolean, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, boolean, pg_catalog.text, pg_catalog.text, boolean, boolean) IS
    'attach a table; the other parameters name its columns, id also several in braces (NULL: as it was attached before, or the standard name if there is such a column; empty: none); with create_table, or for image_assets, the table is created if it does not exist; notify is the channel that is notified when assets are finished (NULL: as before; empty: none); columns from thumbhash on are mapped in an existing table only if they are named, or with facts if name and type fit; a table that is created has them, but file_hash, unless facts is false; thumbnail is a bytea column in which thumbnails are stored instead of files (NULL: as before; empty: none); thumbnail_sizes are their sizes, the first one that of the row (NULL: as before; empty: as the setting says); without triggers a sweep finds what has changed; replicated makes row triggers that fire always, also for what logical replication writes (both NULL: as before)';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_attach(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, boolean, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, boolean, pg_catalog.text, pg_catalog.text, boolean, boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_detach(relation pg_catalog.regclass DEFAULT NULL)
RETURNS pg_catalog.void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_detach';
COMMENT ON FUNCTION @extschema@.thumbexif_detach(pg_catalog.regclass) IS
    'detach a table; its rows and thumbnails are kept';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_detach(pg_catalog.regclass) FROM PUBLIC;

-- The trigger function joins a transition table, whose size a cached plan must not assume, with a state table, whose
-- index must always be used.
CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_track()
RETURNS pg_catalog.trigger
LANGUAGE c SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS 'MODULE_PATHNAME', 'thumbexif_track';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_track() IS 'trigger function of attached tables: maintains the state of their assets';
REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_track() FROM PUBLIC;

-- For the rows of partitioned tables, one by one.  It sets the search_path itself, when it executes a statement.  EXECUTE stays granted to
-- PUBLIC: who makes a partition makes the triggers of its parent on it.
CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_track_row()
RETURNS pg_catalog.trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_track_row';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_track_row() IS 'trigger function of attached partitioned tables: maintains the state of an asset';

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_track_drop()
RETURNS pg_catalog.event_trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_track_drop';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_track_drop() IS 'event trigger function: removes attachments of dropped tables';
REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_track_drop() FROM PUBLIC;

CREATE EVENT TRIGGER thumbexif_drop ON sql_drop EXECUTE FUNCTION thumbexif_internal.thumbexif_track_drop();
COMMENT ON EVENT TRIGGER thumbexif_drop IS 'removes attachments of dropped tables';

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_track_members()
RETURNS pg_catalog.event_trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_track_members';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_track_members() IS 'event trigger function: attaches and releases partitions of attached tables';
REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_track_members() FROM PUBLIC;

CREATE EVENT TRIGGER thumbexif_members ON ddl_command_end EXECUTE FUNCTION thumbexif_internal.thumbexif_track_members();
COMMENT ON EVENT TRIGGER thumbexif_members IS 'attaches and releases partitions of attached tables';
