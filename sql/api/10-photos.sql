CREATE OR REPLACE VIEW {schema}.photos WITH (security_invoker = true) AS
{photo_row};

COMMENT ON VIEW {schema}.photos IS 'photos, made by thumbexif_api(): run it again when columns have changed';
