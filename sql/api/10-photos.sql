CREATE OR REPLACE VIEW {schema}.photos WITH (security_invoker = true) AS
SELECT
    {id} AS id,
    {path} AS path,
    {taken_at} AS taken_at,
    {taken_at_local} AS taken_at_local,
    CAST({taken_at_local} AS date) AS day,
    @extschema@.thumbexif_make({camera_make}) AS make,
    @extschema@.thumbexif_camera({camera_make}, {camera_model}) AS camera,
    {lens} AS lens,
    {iso} AS iso,
    {f_number} AS f_number,
    {exposure_time} AS exposure_time,
    {focal_length} AS focal_length,
    {focal_length_35mm} AS focal_length_35mm,
    NULLIF(concat_ws({dot},
        @extschema@.thumbexif_display(jsonb_build_object('ExposureTime', {exposure_time}), 'ExposureTime'),
        @extschema@.thumbexif_display(jsonb_build_object('FNumber', {f_number}), 'FNumber'),
        @extschema@.thumbexif_display(jsonb_build_object('ISOSpeedRatings', {iso}), 'ISOSpeedRatings'),
        @extschema@.thumbexif_display(jsonb_build_object('FocalLength', {focal_length}), 'FocalLength')), '') AS exposure,
    {latitude} AS latitude,
    {longitude} AS longitude,
    {altitude} AS altitude,
    {direction} AS direction,
    {width} AS width,
    {height} AS height,
    CAST({width} AS double precision) / NULLIF({height}, 0) AS aspect,
    {keywords} AS keywords,
    {title} AS title,
    {description} AS description,
    {rating} AS rating,
    encode({thumbhash}, 'base64') AS thumbhash,
    {base} || COALESCE(substring({thumbnail_path} FROM '[^/]+/[0-9]+/[0-9a-f]{2}/[0-9a-f]{2}/[^/]+$'), {row_thumbnail}) AS thumbnail,
    {thumbnails} AS thumbnails,
    -- of the row, for the parameter "after": microseconds since 1970, or infinity, or nothing for photos without a date; then the key
    concat(CASE WHEN isfinite({taken_at}) THEN CAST(CAST(extract(epoch FROM {taken_at}) * 1000000 AS bigint) AS text)
                WHEN {taken_at} = timestamptz 'infinity' THEN 'infinity' END, '_', {id}) AS cursor
FROM {relation} AS t;

COMMENT ON VIEW {schema}.photos IS 'photos, made by thumbexif_api(): run it again when columns have changed';
