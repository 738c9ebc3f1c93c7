-- Thumbnails in rows instead of files, and in several sizes.

ALTER TABLE thumbexif_internal.thumbexif_attachment ADD COLUMN thumbnail_column pg_catalog.name,
    ADD COLUMN thumbnail_sizes pg_catalog.text, ADD COLUMN former_thumbnail_column pg_catalog.name;
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.thumbnail_column IS
    'column in which thumbnails are stored, instead of files';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.thumbnail_sizes IS
    'sizes of its thumbnails, the first one that of the row; NULL: as thumbexif.thumbnail_sizes says';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.former_thumbnail_column IS
    'column in which thumbnails were stored before, until they are made anew as files';

-- One row for each size of an asset that has several.  The first size is in the state or in the user's row: here, it has
-- neither file nor bytes.  These are the columns common to all key types; the rows are in the child tables.
CREATE TABLE thumbexif_internal.thumbexif_thumbnail
(
    attachment integer NOT NULL,
    size       integer NOT NULL,                      -- of the square in which it fits, pixels
    width      integer NOT NULL,
    height     integer NOT NULL,
    format     pg_catalog.text NOT NULL,
    length     bigint,                                -- bytes; NULL if version 1.0 wrote it
    file       pg_catalog.text,                       -- below the folder of the attachment
    path       pg_catalog.text,                       -- of the file when it was made, absolute
    bytes      pg_catalog.bytea
);
ALTER TABLE thumbexif_internal.thumbexif_thumbnail ALTER COLUMN bytes SET STORAGE EXTERNAL;	-- inherited
COMMENT ON TABLE thumbexif_internal.thumbexif_thumbnail IS
    'thumbnails of assets that have several sizes: columns common to all key types (rows are in the child tables)';

CREATE TABLE thumbexif_internal.thumbexif_thumbnail_bigint (id bigint NOT NULL, PRIMARY KEY (attachment, id, size))
    INHERITS (thumbexif_internal.thumbexif_thumbnail);
COMMENT ON TABLE thumbexif_internal.thumbexif_thumbnail_bigint IS 'thumbnails in several sizes of tables with smallint, integer or bigint keys';

CREATE TABLE thumbexif_internal.thumbexif_thumbnail_uuid (id pg_catalog.uuid NOT NULL, PRIMARY KEY (attachment, id, size))
    INHERITS (thumbexif_internal.thumbexif_thumbnail);
COMMENT ON TABLE thumbexif_internal.thumbexif_thumbnail_uuid IS 'thumbnails in several sizes of tables with uuid keys';

CREATE TABLE thumbexif_internal.thumbexif_thumbnail_text (id pg_catalog.text COLLATE pg_catalog."C" NOT NULL, PRIMARY KEY (attachment, id, size))
    INHERITS (thumbexif_internal.thumbexif_thumbnail);
COMMENT ON TABLE thumbexif_internal.thumbexif_thumbnail_text IS 'thumbnails in several sizes of tables with text or varchar keys';
