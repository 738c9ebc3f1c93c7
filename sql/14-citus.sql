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

CREATE TABLE thumbexif_internal.thumbexif_left
(
    shard bigint NOT NULL,
    id    pg_catalog.text NOT NULL,
    PRIMARY KEY (shard, id)
);
COMMENT ON TABLE thumbexif_internal.thumbexif_left IS
    'assets with a thumbnail, in shards that this node no longer has, that were not done when the shard left: the node that has it asks for them';

CREATE TABLE thumbexif_internal.thumbexif_cluster
(
    cluster pg_catalog.text PRIMARY KEY
);
COMMENT ON TABLE thumbexif_internal.thumbexif_cluster IS
    'the Citus cluster to which this node belongs, once a table of Citus is attached: the name of the folder that its nodes share';
