-- Columns of facts beside the first nine: which columns of attached tables they are mapped to.

ALTER TABLE thumbexif_internal.thumbexif_attachment
    ADD COLUMN thumbhash_column pg_catalog.name,
    ADD COLUMN taken_at_local_column pg_catalog.name,
    ADD COLUMN taken_at_offset_column pg_catalog.name,
    ADD COLUMN taken_at_offset_source_column pg_catalog.name,
    ADD COLUMN iso_column pg_catalog.name,
    ADD COLUMN f_number_column pg_catalog.name,
    ADD COLUMN exposure_time_column pg_catalog.name,
    ADD COLUMN focal_length_column pg_catalog.name,
    ADD COLUMN focal_length_35mm_column pg_catalog.name,
    ADD COLUMN lens_column pg_catalog.name,
    ADD COLUMN orientation_column pg_catalog.name,
    ADD COLUMN altitude_column pg_catalog.name,
    ADD COLUMN direction_column pg_catalog.name,
    ADD COLUMN rating_column pg_catalog.name,
    ADD COLUMN title_column pg_catalog.name,
    ADD COLUMN description_column pg_catalog.name,
    ADD COLUMN keywords_column pg_catalog.name,
    ADD COLUMN format_column pg_catalog.name,
    ADD COLUMN file_size_column pg_catalog.name,
    ADD COLUMN file_hash_column pg_catalog.name,
    ADD COLUMN picture_hash_column pg_catalog.name;
