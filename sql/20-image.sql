-- Functions for a single image, without a table.  All of them start a process and most read files of the server, so
-- EXECUTE is not granted to PUBLIC.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_thumbnail(path pg_catalog.text, size integer DEFAULT NULL, format pg_catalog.text DEFAULT NULL,
                                    quality integer DEFAULT NULL)
    RETURNS pg_catalog.bytea
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_thumbnail_path';
COMMENT ON FUNCTION @extschema@.thumbexif_thumbnail(pg_catalog.text, integer, pg_catalog.text, integer) IS
    'thumbnail of an image file on the server; settings apply to parameters that are NULL or omitted';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_thumbnail(image pg_catalog.bytea, size integer DEFAULT NULL, format pg_catalog.text DEFAULT NULL,
                                    quality integer DEFAULT NULL)
    RETURNS pg_catalog.bytea
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_thumbnail_bytes';
COMMENT ON FUNCTION @extschema@.thumbexif_thumbnail(pg_catalog.bytea, integer, pg_catalog.text, integer) IS
    'thumbnail of an image; settings apply to parameters that are NULL or omitted';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_exif(path pg_catalog.text)
    RETURNS pg_catalog.jsonb
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_exif_path';
COMMENT ON FUNCTION @extschema@.thumbexif_exif(pg_catalog.text) IS
    'EXIF of an image file on the server, NULL if it has none';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_exif(image pg_catalog.bytea)
    RETURNS pg_catalog.jsonb
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_exif_bytes';
COMMENT ON FUNCTION @extschema@.thumbexif_exif(pg_catalog.bytea) IS 'EXIF of an image, NULL if it has none';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_info(path pg_catalog.text,
                               OUT format pg_catalog.text, OUT width integer, OUT height integer,
                               OUT taken_at pg_catalog.timestamptz, OUT camera_make pg_catalog.text, OUT camera_model pg_catalog.text,
                               OUT gps_latitude double precision, OUT gps_longitude double precision,
                               OUT exif_metadata pg_catalog.jsonb,
                               OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
                               OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
                               OUT exposure_time double precision, OUT focal_length double precision,
                               OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
                               OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
                               OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT file_size bigint,
                               OUT file_hash pg_catalog.bytea, OUT picture_hash bigint)
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_info_path';
COMMENT ON FUNCTION @extschema@.thumbexif_info(pg_catalog.text) IS
    'format, upright size, EXIF and other facts of an image file on the server';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_info(image pg_catalog.bytea,
                               OUT format pg_catalog.text, OUT width integer, OUT height integer,
                               OUT taken_at pg_catalog.timestamptz, OUT camera_make pg_catalog.text, OUT camera_model pg_catalog.text,
                               OUT gps_latitude double precision, OUT gps_longitude double precision,
                               OUT exif_metadata pg_catalog.jsonb,
                               OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
                               OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
                               OUT exposure_time double precision, OUT focal_length double precision,
                               OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
                               OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
                               OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT file_size bigint,
                               OUT file_hash pg_catalog.bytea, OUT picture_hash bigint)
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_info_bytes';
COMMENT ON FUNCTION @extschema@.thumbexif_info(pg_catalog.bytea) IS
    'format, upright size, EXIF and other facts of an image';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_info(path pg_catalog.text, hashes boolean,
                               OUT format pg_catalog.text, OUT width integer, OUT height integer,
                               OUT taken_at pg_catalog.timestamptz, OUT camera_make pg_catalog.text, OUT camera_model pg_catalog.text,
                               OUT gps_latitude double precision, OUT gps_longitude double precision,
                               OUT exif_metadata pg_catalog.jsonb,
                               OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
                               OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
                               OUT exposure_time double precision, OUT focal_length double precision,
                               OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
                               OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
                               OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT file_size bigint,
                               OUT file_hash pg_catalog.bytea, OUT picture_hash bigint)
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_info_path';
COMMENT ON FUNCTION @extschema@.thumbexif_info(pg_catalog.text, boolean) IS
    'the same as thumbexif_info(path); with hashes also its ThumbHash, the hash of the file and that of the picture, for which the image is decoded';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_info(image pg_catalog.bytea, hashes boolean,
                               OUT format pg_catalog.text, OUT width integer, OUT height integer,
                               OUT taken_at pg_catalog.timestamptz, OUT camera_make pg_catalog.text, OUT camera_model pg_catalog.text,
                               OUT gps_latitude double precision, OUT gps_longitude double precision,
                               OUT exif_metadata pg_catalog.jsonb,
                               OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
                               OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
                               OUT exposure_time double precision, OUT focal_length double precision,
                               OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
                               OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
                               OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT file_size bigint,
                               OUT file_hash pg_catalog.bytea, OUT picture_hash bigint)
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_info_bytes';
COMMENT ON FUNCTION @extschema@.thumbexif_info(pg_catalog.bytea, boolean) IS
    'the same as thumbexif_info(image); with hashes also its ThumbHash, the hash of the file and that of the picture, for which the image is decoded';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_version(OUT extension pg_catalog.text, OUT libvips pg_catalog.text, OUT libexif pg_catalog.text,
                                  OUT formats_read pg_catalog.text[], OUT formats_written pg_catalog.text[], OUT self_test pg_catalog.text)
    LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_version';
COMMENT ON FUNCTION @extschema@.thumbexif_version() IS
    'versions of thumbexif, libvips and libexif (of which names of tags, sizes of types and byte order are used), the formats this build reads and writes, and "ok" or what fails in its self-test';

REVOKE EXECUTE ON FUNCTION
    @extschema@.thumbexif_thumbnail(pg_catalog.text, integer, pg_catalog.text, integer),
    @extschema@.thumbexif_thumbnail(pg_catalog.bytea, integer, pg_catalog.text, integer),
    @extschema@.thumbexif_exif(pg_catalog.text), @extschema@.thumbexif_exif(pg_catalog.bytea),
    @extschema@.thumbexif_info(pg_catalog.text), @extschema@.thumbexif_info(pg_catalog.bytea),
    @extschema@.thumbexif_info(pg_catalog.text, boolean), @extschema@.thumbexif_info(pg_catalog.bytea, boolean),
    @extschema@.thumbexif_version()
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.thumbexif_version() TO pg_monitor;
