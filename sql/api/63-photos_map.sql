CREATE OR REPLACE FUNCTION {schema}.photos_map(west double precision DEFAULT -180, south double precision DEFAULT -90,
    east double precision DEFAULT 180, north double precision DEFAULT 90, zoom integer DEFAULT 0, {filters})
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
SELECT CASE WHEN num_nonnulls({arguments}) = 0
    THEN (SELECT j FROM @extschema@.thumbexif_call(CAST(NULL AS jsonb), regproc '{schema_literal}._photos_map_all',
                                                   west, south, east, north, zoom) AS j)
    ELSE (SELECT j FROM @extschema@.thumbexif_call(CAST(NULL AS jsonb), regproc '{schema_literal}._photos_map',
                                                   west, south, east, north, zoom, {arguments}) AS j) END;
END;

COMMENT ON FUNCTION {schema}.photos_map IS
    'the photos in a box as GeoJSON: at most 500 clusters with count, cover and whether the count is approximate: with filters, of the newest 3,000. Made by thumbexif_api()';
