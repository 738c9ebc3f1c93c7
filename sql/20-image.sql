-- Looking at one image, without a table.  All of these start a process and most read files of
-- the server, so nobody may call them until the right is granted.

CREATE FUNCTION thumbexif_thumbnail(path text, size integer DEFAULT NULL, format text DEFAULT NULL,
                                    quality integer DEFAULT NULL)
    RETURNS bytea
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_thumbnail_path';
COMMENT ON FUNCTION thumbexif_thumbnail(text, integer, text, integer) IS
    'thumbnail of an image file of the server; what is NULL or left out is taken from the settings';

CREATE FUNCTION thumbexif_thumbnail(image bytea, size integer DEFAULT NULL, format text DEFAULT NULL,
                                    quality integer DEFAULT NULL)
    RETURNS bytea
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_thumbnail_bytes';
COMMENT ON FUNCTION thumbexif_thumbnail(bytea, integer, text, integer) IS
    'thumbnail of an image; what is NULL or left out is taken from the settings';

CREATE FUNCTION thumbexif_exif(path text)
    RETURNS jsonb
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_exif_path';
COMMENT ON FUNCTION thumbexif_exif(text) IS
    'EXIF of an image file of the server, NULL if it has none';

CREATE FUNCTION thumbexif_exif(image bytea)
    RETURNS jsonb
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_exif_bytes';
COMMENT ON FUNCTION thumbexif_exif(bytea) IS 'EXIF of an image, NULL if it has none';

CREATE FUNCTION thumbexif_info(path text,
                               OUT format text, OUT width integer, OUT height integer,
                               OUT taken_at timestamptz, OUT camera_make text, OUT camera_model text,
                               OUT gps_latitude double precision, OUT gps_longitude double precision,
                               OUT exif_metadata jsonb)
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_info_path';
COMMENT ON FUNCTION thumbexif_info(text) IS
    'format, upright size and EXIF of an image file of the server';

CREATE FUNCTION thumbexif_info(image bytea,
                               OUT format text, OUT width integer, OUT height integer,
                               OUT taken_at timestamptz, OUT camera_make text, OUT camera_model text,
                               OUT gps_latitude double precision, OUT gps_longitude double precision,
                               OUT exif_metadata jsonb)
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_info_bytes';
COMMENT ON FUNCTION thumbexif_info(bytea) IS 'format, upright size and EXIF of an image';

CREATE FUNCTION thumbexif_version(OUT extension text, OUT libvips text, OUT libexif text,
                                  OUT formats_read text[], OUT formats_written text[], OUT self_test text)
    LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_version';
COMMENT ON FUNCTION thumbexif_version() IS
    'versions, the formats this build reads and writes, and "ok" or what does not work in it';

REVOKE EXECUTE ON FUNCTION
    thumbexif_thumbnail(text, integer, text, integer),
    thumbexif_thumbnail(bytea, integer, text, integer),
    thumbexif_exif(text), thumbexif_exif(bytea),
    thumbexif_info(text), thumbexif_info(bytea),
    thumbexif_version()
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION thumbexif_version() TO pg_monitor;
