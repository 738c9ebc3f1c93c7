-- Looking for changes that no trigger has told of.

CREATE OR REPLACE PROCEDURE @extschema@.thumbexif_sweep
(
    relation pg_catalog.regclass DEFAULT NULL,
    INOUT rows_read bigint DEFAULT NULL,
    INOUT queued    bigint DEFAULT NULL,
    INOUT adopted   bigint DEFAULT NULL,
    INOUT removed   bigint DEFAULT NULL
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_sweep';
COMMENT ON PROCEDURE @extschema@.thumbexif_sweep(pg_catalog.regclass, bigint, bigint, bigint, bigint) IS
    'find rows without state, changed paths and states without a row: queues assets, adopts thumbnails that rows name, and removes states';
REVOKE EXECUTE ON PROCEDURE @extschema@.thumbexif_sweep(pg_catalog.regclass, bigint, bigint, bigint, bigint) FROM PUBLIC;
