CREATE OR REPLACE FUNCTION {schema}.photo(id {id_type})
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
SELECT jsonb_strip_nulls(to_jsonb(p) - text 'cursor')
       || COALESCE((SELECT jsonb_build_object('exif', {exif}) FROM {relation} AS t WHERE {id} = photo.id AND jsonb_typeof({exif}) = 'object'), jsonb '{}')
FROM {schema}.photos AS p WHERE p.id = photo.id;
END;

COMMENT ON FUNCTION {schema}.photo IS 'one photo with all that is known about it, as doc/photo.schema.json says. Made by thumbexif_api()';
