CREATE OR REPLACE FUNCTION {schema}._photos_map_all(west double precision, south double precision, east double precision, north double precision, zoom integer)
RETURNS SETOF jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
{map_all};
END;

COMMENT ON FUNCTION {schema}._photos_map_all IS 'the query of photos_map() without filters; made by thumbexif_api()';
