-- A page of photos, read with the caller's rights.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_gallery
(
    relation       pg_catalog.regclass DEFAULT NULL,
    camera         pg_catalog.text DEFAULT NULL,
    lens           pg_catalog.text DEFAULT NULL,
    keyword        pg_catalog.text DEFAULT NULL,
    "from"         pg_catalog.timestamptz DEFAULT NULL,
    "to"           pg_catalog.timestamptz DEFAULT NULL,
    has_position   boolean DEFAULT NULL,
    "limit"        integer DEFAULT 500
)
RETURNS pg_catalog.text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 100000
AS 'MODULE_PATHNAME', 'thumbexif_gallery';
COMMENT ON FUNCTION @extschema@.thumbexif_gallery(pg_catalog.regclass, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz, pg_catalog.timestamptz, boolean, integer) IS
    'a page of the newest photos, one HTML file with thumbnails, map and EXIF that needs nothing else; the parameters filter: camera as the page shows it, its model or make; taken at "from" or later and before "to"';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_gallery(pg_catalog.regclass, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz, pg_catalog.timestamptz, boolean, integer) FROM PUBLIC;

-- What it tells of a photo beside its row, with the caller's rights on that: Citus calls it where the row is.
CREATE OR REPLACE FUNCTION @extschema@.thumbexif_gallery_part(id pg_catalog.text, relation pg_catalog.regclass)
RETURNS pg_catalog.text
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000
AS 'MODULE_PATHNAME', 'thumbexif_gallery_part';
COMMENT ON FUNCTION @extschema@.thumbexif_gallery_part(pg_catalog.text, pg_catalog.regclass) IS
    'a part of what thumbexif_gallery() returns, about one photo, as it has the nodes of a Citus cluster make it; NULL if there is no such row';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_gallery_part(pg_catalog.text, pg_catalog.regclass) FROM PUBLIC;
