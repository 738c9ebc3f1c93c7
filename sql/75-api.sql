-- What the functions of an application's own schema are made of (thumbexif_api), and who makes them.  These read nothing but their
-- arguments, so EXECUTE stays granted to PUBLIC: an index expression on a table is evaluated by whoever writes to it.  Those that fail on
-- no value are LEAKPROOF, so that their indexes serve under row security, too.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_quadkey(latitude double precision, longitude double precision)
    RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_quadkey';
COMMENT ON FUNCTION @extschema@.thumbexif_quadkey(double precision, double precision) IS
    'a position on the map (Web Mercator, 31 bits a side, Morton order) as a number: any tile is a range; NULL if it is no position';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_quadkey_ranges(box double precision[])
    RETURNS bigint[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_quadkey_ranges_box';
COMMENT ON FUNCTION @extschema@.thumbexif_quadkey_ranges(double precision[]) IS
    'the ends of eight ranges of quadkeys that contain a box of west, south, east and north, and some more';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_quadkey_ranges(latitude double precision, longitude double precision, metres double precision)
    RETURNS bigint[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_quadkey_ranges_circle';
COMMENT ON FUNCTION @extschema@.thumbexif_quadkey_ranges(double precision, double precision, double precision) IS
    'the ends of eight ranges of quadkeys that contain a circle, and some more';

-- inlined, so that an index on the quadkey serves it
CREATE OR REPLACE FUNCTION @extschema@.thumbexif_in_ranges(quadkey bigint, ranges bigint[])
    RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (quadkey OPERATOR(pg_catalog.>=) ranges[1] AND quadkey OPERATOR(pg_catalog.<=) ranges[2])
        OR (quadkey OPERATOR(pg_catalog.>=) ranges[3] AND quadkey OPERATOR(pg_catalog.<=) ranges[4])
        OR (quadkey OPERATOR(pg_catalog.>=) ranges[5] AND quadkey OPERATOR(pg_catalog.<=) ranges[6])
        OR (quadkey OPERATOR(pg_catalog.>=) ranges[7] AND quadkey OPERATOR(pg_catalog.<=) ranges[8])
        OR (quadkey OPERATOR(pg_catalog.>=) ranges[9] AND quadkey OPERATOR(pg_catalog.<=) ranges[10])
        OR (quadkey OPERATOR(pg_catalog.>=) ranges[11] AND quadkey OPERATOR(pg_catalog.<=) ranges[12])
        OR (quadkey OPERATOR(pg_catalog.>=) ranges[13] AND quadkey OPERATOR(pg_catalog.<=) ranges[14])
        OR (quadkey OPERATOR(pg_catalog.>=) ranges[15] AND quadkey OPERATOR(pg_catalog.<=) ranges[16]);
COMMENT ON FUNCTION @extschema@.thumbexif_in_ranges(bigint, bigint[]) IS
    'is a quadkey in one of the ranges that thumbexif_quadkey_ranges() returns?';

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_within_support(internal)
    RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_within_support';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_within_support(internal) IS 'tells the planner how many rows meet thumbexif_within(), thumbexif_near() and thumbexif_between_meridians(), and how an index serves them';
REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_within_support(internal) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_within(latitude double precision, longitude double precision, box double precision[])
    RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE SUPPORT thumbexif_internal.thumbexif_within_support
    AS 'MODULE_PATHNAME', 'thumbexif_within';
COMMENT ON FUNCTION @extschema@.thumbexif_within(double precision, double precision, double precision[]) IS
    'is a position in a box of west, south, east and north? West is greater than east if it crosses the date line';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_near(latitude double precision, longitude double precision, near_latitude double precision,
                                                      near_longitude double precision, metres double precision)
    RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE SUPPORT thumbexif_internal.thumbexif_within_support
    AS 'MODULE_PATHNAME', 'thumbexif_near';
COMMENT ON FUNCTION @extschema@.thumbexif_near(double precision, double precision, double precision, double precision, double precision) IS
    'is a position at most so many metres away from another one, on a sphere?';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_between_meridians(longitude double precision, box double precision[])
    RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE SUPPORT thumbexif_internal.thumbexif_within_support
    AS 'MODULE_PATHNAME', 'thumbexif_between_meridians_box';
COMMENT ON FUNCTION @extschema@.thumbexif_between_meridians(double precision, double precision[]) IS
    'is a longitude among those of a box of west, south, east and north? For indexes, beside thumbexif_within()';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_between_meridians(longitude double precision, near_latitude double precision,
                                                                   near_longitude double precision, metres double precision)
    RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE SUPPORT thumbexif_internal.thumbexif_within_support
    AS 'MODULE_PATHNAME', 'thumbexif_between_meridians_circle';
COMMENT ON FUNCTION @extschema@.thumbexif_between_meridians(double precision, double precision, double precision, double precision) IS
    'is a longitude among those of a circle? For indexes, beside thumbexif_near()';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_distance(latitude1 double precision, longitude1 double precision,
                                                          latitude2 double precision, longitude2 double precision)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_distance';
COMMENT ON FUNCTION @extschema@.thumbexif_distance(double precision, double precision, double precision, double precision) IS
    'metres between two positions, on a sphere';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_map_cells(west double precision, south double precision, east double precision,
                                                           north double precision, zoom integer, OUT lowest bigint, OUT highest bigint)
    RETURNS SETOF pg_catalog.record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 300
    AS 'MODULE_PATHNAME', 'thumbexif_map_cells';
COMMENT ON FUNCTION @extschema@.thumbexif_map_cells(double precision, double precision, double precision, double precision, integer) IS
    'ranges of quadkeys of the squares of a map, of some 64 pixels each at this zoom and at most 500';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_map_estimate(relation pg_catalog.regclass, lowest bigint, highest bigint)
    RETURNS bigint
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_map_estimate';
COMMENT ON FUNCTION @extschema@.thumbexif_map_estimate(pg_catalog.regclass, bigint, bigint) IS
    'about how many rows have quadkeys in a range, told by the pages of the index on the quadkey; NULL if there is none or the caller may not read all rows';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_make(make pg_catalog.text)
    RETURNS pg_catalog.text
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_make';
COMMENT ON FUNCTION @extschema@.thumbexif_make(pg_catalog.text) IS
    'the make of a camera in one spelling: Nikon for NIKON CORPORATION and NIKON';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_camera(make pg_catalog.text, model pg_catalog.text)
    RETURNS pg_catalog.text
    LANGUAGE c IMMUTABLE LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_camera';
COMMENT ON FUNCTION @extschema@.thumbexif_camera(pg_catalog.text, pg_catalog.text) IS
    'make, as by thumbexif_make(), and model of a camera, the make once; one of both may be NULL';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_keywords(exif pg_catalog.jsonb)
    RETURNS pg_catalog.text[]
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_keywords';
COMMENT ON FUNCTION @extschema@.thumbexif_keywords(pg_catalog.jsonb) IS
    'the keywords of exif_metadata, from XMP:Subject and IPTC:Keywords; NULL if there are none';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_keywords(keywords pg_catalog.text[])
    RETURNS pg_catalog.text[]
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_keywords_array';
COMMENT ON FUNCTION @extschema@.thumbexif_keywords(pg_catalog.text[]) IS
    'keywords of a column, each once and cut to what an index takes; NULL if there are none';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_document(title pg_catalog.text, description pg_catalog.text, keywords pg_catalog.text[],
                                                          path pg_catalog.text)
    RETURNS pg_catalog.text
    LANGUAGE c IMMUTABLE LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_document';
COMMENT ON FUNCTION @extschema@.thumbexif_document(pg_catalog.text, pg_catalog.text, pg_catalog.text[], pg_catalog.text) IS
    'the words by which a photo is found, for to_tsvector()';

-- It runs what the caller could run as well, with the caller's rights.
CREATE OR REPLACE FUNCTION @extschema@.thumbexif_call(result anyelement, function pg_catalog.regproc, VARIADIC arguments "any")
    RETURNS SETOF anyelement
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'thumbexif_call';
COMMENT ON FUNCTION @extschema@.thumbexif_call(anyelement, pg_catalog.regproc, "any") IS
    'the result of a function that returns a set, whose query is planned for these arguments; "result" is NULL of the type that it returns';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_api(relation pg_catalog.regclass DEFAULT NULL, schema pg_catalog.name DEFAULT 'photos_api'::pg_catalog.name,
                                                     grant_to pg_catalog.name DEFAULT NULL, base pg_catalog.text DEFAULT NULL,
                                                     create_indexes boolean DEFAULT false)
    RETURNS pg_catalog.void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_api';
COMMENT ON FUNCTION @extschema@.thumbexif_api(pg_catalog.regclass, pg_catalog.name, pg_catalog.name, pg_catalog.text, boolean) IS
    'make a view and functions in a schema of the caller''s, by which an application finds the photos of an attached table: photos, photos_search(), photos_timeline(), photos_map(), photos_facets(), photo()';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_api(pg_catalog.regclass, pg_catalog.name, pg_catalog.name, pg_catalog.text, boolean) FROM PUBLIC;
