CREATE OR REPLACE FUNCTION {schema}.photos_timeline(unit text DEFAULT 'month', {filters})
RETURNS TABLE (bucket date, count bigint, cover {id_type})
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
SELECT r.bucket, r.count, r.cover
FROM @extschema@.thumbexif_call(CAST(NULL AS jsonb), regproc '{schema_literal}._photos_timeline', unit, {arguments}) AS j,
     jsonb_to_record(j) AS r (bucket date, count bigint, cover {id_type});
END;

COMMENT ON FUNCTION {schema}.photos_timeline IS
    'how many photos that meet the filters were taken in each year, month or day on the spot, and the newest one of each. Made by thumbexif_api()';
