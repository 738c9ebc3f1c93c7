-- Detection of lost thumbnails and lost folders; thumbnails of damaged images; sidecars; how long replaced thumbnails are kept.

ALTER TABLE thumbexif_internal.thumbexif_asset ADD COLUMN file_size bigint;
COMMENT ON COLUMN thumbexif_internal.thumbexif_asset.file_size IS 'bytes of our thumbnail; NULL if version 1.0 wrote it';

ALTER TABLE thumbexif_internal.thumbexif_asset ADD COLUMN damage pg_catalog.text;
COMMENT ON COLUMN thumbexif_internal.thumbexif_asset.damage IS
    'what is wrong with the image, of which our thumbnail shows what is left; NULL if it is not damaged';

ALTER TABLE thumbexif_internal.thumbexif_asset ADD COLUMN sidecar bigint;
COMMENT ON COLUMN thumbexif_internal.thumbexif_asset.sidecar IS
    'a hash of size and mtime of the file with XMP beside the image that was examined last; NULL if there was none';

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

ALTER TABLE thumbexif_internal.thumbexif_removal ADD COLUMN replaced_at pg_catalog.timestamptz NOT NULL DEFAULT '-infinity'::pg_catalog.timestamptz;
COMMENT ON COLUMN thumbexif_internal.thumbexif_removal.replaced_at IS
    'when it was replaced, from when on it is kept for thumbexif.keep_replaced; -infinity: it is not kept';
CREATE INDEX thumbexif_removal_replaced_at ON thumbexif_internal.thumbexif_removal (replaced_at);
COMMENT ON INDEX thumbexif_internal.thumbexif_removal_replaced_at IS 'files in the order in which they are removed';
