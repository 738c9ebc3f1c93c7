CREATE OR REPLACE FUNCTION {schema}.photo_upload(image bytea, filename text DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
SELECT @extschema@.thumbexif_upload(image, filename, {table_to_upload}, {photo_of_upload});
END;

COMMENT ON FUNCTION {schema}.photo_upload IS
    'store a picture beneath thumbexif.upload_dir, insert its row and process it; returns what photo() does. It needs thumbexif_grant(..., ''upload''). Made by thumbexif_api()';
