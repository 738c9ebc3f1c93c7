CREATE OR REPLACE FUNCTION {schema}.photos_search({filters}, after text DEFAULT NULL, "limit" integer DEFAULT 100)
RETURNS SETOF {schema}.photos
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100
BEGIN ATOMIC
SELECT p.* FROM @extschema@.thumbexif_call(CAST(NULL AS {schema}.photos),
    CASE WHEN COALESCE(cardinality(keywords), 0) + COALESCE(numnode(websearch_to_tsquery(regconfig 'simple', "text")), 0) > 1
         THEN regproc '{schema_literal}.{search_words}' ELSE regproc '{schema_literal}._photos_search' END,
    {arguments}, after, "limit") AS p;
END;

COMMENT ON FUNCTION {schema}.photos_search IS
    'photos that meet all given filters, newest first, by pages: "after" is the cursor of the last photo of the page before; at most 1000. Made by thumbexif_api()';
