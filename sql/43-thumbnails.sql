-- Thumbnails in several sizes, for applications.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_srcset(id bigint, relation pg_catalog.regclass DEFAULT NULL, base pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'thumbexif_srcset_bigint';
COMMENT ON FUNCTION @extschema@.thumbexif_srcset(bigint, pg_catalog.regclass, pg_catalog.text) IS
    'the value of the HTML attribute srcset for the thumbnails of an asset, with URLs that begin with base; NULL if there is no such row or if it has no thumbnail that thumbexif made';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_srcset(bigint, pg_catalog.regclass, pg_catalog.text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_srcset(id pg_catalog.uuid, relation pg_catalog.regclass DEFAULT NULL, base pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'thumbexif_srcset_uuid';
COMMENT ON FUNCTION @extschema@.thumbexif_srcset(pg_catalog.uuid, pg_catalog.regclass, pg_catalog.text) IS
    'the value of the HTML attribute srcset for the thumbnails of an asset, with URLs that begin with base; NULL if there is no such row or if it has no thumbnail that thumbexif made';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_srcset(pg_catalog.uuid, pg_catalog.regclass, pg_catalog.text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_srcset(id pg_catalog.text, relation pg_catalog.regclass DEFAULT NULL, base pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'thumbexif_srcset_text';
COMMENT ON FUNCTION @extschema@.thumbexif_srcset(pg_catalog.text, pg_catalog.regclass, pg_catalog.text) IS
    'the value of the HTML attribute srcset for the thumbnails of an asset, with URLs that begin with base; NULL if there is no such row or if it has no thumbnail that thumbexif made';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_srcset(pg_catalog.text, pg_catalog.regclass, pg_catalog.text) FROM PUBLIC;

-- What thumbexif_api() makes calls them, with the caller's rights on the row: EXECUTE stays granted to PUBLIC, as that of thumbexif_state().
CREATE OR REPLACE FUNCTION @extschema@.thumbexif_thumbnail_urls(id bigint, relation pg_catalog.regclass DEFAULT NULL, base pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.json
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'thumbexif_thumbnail_urls_bigint';
COMMENT ON FUNCTION @extschema@.thumbexif_thumbnail_urls(bigint, pg_catalog.regclass, pg_catalog.text) IS
    'size, width, height and URL, which begins with base, of each thumbnail of an asset with several; NULL if there is no such row or if it has not several';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_thumbnail_urls(id pg_catalog.uuid, relation pg_catalog.regclass DEFAULT NULL, base pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.json
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'thumbexif_thumbnail_urls_uuid';
COMMENT ON FUNCTION @extschema@.thumbexif_thumbnail_urls(pg_catalog.uuid, pg_catalog.regclass, pg_catalog.text) IS
    'size, width, height and URL, which begins with base, of each thumbnail of an asset with several; NULL if there is no such row or if it has not several';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_thumbnail_urls(id pg_catalog.text, relation pg_catalog.regclass DEFAULT NULL, base pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.json
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100
AS 'MODULE_PATHNAME', 'thumbexif_thumbnail_urls_text';
COMMENT ON FUNCTION @extschema@.thumbexif_thumbnail_urls(pg_catalog.text, pg_catalog.regclass, pg_catalog.text) IS
    'size, width, height and URL, which begins with base, of each thumbnail of an asset with several; NULL if there is no such row or if it has not several';

-- As for the views in 50-views.sql, EXECUTE stays granted to PUBLIC, since USAGE on the schema is not.
CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_thumbnail_rows(
    OUT relation pg_catalog.regclass, OUT id pg_catalog.text, OUT size pg_catalog.int4, OUT width pg_catalog.int4,
    OUT height pg_catalog.int4, OUT format pg_catalog.text, OUT bytes pg_catalog.int8, OUT path pg_catalog.text)
    RETURNS SETOF pg_catalog.record
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 10000 ROWS 1000
    AS 'MODULE_PATHNAME', 'thumbexif_thumbnail_rows';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_thumbnail_rows() IS
    'rows of view thumbexif_thumbnails, for tables all of whose rows the current user may see';

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_node_thumbnails(
    OUT relation pg_catalog.regclass, OUT id pg_catalog.text, OUT size pg_catalog.int4, OUT width pg_catalog.int4,
    OUT height pg_catalog.int4, OUT format pg_catalog.text, OUT bytes pg_catalog.int8, OUT path pg_catalog.text)
    RETURNS SETOF pg_catalog.record
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 100000 ROWS 10
    AS 'MODULE_PATHNAME', 'thumbexif_node_thumbnails';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_node_thumbnails() IS
    'on the coordinator of a Citus cluster: rows of view thumbexif_thumbnails on the other nodes';

CREATE OR REPLACE VIEW @extschema@.thumbexif_thumbnails AS
    SELECT r.relation, r.id, r.size, r.width, r.height, r.format, r.bytes, r.path
    FROM thumbexif_internal.thumbexif_thumbnail_rows() AS r
    UNION ALL
    SELECT n.relation, n.id, n.size, n.width, n.height, n.format, n.bytes, n.path
    FROM thumbexif_internal.thumbexif_node_thumbnails() AS n;
COMMENT ON VIEW @extschema@.thumbexif_thumbnails IS
    'thumbnails of assets that have several sizes, for tables all of whose rows the current user may see';
COMMENT ON COLUMN @extschema@.thumbexif_thumbnails.relation IS 'attached table';
COMMENT ON COLUMN @extschema@.thumbexif_thumbnails.id IS 'key of the asset';
COMMENT ON COLUMN @extschema@.thumbexif_thumbnails.size IS 'side of the square in which it fits, as listed in thumbexif.thumbnail_sizes';
COMMENT ON COLUMN @extschema@.thumbexif_thumbnails.width IS 'width in pixels';
COMMENT ON COLUMN @extschema@.thumbexif_thumbnails.height IS 'height in pixels';
COMMENT ON COLUMN @extschema@.thumbexif_thumbnails.format IS 'jpeg, webp, png or avif';
COMMENT ON COLUMN @extschema@.thumbexif_thumbnails.bytes IS 'its length; NULL if version 1.0 wrote it';
COMMENT ON COLUMN @extschema@.thumbexif_thumbnails.path IS 'file; NULL if it is stored in the database';
