-- The queue by hand.

CREATE FUNCTION thumbexif_enqueue(id bigint, relation regclass DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_enqueue';
COMMENT ON FUNCTION thumbexif_enqueue(bigint, regclass) IS
    'have an asset looked at by the background worker or the next backfill, whatever its state';
REVOKE EXECUTE ON FUNCTION thumbexif_enqueue(bigint, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_enqueue(id uuid, relation regclass DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_enqueue';
COMMENT ON FUNCTION thumbexif_enqueue(uuid, regclass) IS
    'have an asset looked at by the background worker or the next backfill, whatever its state';
REVOKE EXECUTE ON FUNCTION thumbexif_enqueue(uuid, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_enqueue(id text, relation regclass DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_enqueue';
COMMENT ON FUNCTION thumbexif_enqueue(text, regclass) IS
    'have an asset looked at by the background worker or the next backfill, whatever its state';
REVOKE EXECUTE ON FUNCTION thumbexif_enqueue(text, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_retry(id bigint, relation regclass DEFAULT NULL)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry';
COMMENT ON FUNCTION thumbexif_retry(bigint, regclass) IS
    'have an asset that failed, is missing or waits for another try tried again now; false if it is none of these';
REVOKE EXECUTE ON FUNCTION thumbexif_retry(bigint, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_retry(id uuid, relation regclass DEFAULT NULL)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry';
COMMENT ON FUNCTION thumbexif_retry(uuid, regclass) IS
    'have an asset that failed, is missing or waits for another try tried again now; false if it is none of these';
REVOKE EXECUTE ON FUNCTION thumbexif_retry(uuid, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_retry(id text, relation regclass DEFAULT NULL)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry';
COMMENT ON FUNCTION thumbexif_retry(text, regclass) IS
    'have an asset that failed, is missing or waits for another try tried again now; false if it is none of these';
REVOKE EXECUTE ON FUNCTION thumbexif_retry(text, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_retry(status thumbexif_internal.thumbexif_asset_status DEFAULT NULL, relation regclass DEFAULT NULL)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry_all';
COMMENT ON FUNCTION thumbexif_retry(thumbexif_internal.thumbexif_asset_status, regclass) IS
    'have all assets that failed, are missing or wait for another try (or only those of one status) tried again now; returns how many';
REVOKE EXECUTE ON FUNCTION thumbexif_retry(thumbexif_internal.thumbexif_asset_status, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_retry_all(status pg_catalog.text DEFAULT NULL, relation pg_catalog.regclass DEFAULT NULL)
RETURNS pg_catalog.int8
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry_all_text';
COMMENT ON FUNCTION thumbexif_retry_all(pg_catalog.text, pg_catalog.regclass) IS
    'have all assets that failed, are missing or wait for another try (or only those of one status) tried again now; returns how many';
REVOKE EXECUTE ON FUNCTION thumbexif_retry_all(pg_catalog.text, pg_catalog.regclass) FROM PUBLIC;
