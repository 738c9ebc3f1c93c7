-- Whether thumbnails are where they were written.

ALTER TABLE thumbexif_internal.thumbexif_asset ADD COLUMN file_size bigint;
COMMENT ON COLUMN thumbexif_internal.thumbexif_asset.file_size IS 'bytes of our thumbnail file; NULL if it is of version 1.0';

CREATE TABLE thumbexif_internal.thumbexif_folder
(
    thumbnail_dir pg_catalog.text,
    folder        pg_catalog.text,
    PRIMARY KEY (thumbnail_dir, folder)
);
COMMENT ON TABLE thumbexif_internal.thumbexif_folder IS
    'folders of this database in which thumbnails were written: one without its marker file may not be mounted';
COMMENT ON COLUMN thumbexif_internal.thumbexif_folder.thumbnail_dir IS 'thumbexif.thumbnail_dir then';
COMMENT ON COLUMN thumbexif_internal.thumbexif_folder.folder IS 'the database''s folder in it';
