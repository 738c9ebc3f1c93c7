-- What an application asks about one asset, with its own rights on the row.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_file(id bigint, relation pg_catalog.regclass DEFAULT NULL, size integer DEFAULT NULL)
RETURNS pg_catalog.bytea
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000
AS 'MODULE_PATHNAME', 'thumbexif_file_bigint';
COMMENT ON FUNCTION @extschema@.thumbexif_file(bigint, pg_catalog.regclass, integer) IS
    'the stored thumbnail of an asset, or of its sizes the one named; NULL if there is no such row or if it has no such thumbnail that thumbexif made';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_file(bigint, pg_catalog.regclass, integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_file(id pg_catalog.uuid, relation pg_catalog.regclass DEFAULT NULL, size integer DEFAULT NULL)
RETURNS pg_catalog.bytea
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000
AS 'MODULE_PATHNAME', 'thumbexif_file_uuid';
COMMENT ON FUNCTION @extschema@.thumbexif_file(pg_catalog.uuid, pg_catalog.regclass, integer) IS
    'the stored thumbnail of an asset, or of its sizes the one named; NULL if there is no such row or if it has no such thumbnail that thumbexif made';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_file(pg_catalog.uuid, pg_catalog.regclass, integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_file(id pg_catalog.text, relation pg_catalog.regclass DEFAULT NULL, size integer DEFAULT NULL)
RETURNS pg_catalog.bytea
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000
AS 'MODULE_PATHNAME', 'thumbexif_file_text';
COMMENT ON FUNCTION @extschema@.thumbexif_file(pg_catalog.text, pg_catalog.regclass, integer) IS
    'the stored thumbnail of an asset, or of its sizes the one named; NULL if there is no such row or if it has no such thumbnail that thumbexif made';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_file(pg_catalog.text, pg_catalog.regclass, integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_state
(
    id             bigint,
    relation       pg_catalog.regclass DEFAULT NULL,
    OUT status      pg_catalog.text,
    OUT error       pg_catalog.text,
    OUT sqlstate    pg_catalog.text,
    OUT exif_error  pg_catalog.text,
    OUT attempts    integer,
    OUT next_try    pg_catalog.timestamptz,
    OUT finished_at pg_catalog.timestamptz,
    OUT stale       pg_catalog.text[],
    OUT damage      pg_catalog.text
)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'thumbexif_state_bigint';
COMMENT ON FUNCTION @extschema@.thumbexif_state(bigint, pg_catalog.regclass) IS
    'where an asset stands: its status, the reason of a failure, attempts, the next one, parts that are absent or stale, and the damage of an image of which the thumbnail shows what is left; NULLs if the caller sees no such row';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_state
(
    id             pg_catalog.uuid,
    relation       pg_catalog.regclass DEFAULT NULL,
    OUT status      pg_catalog.text,
    OUT error       pg_catalog.text,
    OUT sqlstate    pg_catalog.text,
    OUT exif_error  pg_catalog.text,
    OUT attempts    integer,
    OUT next_try    pg_catalog.timestamptz,
    OUT finished_at pg_catalog.timestamptz,
    OUT stale       pg_catalog.text[],
    OUT damage      pg_catalog.text
)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'thumbexif_state_uuid';
COMMENT ON FUNCTION @extschema@.thumbexif_state(pg_catalog.uuid, pg_catalog.regclass) IS
    'where an asset stands: its status, the reason of a failure, attempts, the next one, parts that are absent or stale, and the damage of an image of which the thumbnail shows what is left; NULLs if the caller sees no such row';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_state
(
    id             pg_catalog.text,
    relation       pg_catalog.regclass DEFAULT NULL,
    OUT status      pg_catalog.text,
    OUT error       pg_catalog.text,
    OUT sqlstate    pg_catalog.text,
    OUT exif_error  pg_catalog.text,
    OUT attempts    integer,
    OUT next_try    pg_catalog.timestamptz,
    OUT finished_at pg_catalog.timestamptz,
    OUT stale       pg_catalog.text[],
    OUT damage      pg_catalog.text
)
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'thumbexif_state_text';
COMMENT ON FUNCTION @extschema@.thumbexif_state(pg_catalog.text, pg_catalog.regclass) IS
    'where an asset stands: its status, the reason of a failure, attempts, the next one, parts that are absent or stale, and the damage of an image of which the thumbnail shows what is left; NULLs if the caller sees no such row';
