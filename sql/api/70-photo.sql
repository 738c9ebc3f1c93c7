CREATE OR REPLACE FUNCTION {schema}.photo(id {id_type})
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
SELECT j FROM @extschema@.thumbexif_call(CAST(NULL AS jsonb), regproc '{schema_literal}._photo', id) AS j;
END;

COMMENT ON FUNCTION {schema}.photo IS 'one photo with all that is known about it, as doc/photo.schema.json says. Made by thumbexif_api()';
