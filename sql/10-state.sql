-- Tables of the extension: attached tables, the state of each asset (which is also the queue), and thumbnail files
-- to be removed.

CREATE TYPE thumbexif_internal.thumbexif_asset_status AS ENUM
    ('new', 'queued', 'running', 'done', 'failed', 'missing', 'unsupported');
COMMENT ON TYPE thumbexif_internal.thumbexif_asset_status IS 'status of an asset';

CREATE SEQUENCE thumbexif_internal.thumbexif_attachment_seq AS integer;
COMMENT ON SEQUENCE thumbexif_internal.thumbexif_attachment_seq IS 'numbers of attachments, which are never reused';

CREATE TABLE thumbexif_internal.thumbexif_attachment
(
    attachment           integer  PRIMARY KEY,        -- from thumbexif_internal.thumbexif_attachment_seq
    relation             pg_catalog.regclass NOT NULL UNIQUE,
    key_type             pg_catalog.regtype  NOT NULL,           -- when it was attached; determines the state table
    id_column            pg_catalog.name     NOT NULL,
    path_column          pg_catalog.name     NOT NULL,
    -- NULL: there was no such column; '': it is not to be written
    thumbnail_path_column pg_catalog.name,
    width_column         pg_catalog.name,
    height_column        pg_catalog.name,
    taken_at_column      pg_catalog.name,
    camera_make_column   pg_catalog.name,
    camera_model_column  pg_catalog.name,
    gps_latitude_column  pg_catalog.name,
    gps_longitude_column pg_catalog.name,
    exif_metadata_column pg_catalog.name,
    paused               boolean  NOT NULL DEFAULT false,
    pause_reason         pg_catalog.text,
    search_path          pg_catalog.text,             -- NULL: pg_catalog
    search_path_owner    pg_catalog.name,             -- a name, since the role may not exist where a dump is restored
    notify               pg_catalog.text              -- NULL: no channel
);
COMMENT ON TABLE thumbexif_internal.thumbexif_attachment IS 'attached tables and the names of their columns';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.search_path IS
    'search_path of the session that attached the table, under which the table''s own code runs';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.search_path_owner IS
    'owner of the table at that time: under another owner search_path does not count';
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.notify IS 'channel that is notified when assets are finished';

-- One row for each asset that thumbexif knows.  A row of a user's table without a state row has status "new".
-- These are the columns common to all key types; the rows are in the child tables.
CREATE TABLE thumbexif_internal.thumbexif_asset
(
    attachment         integer NOT NULL,
    status             thumbexif_internal.thumbexif_asset_status NOT NULL,
    claimed_from       thumbexif_internal.thumbexif_asset_status,        -- while running: the status before
    claim              integer,                       -- while running: number of the lock that its owner holds
    -- counts changes; a result for another version is dropped.  Starts with the inserting transaction's id, so that
    -- after a DELETE and INSERT of an asset, a result for the earlier row is dropped.
    version            bigint   NOT NULL DEFAULT pg_catalog.pg_current_xact_id()::pg_catalog.text::bigint OPERATOR(pg_catalog.<<) 20,
    next_try           pg_catalog.timestamptz,        -- queued or missing: earliest time; now() when it is queued
    path_hash          bigint,                        -- of the path examined last
    source_size        bigint,                        -- bytes of that file
    source_mtime       bigint,                        -- its mtime, nanoseconds since 1970
    limit_hit          bigint,                        -- value of the limit that it exceeded
    finished_at        pg_catalog.timestamptz,        -- time of the last outcome
    attempts           smallint NOT NULL DEFAULT 0,   -- since path, file or settings changed
    interruptions      smallint NOT NULL DEFAULT 0,   -- claims whose owner died
    verdict            smallint,                      -- outcome of the last examination, see src/wire/status.h
    wrote              bigint   NOT NULL DEFAULT 0,   -- bits of the columns that we filled from EXIF
    thumbnail_settings pg_catalog.text,               -- settings of our thumbnail; NULL = there is none
    exif_settings      pg_catalog.text,               -- settings when EXIF was examined; NULL = never
    tried_settings     pg_catalog.text,               -- both settings, when it failed
    file               pg_catalog.text,               -- our thumbnail file, below the folder of the attachment
    path               pg_catalog.text,               -- after a failure
    error              pg_catalog.text,
    exif_error         pg_catalog.text
) WITH (fillfactor = 80);
COMMENT ON TABLE thumbexif_internal.thumbexif_asset IS 'state of each asset: columns common to all key types (rows are in the child tables)';

-- Each asset is updated several times and then no more, so vacuum should remove dead rows early.
CREATE TABLE thumbexif_internal.thumbexif_asset_bigint (id bigint NOT NULL, PRIMARY KEY (attachment, id))
    INHERITS (thumbexif_internal.thumbexif_asset) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE thumbexif_internal.thumbexif_asset_bigint IS 'state of each asset of tables with smallint, integer or bigint keys';

CREATE TABLE thumbexif_internal.thumbexif_asset_uuid (id pg_catalog.uuid NOT NULL, PRIMARY KEY (attachment, id))
    INHERITS (thumbexif_internal.thumbexif_asset) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE thumbexif_internal.thumbexif_asset_uuid IS 'state of each asset of tables with uuid keys';

CREATE TABLE thumbexif_internal.thumbexif_asset_text (id pg_catalog.text COLLATE pg_catalog."C" NOT NULL, PRIMARY KEY (attachment, id))
    INHERITS (thumbexif_internal.thumbexif_asset) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE thumbexif_internal.thumbexif_asset_text IS 'state of each asset of tables with text or varchar keys';

-- Rows that large statements have inserted, and whose assets are not queued yet: they have no state.
CREATE TABLE thumbexif_internal.thumbexif_inserted_range
(
    number     bigint GENERATED ALWAYS AS IDENTITY,
    attachment integer  NOT NULL,
    lowest     bigint   NOT NULL,                     -- key
    highest    bigint   NOT NULL,
    next_try   pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),
    tries      smallint NOT NULL DEFAULT 0,           -- how often it was put off, since others had locked its keys
    PRIMARY KEY (attachment, number)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE thumbexif_internal.thumbexif_inserted_range IS
    'ranges of integer keys that large statements have inserted, for the worker to queue their assets piece by piece';

CREATE SEQUENCE thumbexif_internal.thumbexif_claim_seq AS integer CYCLE;
COMMENT ON SEQUENCE thumbexif_internal.thumbexif_claim_seq IS 'numbers of claims';

CREATE TABLE thumbexif_internal.thumbexif_removal
(
    removal    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment integer NOT NULL,
    file       pg_catalog.text    NOT NULL
);
COMMENT ON TABLE thumbexif_internal.thumbexif_removal IS 'thumbnail files to unlink after the transaction that listed them is flushed';
COMMENT ON COLUMN thumbexif_internal.thumbexif_removal.file IS 'name below the folder of the attachment';

-- A worker may list files in a database that is being restored, before the list of the dump comes: its numbers must be others.
SELECT pg_catalog.setval('thumbexif_internal.thumbexif_removal_removal_seq'::pg_catalog.regclass, (pg_catalog.random() OPERATOR(pg_catalog.*) 4e18::pg_catalog.float8)::pg_catalog.int8);

CREATE TABLE thumbexif_internal.thumbexif_dropped
(
    attachment integer PRIMARY KEY
);
COMMENT ON TABLE thumbexif_internal.thumbexif_dropped IS 'attachments whose tables were dropped: thumbexif_clean() empties their folders';

CREATE TABLE thumbexif_internal.thumbexif_root
(
    root   pg_catalog.text PRIMARY KEY,
    device bigint NOT NULL,
    seen   pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE thumbexif_internal.thumbexif_root IS
    'device on which images were last found in each folder of thumbexif.image_roots; another device may mean a lost mount';

-- After DROP EXTENSION and CREATE EXTENSION, the folders of the old attachments must not be reused, since rows still
-- name thumbnails in them.  So numbers start with the seconds since 2025, and thumbexif_attach() skips numbers whose
-- folder exists.
SELECT pg_catalog.setval('thumbexif_internal.thumbexif_attachment_seq'::pg_catalog.regclass,
    extract(epoch FROM pg_catalog.now() OPERATOR(pg_catalog.-) '2025-01-01 00:00:00+00'::pg_catalog.timestamptz)::bigint);
