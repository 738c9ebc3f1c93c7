-- The extension's tables: attachments, the state of each asset (which is also the queue),
-- and thumbnail files to be removed.

CREATE TYPE thumbexif_internal.thumbexif_asset_status AS ENUM
    ('new', 'queued', 'running', 'done', 'failed', 'missing', 'unsupported');
COMMENT ON TYPE thumbexif_internal.thumbexif_asset_status IS 'status of an asset';

CREATE SEQUENCE thumbexif_internal.thumbexif_attachment_seq AS integer;
COMMENT ON SEQUENCE thumbexif_internal.thumbexif_attachment_seq IS 'numbers of attachments, never used twice';

CREATE TABLE thumbexif_internal.thumbexif_attachment
(
    attachment           integer  PRIMARY KEY,        -- from thumbexif_internal.thumbexif_attachment_seq
    relation             pg_catalog.regclass NOT NULL UNIQUE,
    key_type             pg_catalog.regtype  NOT NULL,           -- when it was attached: says which state table
    id_column            pg_catalog.name     NOT NULL,
    path_column          pg_catalog.name     NOT NULL,
    -- NULL: absent, skipped
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
    pause_reason         pg_catalog.text
);
COMMENT ON TABLE thumbexif_internal.thumbexif_attachment IS 'tables thumbexif works on, and the names of their columns';

-- One row per asset; a row of the user's table without one is "new".  The columns that all key types
-- share; the rows are in the two inheriting tables.
CREATE TABLE thumbexif_internal.thumbexif_asset
(
    attachment         integer NOT NULL,
    status             thumbexif_internal.thumbexif_asset_status NOT NULL,
    claimed_from       thumbexif_internal.thumbexif_asset_status,        -- while running: what it was before
    claim              integer,                       -- while running: whose lock proves that somebody is at it
    -- counts changes; a result for another version is dropped.  Starts at the id of the inserting transaction, so
    -- that a result for a row that was deleted never reaches one inserted later with the same key.
    version            bigint   NOT NULL DEFAULT pg_catalog.pg_current_xact_id()::pg_catalog.text::bigint OPERATOR(pg_catalog.<<) 20,
    next_try           pg_catalog.timestamptz,        -- queued or missing: not before; now() when it is queued
    path_hash          bigint,                        -- of the path that was examined last
    source_size        bigint,                        -- bytes of the file then
    source_mtime       bigint,                        -- its mtime, ns since 1970
    limit_hit          bigint,                        -- the limit on which it failed, as it was then
    finished_at        pg_catalog.timestamptz,        -- last verdict
    attempts           smallint NOT NULL DEFAULT 0,   -- since path, file or settings changed
    interruptions      smallint NOT NULL DEFAULT 0,   -- claims that died with their owner
    verdict            smallint,                      -- outcome of the last examination, src/wire/status.h
    wrote              smallint NOT NULL DEFAULT 0,   -- bits of the columns we filled from EXIF
    thumbnail_settings pg_catalog.text,               -- our thumbnail was made with; NULL = none of ours
    exif_settings      pg_catalog.text,               -- EXIF was examined with; NULL = never
    tried_settings     pg_catalog.text,               -- both, when it failed
    file               pg_catalog.text,               -- our thumbnail file, below the attachment's folder
    path               pg_catalog.text,               -- on failure
    error              pg_catalog.text,
    exif_error         pg_catalog.text
) WITH (fillfactor = 80);
COMMENT ON TABLE thumbexif_internal.thumbexif_asset IS 'state of each asset: what all kinds of keys share (rows are in the inheriting tables)';

-- Every asset is updated several times while it is processed, then rarely: vacuum dead rows soon.
CREATE TABLE thumbexif_internal.thumbexif_asset_bigint (id bigint NOT NULL, PRIMARY KEY (attachment, id))
    INHERITS (thumbexif_internal.thumbexif_asset) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE thumbexif_internal.thumbexif_asset_bigint IS 'state of each asset of tables with smallint, integer or bigint keys';

CREATE TABLE thumbexif_internal.thumbexif_asset_uuid (id pg_catalog.uuid NOT NULL, PRIMARY KEY (attachment, id))
    INHERITS (thumbexif_internal.thumbexif_asset) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE thumbexif_internal.thumbexif_asset_uuid IS 'state of each asset of tables with uuid keys';

CREATE SEQUENCE thumbexif_internal.thumbexif_claim_seq AS integer CYCLE;
COMMENT ON SEQUENCE thumbexif_internal.thumbexif_claim_seq IS 'numbers of claims';

CREATE TABLE thumbexif_internal.thumbexif_removal
(
    removal    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment integer NOT NULL,
    file       pg_catalog.text    NOT NULL
);
COMMENT ON TABLE thumbexif_internal.thumbexif_removal IS 'thumbnail files to unlink, once the transaction that listed them is safe on disk';
COMMENT ON COLUMN thumbexif_internal.thumbexif_removal.file IS 'its name below the folder of its attachment';

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
    'device of each folder of thumbexif.image_roots when images were last found in it: another one may be a lost mount';

-- An extension that is dropped and created again must not use the folders of the previous one, whose
-- thumbnails the rows still name: numbers start with the seconds since 2025, and thumbexif_attach()
-- skips numbers whose folder exists.
SELECT pg_catalog.setval('thumbexif_internal.thumbexif_attachment_seq'::pg_catalog.regclass,
    extract(epoch FROM pg_catalog.now() OPERATOR(pg_catalog.-) '2025-01-01 00:00:00+00'::pg_catalog.timestamptz)::bigint);
