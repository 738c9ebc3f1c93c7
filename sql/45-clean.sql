-- Removing what nothing needs any more.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_clean(dry_run boolean DEFAULT false)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_clean';
COMMENT ON FUNCTION @extschema@.thumbexif_clean(boolean) IS
    'remove thumbnail files and states that nothing needs any more; returns how many files (dry run: how many it would remove)';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_clean(boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_clean_dropped(dry_run boolean DEFAULT false)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_clean_dropped';
COMMENT ON FUNCTION @extschema@.thumbexif_clean_dropped(boolean) IS
    'remove the thumbnails of databases of this server that were dropped; returns how many files (dry run: how many it would remove)';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_clean_dropped(boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_claim_folder()
RETURNS pg_catalog.text
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_claim_folder';
COMMENT ON FUNCTION @extschema@.thumbexif_claim_folder() IS
    'make the folder of this database in thumbexif.thumbnail_dir this server''s, whoever wrote there before; at once, also if the transaction rolls back; returns its path';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_claim_folder() FROM PUBLIC;
