CREATE OR REPLACE FUNCTION {schema}.photos_facets({filters})
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
SELECT j FROM @extschema@.thumbexif_call(CAST(NULL AS jsonb), regproc '{schema_literal}._photos_facets', {arguments}) AS j;
END;

COMMENT ON FUNCTION {schema}.photos_facets IS
    'cameras, lenses, years and keywords of the photos that meet the filters, each with its number of photos, at most 200 of each kind. Made by thumbexif_api()';
