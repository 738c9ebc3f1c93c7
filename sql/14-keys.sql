-- Keys of several columns.

ALTER TABLE thumbexif_internal.thumbexif_attachment ADD COLUMN key_columns pg_catalog.name[],
    ADD COLUMN key_types pg_catalog.regtype[];
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.key_columns IS
    'columns of the key, in order, if it has several, of which id_column is the first; NULL: id_column is the key';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.key_types IS
    'types of these columns when the table was attached';
