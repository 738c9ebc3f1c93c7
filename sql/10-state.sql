-- The extension's own tables: what is attached, the state of each asset (which is also
-- the queue), and thumbnail files that wait to be removed.

CREATE TYPE thumbexif_internal.thumbexif_asset_status AS ENUM
    ('new', 'queued', 'running', 'done', 'failed', 'missing', 'unsupported');
COMMENT ON TYPE thumbexif_internal.thumbexif_asset_status IS 'where an asset stands';

CREATE SEQUENCE thumbexif_internal.thumbexif_attachment_seq AS integer;
COMMENT ON SEQUENCE thumbexif_internal.thumbexif_attachment_seq IS 'numbers of attachments, never used twice';

CREATE TABLE thumbexif_internal.thumbexif_attachment
(
    attachment           integer  PRIMARY KEY,        -- from thumbexif_internal.thumbexif_attachment_seq
    relation             regclass NOT NULL UNIQUE,
    key_type             regtype  NOT NULL,           -- when it was attached: says which state table
    id_column            name     NOT NULL,
    path_column          name     NOT NULL,
    -- NULL: not written
    thumbnail_path_column name,
    width_column         name,
    height_column        name,
    taken_at_column      name,
    camera_make_column   name,
    camera_model_column  name,
    gps_latitude_column  name,
    gps_longitude_column name,
    exif_metadata_column name,
    paused               boolean  NOT NULL DEFAULT false,
    pause_reason         text
);
COMMENT ON TABLE thumbexif_internal.thumbexif_attachment IS 'tables thumbexif works on, and the names of their columns';

-- One row an asset that thumbexif has met.  A row of the user's table without one is "new".
-- The columns that all kinds of keys share; the rows are in the two tables that inherit.
CREATE TABLE thumbexif_internal.thumbexif_asset
(
    attachment         integer NOT NULL,
    status             thumbexif_internal.thumbexif_asset_status NOT NULL,
    claimed_from       thumbexif_internal.thumbexif_asset_status,        -- while running: what it was before
    claim              integer,                       -- while running: whose lock proves that somebody is at it
    -- counts changes; a result for another version is dropped.  It begins with the transaction that made the
    -- row, so that an asset that was deleted and inserted again never meets a result for the earlier one.
    version            bigint   NOT NULL DEFAULT pg_current_xact_id()::text::bigint << 20,
    next_try           timestamptz,                   -- queued or missing: not before; now() when it is queued
    path_hash          bigint,                        -- of the path that was examined last
    source_size        bigint,                        -- bytes of the file then
    source_mtime       bigint,                        -- its mtime, ns since 1970
    limit_hit          bigint,                        -- the limit on which it failed, as it was then
    finished_at        timestamptz,                   -- last verdict
    attempts           smallint NOT NULL DEFAULT 0,   -- since path, file or settings changed
    interruptions      smallint NOT NULL DEFAULT 0,   -- claims that died with their owner
    verdict            smallint,                      -- outcome of the last examination, src/wire/status.h
    wrote              smallint NOT NULL DEFAULT 0,   -- bits of the columns we filled from EXIF
    thumbnail_settings text,                          -- our thumbnail was made with; NULL = none of ours
    exif_settings      text,                          -- EXIF was examined with; NULL = never
    tried_settings     text,                          -- both, when it failed
    file               text,                          -- our thumbnail file, below the attachment's folder
    path               text,                          -- on failure
    error              text,
    exif_error         text
) WITH (fillfactor = 80);
COMMENT ON TABLE thumbexif_internal.thumbexif_asset IS 'state of each asset: what all kinds of keys share (rows are in the inheriting tables)';

-- Every asset is updated some times while it is worked on and then rests: dead rows are to be cleared as they come.
CREATE TABLE thumbexif_internal.thumbexif_asset_bigint (id bigint NOT NULL, PRIMARY KEY (attachment, id))
    INHERITS (thumbexif_internal.thumbexif_asset) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE thumbexif_internal.thumbexif_asset_bigint IS 'state of each asset of tables with smallint, integer or bigint keys';

CREATE TABLE thumbexif_internal.thumbexif_asset_uuid (id uuid NOT NULL, PRIMARY KEY (attachment, id))
    INHERITS (thumbexif_internal.thumbexif_asset) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE thumbexif_internal.thumbexif_asset_uuid IS 'state of each asset of tables with uuid keys';

-- The queue, as the background worker reads it.  Fresh assets, newest first (those of one transaction
-- by key); those to be tried or looked at again when their time has come; and those in work, among which
-- some may have lost their owner.  Only the first is written when rows arrive.
CREATE INDEX thumbexif_asset_bigint_fresh ON thumbexif_internal.thumbexif_asset_bigint (attachment, next_try, id)
    WHERE status = 'queued' AND attempts = 0;
CREATE INDEX thumbexif_asset_bigint_again ON thumbexif_internal.thumbexif_asset_bigint (attachment, next_try)
    WHERE status = 'missing' OR (status = 'queued' AND attempts > 0);
CREATE INDEX thumbexif_asset_bigint_running ON thumbexif_internal.thumbexif_asset_bigint (attachment, claim)
    WHERE status = 'running';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_bigint_fresh IS 'queued assets that were not tried yet';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_bigint_again IS 'assets to be tried or looked at again';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_bigint_running IS 'claims';

CREATE INDEX thumbexif_asset_uuid_fresh ON thumbexif_internal.thumbexif_asset_uuid (attachment, next_try, id)
    WHERE status = 'queued' AND attempts = 0;
CREATE INDEX thumbexif_asset_uuid_again ON thumbexif_internal.thumbexif_asset_uuid (attachment, next_try)
    WHERE status = 'missing' OR (status = 'queued' AND attempts > 0);
CREATE INDEX thumbexif_asset_uuid_running ON thumbexif_internal.thumbexif_asset_uuid (attachment, claim)
    WHERE status = 'running';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_uuid_fresh IS 'queued assets that were not tried yet';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_uuid_again IS 'assets to be tried or looked at again';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_uuid_running IS 'claims';

CREATE SEQUENCE thumbexif_internal.thumbexif_claim_seq AS integer CYCLE;
COMMENT ON SEQUENCE thumbexif_internal.thumbexif_claim_seq IS 'numbers of those who claim assets';

CREATE TABLE thumbexif_internal.thumbexif_removal
(
    removal    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment integer NOT NULL,
    file       text    NOT NULL
);
COMMENT ON TABLE thumbexif_internal.thumbexif_removal IS 'thumbnail files to unlink, once the transaction that listed them is safe on disk';
COMMENT ON COLUMN thumbexif_internal.thumbexif_removal.file IS 'its name below the folder of its attachment';

CREATE TABLE thumbexif_internal.thumbexif_dropped
(
    attachment integer PRIMARY KEY
);
COMMENT ON TABLE thumbexif_internal.thumbexif_dropped IS 'attachments whose tables were dropped: thumbexif_clean() empties their folders';

-- An extension that is dropped and created again must not use the folders of its predecessor, whose
-- thumbnails the rows still name: numbers start with the seconds since 2025, and thumbexif_attach()
-- passes over those whose folder is there.
SELECT setval('thumbexif_internal.thumbexif_attachment_seq', extract(epoch FROM now() - timestamptz '2025-01-01 00:00:00+00')::integer);

-- What pg_dump takes along: all of it, as long as the table is there.
SELECT pg_extension_config_dump('thumbexif_internal.thumbexif_attachment',
    'WHERE relation IN (SELECT oid FROM pg_catalog.pg_class)');
SELECT pg_extension_config_dump('thumbexif_internal.thumbexif_attachment_seq', '');
SELECT pg_extension_config_dump('thumbexif_internal.thumbexif_asset_bigint',
    'WHERE attachment IN (SELECT a.attachment FROM thumbexif_internal.thumbexif_attachment a'
    ' JOIN pg_catalog.pg_class c ON c.oid = a.relation)');
SELECT pg_extension_config_dump('thumbexif_internal.thumbexif_asset_uuid',
    'WHERE attachment IN (SELECT a.attachment FROM thumbexif_internal.thumbexif_attachment a'
    ' JOIN pg_catalog.pg_class c ON c.oid = a.relation)');
SELECT pg_extension_config_dump('thumbexif_internal.thumbexif_claim_seq', '');
SELECT pg_extension_config_dump('thumbexif_internal.thumbexif_removal', '');
SELECT pg_extension_config_dump('thumbexif_internal.thumbexif_removal_removal_seq', '');
SELECT pg_extension_config_dump('thumbexif_internal.thumbexif_dropped', '');
