-- Pictures that come through the database.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_upload(image pg_catalog.bytea, filename pg_catalog.text, relation pg_catalog.regclass,
                                                        photo pg_catalog.regproc)
    RETURNS pg_catalog.jsonb
    LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000
    AS 'MODULE_PATHNAME', 'thumbexif_upload';
COMMENT ON FUNCTION @extschema@.thumbexif_upload(pg_catalog.bytea, pg_catalog.text, pg_catalog.regclass, pg_catalog.regproc) IS
    'store a picture beneath thumbexif.upload_dir, insert its row as the caller, process it, and return what the function photo() of thumbexif_api() returns for it';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_upload(pg_catalog.bytea, pg_catalog.text, pg_catalog.regclass, pg_catalog.regproc) FROM PUBLIC;
