-- Removing unused files and states.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_clean(dry_run boolean DEFAULT false)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_clean';
COMMENT ON FUNCTION @extschema@.thumbexif_clean(boolean) IS
    'remove unused thumbnail files and states; returns the number of files (dry run: that would be removed)';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_clean(boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_clean_dropped(dry_run boolean DEFAULT false)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_clean_dropped';
COMMENT ON FUNCTION @extschema@.thumbexif_clean_dropped(boolean) IS
    'remove thumbnails of dropped databases of this server; returns the number of files (dry run: that would be removed)';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_clean_dropped(boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_claim_folder()
RETURNS pg_catalog.text
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_claim_folder';
COMMENT ON FUNCTION @extschema@.thumbexif_claim_folder() IS
    'mark the folder of this database in thumbexif.thumbnail_dir as owned by this server, whichever server owned it; takes effect at once, even if the transaction rolls back; returns its path';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_claim_folder() FROM PUBLIC;
