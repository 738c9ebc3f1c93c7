CREATE OR REPLACE FUNCTION {schema}._photos_timeline(unit text, {filters})
RETURNS SETOF jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT jsonb_build_object('bucket', g.bucket, 'count', g.count, 'cover', g.cover)
FROM (SELECT CAST(date_trunc(unit, CAST(p.day AS timestamp)) AS date) AS bucket, count(*) AS count,
             {newest} AS cover
      FROM {schema}._photos_matching({arguments}) AS p
      WHERE p.day IS NOT NULL GROUP BY 1) AS g
ORDER BY g.bucket DESC;
END;

COMMENT ON FUNCTION {schema}._photos_timeline IS 'the query of photos_timeline(); made by thumbexif_api()';
