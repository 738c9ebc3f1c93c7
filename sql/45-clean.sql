-- Removing files and states that are no longer needed.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_clean(dry_run boolean DEFAULT false)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_clean';
COMMENT ON FUNCTION @extschema@.thumbexif_clean(boolean) IS
    'remove thumbnail files and states that are no longer needed; returns the number of files (dry run: the number it would remove)';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_clean(boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_clean_dropped(dry_run boolean DEFAULT false)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_clean_dropped';
COMMENT ON FUNCTION @extschema@.thumbexif_clean_dropped(boolean) IS
    'remove the thumbnails of dropped databases of this server; returns the number of files (dry run: the number it would remove)';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_clean_dropped(boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_claim_folder()
RETURNS pg_catalog.text
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_claim_folder';
COMMENT ON FUNCTION @extschema@.thumbexif_claim_folder() IS
    'assign the folder of this database in thumbexif.thumbnail_dir to this server, even if another one wrote there; takes effect at once, also if the transaction rolls back; returns its path';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_claim_folder() FROM PUBLIC;
