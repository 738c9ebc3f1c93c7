-- Removing what nothing needs any more.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_clean(dry_run boolean DEFAULT false)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_clean';
COMMENT ON FUNCTION @extschema@.thumbexif_clean(boolean) IS
    'remove thumbnail files and states that nothing needs any more; returns how many files (dry run: how many it would remove)';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_clean(boolean) FROM PUBLIC;
