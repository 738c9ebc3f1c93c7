CREATE OR REPLACE FUNCTION {schema}._photo(id {id_type})
RETURNS SETOF jsonb
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
-- JSON has no infinity and no number that is none: these are texts, of columns that are to be no texts
SELECT (SELECT jsonb_strip_nulls(jsonb_object_agg(e.key, e.value)) FROM jsonb_each(to_jsonb(p) - text 'cursor') AS e
        WHERE e.value NOT IN (jsonb '"NaN"', '"Infinity"', '"-Infinity"', '"infinity"', '"-infinity"')
           OR e.key IN ('id', 'path', 'make', 'camera', 'lens', 'title', 'description'))
       || COALESCE((SELECT jsonb_build_object('exif', {exif}) FROM {relation} AS t WHERE {is_id} AND jsonb_typeof({exif}) = 'object'), jsonb '{}')
FROM {photo_of_id};
END;

COMMENT ON FUNCTION {schema}._photo IS 'the query of photo(); made by thumbexif_api()';
