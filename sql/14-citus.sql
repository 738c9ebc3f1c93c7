-- Citus: the shards of distributed tables are members of the attached table, and their thumbnails lie in a folder that all nodes share.

ALTER TABLE thumbexif_internal.thumbexif_attachment ADD COLUMN shard bigint, ADD COLUMN folder_shard bigint;
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.shard IS
    'of a member that is a shard of Citus: its number';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.folder_shard IS
    'of a shard: the number that its thumbnail folder has as a name: its own, or of a shard of a partition that of the partitioned table''s shard';

ALTER TABLE thumbexif_internal.thumbexif_attachment ADD COLUMN arrived boolean, ADD COLUMN nodes pg_catalog.int4[];
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.arrived IS
    'of a shard: it came from another node, and it is not known yet which of its rows are done; NULL: it did not';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.nodes IS
    'on the coordinator of a Citus cluster: the groups of the other nodes on which the table is attached';

ALTER TABLE thumbexif_internal.thumbexif_attachment ADD COLUMN dropped_name pg_catalog.text, ADD COLUMN dropped_in pg_catalog.xid8,
    ADD COLUMN dropped_at pg_catalog.timestamptz;
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.dropped_name IS
    'of a table that was dropped, and perhaps converted by Citus: its name, which the table has that takes its place; NULL: it exists';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.dropped_in IS 'the transaction that has dropped it, in which the other table gets its name';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.dropped_at IS 'when that was';

CREATE TABLE thumbexif_internal.thumbexif_shard
(
    relation pg_catalog.regclass NOT NULL,
    shard    bigint  NOT NULL,
    former   boolean NOT NULL DEFAULT false,          -- it was split, or the table was converted
    shared   boolean NOT NULL DEFAULT false,          -- of a partitioned table: rows of one that was a partition may name files, too
    PRIMARY KEY (relation, shard)
);
COMMENT ON TABLE thumbexif_internal.thumbexif_shard IS
    'shards that attached tables of Citus have or had, on whichever node: their thumbnails lie in folders with these numbers';

CREATE TABLE thumbexif_internal.thumbexif_left
(
    attachment         integer NOT NULL,              -- of the table that was named
    id                 pg_catalog.text NOT NULL,
    thumbnail_settings pg_catalog.text,               -- of an asset that was done; both NULL: it was to be done
    exif_settings      pg_catalog.text,
    PRIMARY KEY (attachment, id)
);
COMMENT ON TABLE thumbexif_internal.thumbexif_left IS
    'assets with a thumbnail, in shards that this node no longer has, that were not done when the shard left, or with other settings: the node that has the row asks for them';

CREATE TABLE thumbexif_internal.thumbexif_cluster
(
    cluster pg_catalog.text PRIMARY KEY
);
COMMENT ON TABLE thumbexif_internal.thumbexif_cluster IS
    'the Citus cluster to which this node belongs, once a table of Citus is attached: the name of the folder that its nodes share';
