CREATE OR REPLACE FUNCTION {schema}._photos_search({filters}, after text DEFAULT NULL, "limit" integer DEFAULT 100)
RETURNS SETOF {schema}.photos
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
SELECT p.* FROM {schema}._photos_matching({arguments}) AS p
WHERE {before}
ORDER BY COALESCE(p.taken_at, timestamptz '-infinity') DESC, p.id DESC
LIMIT GREATEST(0, LEAST(COALESCE("limit", 100), 1000));
END;

COMMENT ON FUNCTION {schema}._photos_search IS 'the query of photos_search(); made by thumbexif_api()';
