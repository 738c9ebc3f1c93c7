-- Changing the queue by hand.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_enqueue(id bigint, relation pg_catalog.regclass DEFAULT NULL)
RETURNS pg_catalog.void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_enqueue_bigint';
COMMENT ON FUNCTION @extschema@.thumbexif_enqueue(bigint, pg_catalog.regclass) IS
    'queue an asset for the background worker or the next backfill, whatever its status';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_enqueue(bigint, pg_catalog.regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_enqueue(id pg_catalog.uuid, relation pg_catalog.regclass DEFAULT NULL)
RETURNS pg_catalog.void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_enqueue_uuid';
COMMENT ON FUNCTION @extschema@.thumbexif_enqueue(pg_catalog.uuid, pg_catalog.regclass) IS
    'queue an asset for the background worker or the next backfill, whatever its status';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_enqueue(pg_catalog.uuid, pg_catalog.regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_enqueue(id pg_catalog.text, relation pg_catalog.regclass DEFAULT NULL)
RETURNS pg_catalog.void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_enqueue_text';
COMMENT ON FUNCTION @extschema@.thumbexif_enqueue(pg_catalog.text, pg_catalog.regclass) IS
    'queue an asset for the background worker or the next backfill, whatever its status';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_enqueue(pg_catalog.text, pg_catalog.regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_retry(id bigint, relation pg_catalog.regclass DEFAULT NULL)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry_bigint';
COMMENT ON FUNCTION @extschema@.thumbexif_retry(bigint, pg_catalog.regclass) IS
    'queue an asset again that is failed, missing, unsupported or waiting for another try; false if it is none of these';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_retry(bigint, pg_catalog.regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_retry(id pg_catalog.uuid, relation pg_catalog.regclass DEFAULT NULL)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry_uuid';
COMMENT ON FUNCTION @extschema@.thumbexif_retry(pg_catalog.uuid, pg_catalog.regclass) IS
    'queue an asset again that is failed, missing, unsupported or waiting for another try; false if it is none of these';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_retry(pg_catalog.uuid, pg_catalog.regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_retry(id pg_catalog.text, relation pg_catalog.regclass DEFAULT NULL)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry_text';
COMMENT ON FUNCTION @extschema@.thumbexif_retry(pg_catalog.text, pg_catalog.regclass) IS
    'queue an asset again that is failed, missing, unsupported or waiting for another try; false if it is none of these';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_retry(pg_catalog.text, pg_catalog.regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_retry(status thumbexif_internal.thumbexif_asset_status DEFAULT NULL, relation pg_catalog.regclass DEFAULT NULL)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry_status';
COMMENT ON FUNCTION @extschema@.thumbexif_retry(thumbexif_internal.thumbexif_asset_status, pg_catalog.regclass) IS
    'queue all assets again that are failed, missing, unsupported or waiting for another try, or only those with one status; returns their number';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_retry(thumbexif_internal.thumbexif_asset_status, pg_catalog.regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_retry_all(status pg_catalog.text DEFAULT NULL, relation pg_catalog.regclass DEFAULT NULL)
RETURNS pg_catalog.int8
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry_all_text';
COMMENT ON FUNCTION @extschema@.thumbexif_retry_all(pg_catalog.text, pg_catalog.regclass) IS
    'queue all assets again that are failed, missing, unsupported or waiting for another try, or only those with one status; returns their number';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_retry_all(pg_catalog.text, pg_catalog.regclass) FROM PUBLIC;
