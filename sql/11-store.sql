-- Detection of lost thumbnails and lost folders.

ALTER TABLE thumbexif_internal.thumbexif_asset ADD COLUMN file_size bigint;
COMMENT ON COLUMN thumbexif_internal.thumbexif_asset.file_size IS 'bytes of our thumbnail file; NULL if version 1.0 wrote it';

CREATE TABLE thumbexif_internal.thumbexif_folder
(
    thumbnail_dir pg_catalog.text,
    folder        pg_catalog.text,
    PRIMARY KEY (thumbnail_dir, folder)
);
COMMENT ON TABLE thumbexif_internal.thumbexif_folder IS
    'folders in which this database has written thumbnails; one without its marker file may not be mounted';
COMMENT ON COLUMN thumbexif_internal.thumbexif_folder.thumbnail_dir IS 'thumbexif.thumbnail_dir at that time';
COMMENT ON COLUMN thumbexif_internal.thumbexif_folder.folder IS 'folder of the database in it';
