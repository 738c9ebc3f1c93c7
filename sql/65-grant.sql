-- The rights that a role needs for an attached table, in one statement.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_grant(role pg_catalog.name, relation pg_catalog.regclass, what pg_catalog.text)
    RETURNS pg_catalog.void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_grant';
COMMENT ON FUNCTION @extschema@.thumbexif_grant(pg_catalog.name, pg_catalog.regclass, pg_catalog.text) IS
    'grant a role what it needs for a table: read (views, gallery), process (also process, enqueue and retry assets, read thumbnails), upload (also store originals) or own (also attach, backfill and grant)';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_grant(pg_catalog.name, pg_catalog.regclass, pg_catalog.text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_revoke(role pg_catalog.name, relation pg_catalog.regclass, what pg_catalog.text)
    RETURNS pg_catalog.void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_revoke';
COMMENT ON FUNCTION @extschema@.thumbexif_revoke(pg_catalog.name, pg_catalog.regclass, pg_catalog.text) IS
    'revoke what the caller has granted by thumbexif_grant(), except rights that the role needs for another attached table of the caller';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_revoke(pg_catalog.name, pg_catalog.regclass, pg_catalog.text) FROM PUBLIC;
