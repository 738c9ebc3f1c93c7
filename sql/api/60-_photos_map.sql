CREATE OR REPLACE FUNCTION {schema}._photos_map(west double precision, south double precision, east double precision, north double precision, zoom integer,
    {filters})
RETURNS SETOF jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
{map};
END;

COMMENT ON FUNCTION {schema}._photos_map IS 'the query of photos_map() with filters; made by thumbexif_api()';
