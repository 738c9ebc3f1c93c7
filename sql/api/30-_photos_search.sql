CREATE OR REPLACE FUNCTION {schema}._photos_search({filters}, after text DEFAULT NULL, "limit" integer DEFAULT 100)
RETURNS SETOF {schema}.photos
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
SELECT p.* FROM {schema}._photos_matching({arguments}) AS p
WHERE after IS NULL
   OR ROW(COALESCE(p.taken_at, timestamptz '-infinity'), p.id)
      < ROW(CASE WHEN split_part(after, '_', 1) = '' THEN timestamptz '-infinity'
                 ELSE timestamptz '1970-01-01 00:00:00+00' + CAST(split_part(after, '_', 1) AS bigint) * interval '1 microsecond' END,
            CAST(substr(after, strpos(after, '_') + 1) AS {id_type}))
ORDER BY COALESCE(p.taken_at, timestamptz '-infinity') DESC, p.id DESC
LIMIT GREATEST(0, LEAST(COALESCE("limit", 100), 1000));
END;

COMMENT ON FUNCTION {schema}._photos_search IS 'the query of photos_search(); made by thumbexif_api()';
