-- Rows for the files of a folder.

CREATE OR REPLACE PROCEDURE @extschema@.thumbexif_scan
(
    folder     pg_catalog.text,
    relation   pg_catalog.regclass DEFAULT NULL,
    filter     pg_catalog.text     DEFAULT 'name',
    batch_size integer  DEFAULT 1000,
    dry_run    boolean  DEFAULT false,
    INOUT processed bigint DEFAULT NULL,
    INOUT added     bigint DEFAULT NULL,
    INOUT skipped   bigint DEFAULT NULL,
    INOUT failed    bigint DEFAULT NULL
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_scan';
COMMENT ON PROCEDURE @extschema@.thumbexif_scan(pg_catalog.text, pg_catalog.regclass, pg_catalog.text, integer, boolean, bigint, bigint, bigint, bigint) IS
    'insert rows for image files beneath a folder that the table does not name yet, batch_size rows per commit; filter is name, content or all';
REVOKE EXECUTE ON PROCEDURE @extschema@.thumbexif_scan(pg_catalog.text, pg_catalog.regclass, pg_catalog.text, integer, boolean, bigint, bigint, bigint, bigint) FROM PUBLIC;
