-- Members of attached tables: the tables that have the rows of one that has none itself, as the partitions of a partitioned table.

-- A member has an attachment of its own, with a number for its states, and the mapping of its parent.
ALTER TABLE thumbexif_internal.thumbexif_attachment ADD COLUMN parent integer;
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.parent IS
    'of a member: the attachment of the table that was named, whose mapping it has; NULL: it was named itself';

CREATE TABLE thumbexif_internal.thumbexif_released
(
    attachment integer NOT NULL,                      -- in whose folder it is
    relation   pg_catalog.regclass NOT NULL,          -- the table that left
    file       pg_catalog.text NOT NULL,
    PRIMARY KEY (attachment, file)
);
COMMENT ON TABLE thumbexif_internal.thumbexif_released IS
    'thumbnail files that rows of former members name: thumbexif_clean() keeps them';
COMMENT ON COLUMN thumbexif_internal.thumbexif_released.file IS 'name below the folder of the attachment';
