-- Values of exif_metadata, as numbers, texts and as people read them.  They never fail, whatever the jsonb is, so that they
-- can be used in indexes (a text may be longer than an index takes: its beginning can); EXECUTE stays granted to PUBLIC, since they read nothing but their arguments.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_number(exif pg_catalog.jsonb, key pg_catalog.text)
    RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_number';
COMMENT ON FUNCTION @extschema@.thumbexif_number(pg_catalog.jsonb, pg_catalog.text) IS
    'a value of exif_metadata as a number, the first one of several; NULL if it is none';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_text(exif pg_catalog.jsonb, key pg_catalog.text)
    RETURNS pg_catalog.text
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_text';
COMMENT ON FUNCTION @extschema@.thumbexif_text(pg_catalog.jsonb, pg_catalog.text) IS
    'a value of exif_metadata as text without blanks at its end, several ones separated by commas; NULL if nothing is left';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_display(exif pg_catalog.jsonb, key pg_catalog.text)
    RETURNS pg_catalog.text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_display';
COMMENT ON FUNCTION @extschema@.thumbexif_display(pg_catalog.jsonb, pg_catalog.text) IS
    'a value of exif_metadata as people read it: 1/60 s, f/2.8, ISO 400, 35 mm';
