\echo Use "CREATE EXTENSION thumbexif" to load this file. \quit
-- The extension's own tables: what is attached, the state of each asset (which is also
-- the queue), and thumbnail files that wait to be removed.

CREATE TYPE thumbexif_asset_status AS ENUM
    ('new', 'queued', 'running', 'done', 'failed', 'missing', 'unsupported');
COMMENT ON TYPE thumbexif_asset_status IS 'where an asset stands';

CREATE SEQUENCE thumbexif_attachment_seq AS integer;
COMMENT ON SEQUENCE thumbexif_attachment_seq IS 'numbers of attachments, never used twice';

CREATE TABLE thumbexif_attachment
(
    attachment           integer  PRIMARY KEY,        -- from thumbexif_attachment_seq
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
COMMENT ON TABLE thumbexif_attachment IS 'tables thumbexif works on, and the names of their columns';

-- One row an asset that thumbexif has met.  A row of the user's table without one is "new".
-- The columns that all kinds of keys share; the rows are in the two tables that inherit.
CREATE TABLE thumbexif_asset
(
    attachment         integer NOT NULL,
    status             thumbexif_asset_status NOT NULL,
    claimed_from       thumbexif_asset_status,        -- while running: what it was before
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
COMMENT ON TABLE thumbexif_asset IS 'state of each asset: what all kinds of keys share (rows are in the inheriting tables)';

-- Every asset is updated some times while it is worked on and then rests: dead rows are to be cleared as they come.
CREATE TABLE thumbexif_asset_bigint (id bigint NOT NULL, PRIMARY KEY (attachment, id))
    INHERITS (thumbexif_asset) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE thumbexif_asset_bigint IS 'state of each asset of tables with smallint, integer or bigint keys';

CREATE TABLE thumbexif_asset_uuid (id uuid NOT NULL, PRIMARY KEY (attachment, id))
    INHERITS (thumbexif_asset) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
COMMENT ON TABLE thumbexif_asset_uuid IS 'state of each asset of tables with uuid keys';

-- The queue, as the background worker reads it.  Fresh assets, newest first (those of one transaction
-- by key); those to be tried or looked at again when their time has come; and those in work, among which
-- some may have lost their owner.  Only the first is written when rows arrive.
CREATE INDEX thumbexif_asset_bigint_fresh ON thumbexif_asset_bigint (attachment, next_try, id)
    WHERE status = 'queued' AND attempts = 0;
CREATE INDEX thumbexif_asset_bigint_again ON thumbexif_asset_bigint (attachment, next_try)
    WHERE status = 'missing' OR (status = 'queued' AND attempts > 0);
CREATE INDEX thumbexif_asset_bigint_running ON thumbexif_asset_bigint (attachment, claim)
    WHERE status = 'running';
COMMENT ON INDEX thumbexif_asset_bigint_fresh IS 'queued assets that were not tried yet';
COMMENT ON INDEX thumbexif_asset_bigint_again IS 'assets to be tried or looked at again';
COMMENT ON INDEX thumbexif_asset_bigint_running IS 'claims';

CREATE INDEX thumbexif_asset_uuid_fresh ON thumbexif_asset_uuid (attachment, next_try, id)
    WHERE status = 'queued' AND attempts = 0;
CREATE INDEX thumbexif_asset_uuid_again ON thumbexif_asset_uuid (attachment, next_try)
    WHERE status = 'missing' OR (status = 'queued' AND attempts > 0);
CREATE INDEX thumbexif_asset_uuid_running ON thumbexif_asset_uuid (attachment, claim)
    WHERE status = 'running';
COMMENT ON INDEX thumbexif_asset_uuid_fresh IS 'queued assets that were not tried yet';
COMMENT ON INDEX thumbexif_asset_uuid_again IS 'assets to be tried or looked at again';
COMMENT ON INDEX thumbexif_asset_uuid_running IS 'claims';

CREATE SEQUENCE thumbexif_claim_seq AS integer CYCLE;
COMMENT ON SEQUENCE thumbexif_claim_seq IS 'numbers of those who claim assets';

CREATE TABLE thumbexif_removal
(
    removal    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment integer NOT NULL,
    file       text    NOT NULL
);
COMMENT ON TABLE thumbexif_removal IS 'thumbnail files to unlink, once the transaction that listed them is safe on disk';
COMMENT ON COLUMN thumbexif_removal.file IS 'its name below the folder of its attachment';

CREATE TABLE thumbexif_dropped
(
    attachment integer PRIMARY KEY
);
COMMENT ON TABLE thumbexif_dropped IS 'attachments whose tables were dropped: thumbexif_clean() empties their folders';

-- An extension that is dropped and created again must not use the folders of its predecessor, whose
-- thumbnails the rows still name: numbers start with the seconds since 2025, and thumbexif_attach()
-- passes over those whose folder is there.
SELECT setval('thumbexif_attachment_seq', extract(epoch FROM now() - timestamptz '2025-01-01 00:00:00+00')::integer);

-- What pg_dump takes along: all of it, as long as the table is there.
SELECT pg_extension_config_dump('thumbexif_attachment',
    'WHERE relation IN (SELECT oid FROM pg_catalog.pg_class)');
SELECT pg_extension_config_dump('thumbexif_attachment_seq', '');
SELECT pg_extension_config_dump('thumbexif_asset_bigint',
    'WHERE attachment IN (SELECT a.attachment FROM @extschema@.thumbexif_attachment a'
    ' JOIN pg_catalog.pg_class c ON c.oid = a.relation)');
SELECT pg_extension_config_dump('thumbexif_asset_uuid',
    'WHERE attachment IN (SELECT a.attachment FROM @extschema@.thumbexif_attachment a'
    ' JOIN pg_catalog.pg_class c ON c.oid = a.relation)');
SELECT pg_extension_config_dump('thumbexif_claim_seq', '');
SELECT pg_extension_config_dump('thumbexif_removal', '');
SELECT pg_extension_config_dump('thumbexif_removal_removal_seq', '');
SELECT pg_extension_config_dump('thumbexif_dropped', '');
-- Looking at one image, without a table.  All of these start a process and most read files of
-- the server, so nobody may call them until the right is granted.

CREATE FUNCTION thumbexif_thumbnail(path text, size integer DEFAULT NULL, format text DEFAULT NULL,
                                    quality integer DEFAULT NULL)
    RETURNS bytea
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_thumbnail_path';
COMMENT ON FUNCTION thumbexif_thumbnail(text, integer, text, integer) IS
    'thumbnail of an image file of the server; what is NULL or left out is taken from the settings';

CREATE FUNCTION thumbexif_thumbnail(image bytea, size integer DEFAULT NULL, format text DEFAULT NULL,
                                    quality integer DEFAULT NULL)
    RETURNS bytea
    LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_thumbnail_bytes';
COMMENT ON FUNCTION thumbexif_thumbnail(bytea, integer, text, integer) IS
    'thumbnail of an image; what is NULL or left out is taken from the settings';

CREATE FUNCTION thumbexif_exif(path text)
    RETURNS jsonb
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_exif_path';
COMMENT ON FUNCTION thumbexif_exif(text) IS
    'EXIF of an image file of the server, NULL if it has none';

CREATE FUNCTION thumbexif_exif(image bytea)
    RETURNS jsonb
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_exif_bytes';
COMMENT ON FUNCTION thumbexif_exif(bytea) IS 'EXIF of an image, NULL if it has none';

CREATE FUNCTION thumbexif_info(path text,
                               OUT format text, OUT width integer, OUT height integer,
                               OUT taken_at timestamptz, OUT camera_make text, OUT camera_model text,
                               OUT gps_latitude double precision, OUT gps_longitude double precision,
                               OUT exif_metadata jsonb)
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_info_path';
COMMENT ON FUNCTION thumbexif_info(text) IS
    'format, upright size and EXIF of an image file of the server';

CREATE FUNCTION thumbexif_info(image bytea,
                               OUT format text, OUT width integer, OUT height integer,
                               OUT taken_at timestamptz, OUT camera_make text, OUT camera_model text,
                               OUT gps_latitude double precision, OUT gps_longitude double precision,
                               OUT exif_metadata jsonb)
    LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_info_bytes';
COMMENT ON FUNCTION thumbexif_info(bytea) IS 'format, upright size and EXIF of an image';

CREATE FUNCTION thumbexif_version(OUT extension text, OUT libvips text, OUT libexif text,
                                  OUT formats_read text[], OUT formats_written text[], OUT self_test text)
    LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000
    AS 'MODULE_PATHNAME', 'thumbexif_version';
COMMENT ON FUNCTION thumbexif_version() IS
    'versions, the formats this build reads and writes, and "ok" or what does not work in it';

REVOKE EXECUTE ON FUNCTION
    thumbexif_thumbnail(text, integer, text, integer),
    thumbexif_thumbnail(bytea, integer, text, integer),
    thumbexif_exif(text), thumbexif_exif(bytea),
    thumbexif_info(text), thumbexif_info(bytea),
    thumbexif_version()
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION thumbexif_version() TO pg_monitor;
-- Putting thumbexif to work on a table, and off it.

CREATE FUNCTION thumbexif_attach(
    relation text DEFAULT 'image_assets',
    id text DEFAULT NULL,
    path text DEFAULT NULL,
    thumbnail_path text DEFAULT NULL,
    width text DEFAULT NULL,
    height text DEFAULT NULL,
    taken_at text DEFAULT NULL,
    camera_make text DEFAULT NULL,
    camera_model text DEFAULT NULL,
    gps_latitude text DEFAULT NULL,
    gps_longitude text DEFAULT NULL,
    exif_metadata text DEFAULT NULL)
RETURNS regclass
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_attach';
COMMENT ON FUNCTION thumbexif_attach(text, text, text, text, text, text, text, text, text, text, text, text) IS
    'work on a table, which is created if it does not exist; the parameters name its columns (NULL: the standard name if there is one, empty: none)';
REVOKE EXECUTE ON FUNCTION thumbexif_attach(text, text, text, text, text, text, text, text, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION thumbexif_detach(relation regclass DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_detach';
COMMENT ON FUNCTION thumbexif_detach(regclass) IS
    'leave a table alone from now on; its rows and thumbnails stay as they are';
REVOKE EXECUTE ON FUNCTION thumbexif_detach(regclass) FROM PUBLIC;

-- The joins of the trigger function are between a transition table, about whose size a kept plan
-- must not assume anything, and a state table whose index is always the way.
CREATE FUNCTION thumbexif_track()
RETURNS trigger
LANGUAGE c SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS 'MODULE_PATHNAME', 'thumbexif_track';
COMMENT ON FUNCTION thumbexif_track() IS 'triggers of attached tables: keeps the state of their assets';
REVOKE EXECUTE ON FUNCTION thumbexif_track() FROM PUBLIC;

CREATE FUNCTION thumbexif_track_drop()
RETURNS event_trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_track_drop';
COMMENT ON FUNCTION thumbexif_track_drop() IS 'event trigger: forgets attached tables that are dropped';
REVOKE EXECUTE ON FUNCTION thumbexif_track_drop() FROM PUBLIC;

CREATE EVENT TRIGGER thumbexif_drop ON sql_drop EXECUTE FUNCTION thumbexif_track_drop();
COMMENT ON EVENT TRIGGER thumbexif_drop IS 'forgets attached tables that are dropped';
-- The queue by hand.

CREATE FUNCTION thumbexif_enqueue(id bigint, relation regclass DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_enqueue';
COMMENT ON FUNCTION thumbexif_enqueue(bigint, regclass) IS
    'have an asset looked at by the background worker or the next backfill, whatever its state';
REVOKE EXECUTE ON FUNCTION thumbexif_enqueue(bigint, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_enqueue(id uuid, relation regclass DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_enqueue';
COMMENT ON FUNCTION thumbexif_enqueue(uuid, regclass) IS
    'have an asset looked at by the background worker or the next backfill, whatever its state';
REVOKE EXECUTE ON FUNCTION thumbexif_enqueue(uuid, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_enqueue(id text, relation regclass DEFAULT NULL)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_enqueue';
COMMENT ON FUNCTION thumbexif_enqueue(text, regclass) IS
    'have an asset looked at by the background worker or the next backfill, whatever its state';
REVOKE EXECUTE ON FUNCTION thumbexif_enqueue(text, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_retry(id bigint, relation regclass DEFAULT NULL)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry';
COMMENT ON FUNCTION thumbexif_retry(bigint, regclass) IS
    'have an asset that failed, is missing or waits for another try tried again now; false if it is none of these';
REVOKE EXECUTE ON FUNCTION thumbexif_retry(bigint, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_retry(id uuid, relation regclass DEFAULT NULL)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry';
COMMENT ON FUNCTION thumbexif_retry(uuid, regclass) IS
    'have an asset that failed, is missing or waits for another try tried again now; false if it is none of these';
REVOKE EXECUTE ON FUNCTION thumbexif_retry(uuid, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_retry(id text, relation regclass DEFAULT NULL)
RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry';
COMMENT ON FUNCTION thumbexif_retry(text, regclass) IS
    'have an asset that failed, is missing or waits for another try tried again now; false if it is none of these';
REVOKE EXECUTE ON FUNCTION thumbexif_retry(text, regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_retry(status thumbexif_asset_status DEFAULT NULL, relation regclass DEFAULT NULL)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_retry_all';
COMMENT ON FUNCTION thumbexif_retry(thumbexif_asset_status, regclass) IS
    'have all assets that failed, are missing or wait for another try (or only those of one status) tried again now; returns how many';
REVOKE EXECUTE ON FUNCTION thumbexif_retry(thumbexif_asset_status, regclass) FROM PUBLIC;
-- Doing the work: one asset, what lacks something, the assets of a session.

CREATE FUNCTION thumbexif_process
(
    id             bigint,
    relation       regclass DEFAULT NULL,
    force          boolean  DEFAULT false,
    OUT status         text,
    OUT error          text,
    OUT exif_error     text,
    OUT thumbnail_path text,
    OUT width          integer,
    OUT height         integer,
    OUT taken_at       timestamptz,
    OUT camera_make    text,
    OUT camera_model   text,
    OUT gps_latitude   double precision,
    OUT gps_longitude  double precision
)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'thumbexif_process';
COMMENT ON FUNCTION thumbexif_process(bigint, regclass, boolean) IS
    'one asset now: looks at its file and makes what is missing or stale, or everything with force';

CREATE FUNCTION thumbexif_process
(
    id             uuid,
    relation       regclass DEFAULT NULL,
    force          boolean  DEFAULT false,
    OUT status         text,
    OUT error          text,
    OUT exif_error     text,
    OUT thumbnail_path text,
    OUT width          integer,
    OUT height         integer,
    OUT taken_at       timestamptz,
    OUT camera_make    text,
    OUT camera_model   text,
    OUT gps_latitude   double precision,
    OUT gps_longitude  double precision
)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'thumbexif_process';
COMMENT ON FUNCTION thumbexif_process(uuid, regclass, boolean) IS
    'one asset now: looks at its file and makes what is missing or stale, or everything with force';

CREATE FUNCTION thumbexif_process
(
    id             text,
    relation       regclass DEFAULT NULL,
    force          boolean  DEFAULT false,
    OUT status         text,
    OUT error          text,
    OUT exif_error     text,
    OUT thumbnail_path text,
    OUT width          integer,
    OUT height         integer,
    OUT taken_at       timestamptz,
    OUT camera_make    text,
    OUT camera_model   text,
    OUT gps_latitude   double precision,
    OUT gps_longitude  double precision
)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'thumbexif_process';
COMMENT ON FUNCTION thumbexif_process(text, regclass, boolean) IS
    'one asset now: looks at its file and makes what is missing or stale, or everything with force';

REVOKE EXECUTE ON FUNCTION thumbexif_process(bigint, regclass, boolean),
    thumbexif_process(uuid, regclass, boolean), thumbexif_process(text, regclass, boolean) FROM PUBLIC;

CREATE PROCEDURE thumbexif_backfill
(
    max_assets bigint   DEFAULT NULL,
    batch_size integer  DEFAULT 100,
    dry_run    boolean  DEFAULT false,
    relation   regclass DEFAULT NULL,
    parts      text     DEFAULT 'all',
    verify     boolean  DEFAULT false,
    INOUT processed bigint DEFAULT NULL,
    INOUT updated   bigint DEFAULT NULL,
    INOUT skipped   bigint DEFAULT NULL,
    INOUT failed    bigint DEFAULT NULL
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_backfill';
COMMENT ON PROCEDURE thumbexif_backfill(bigint, integer, boolean, regclass, text, boolean, bigint, bigint, bigint, bigint) IS
    'every asset that lacks something, in the order of the keys, batch_size of them to a commit';
REVOKE EXECUTE ON PROCEDURE thumbexif_backfill(bigint, integer, boolean, regclass, text, boolean, bigint, bigint, bigint, bigint) FROM PUBLIC;

CREATE PROCEDURE thumbexif_process_session
(
    session_id bigint,
    relation   regclass DEFAULT NULL,
    jobs       text     DEFAULT 'training_jobs',
    INOUT processed bigint DEFAULT NULL,
    INOUT updated   bigint DEFAULT NULL,
    INOUT skipped   bigint DEFAULT NULL,
    INOUT failed    bigint DEFAULT NULL
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_process_session';
COMMENT ON PROCEDURE thumbexif_process_session(bigint, regclass, text, bigint, bigint, bigint, bigint) IS
    'the assets of one session, which the table of jobs lists; one commit for each';
REVOKE EXECUTE ON PROCEDURE thumbexif_process_session(bigint, regclass, text, bigint, bigint, bigint, bigint) FROM PUBLIC;

CREATE PROCEDURE thumbexif_process_session
(
    session_id uuid,
    relation   regclass DEFAULT NULL,
    jobs       text     DEFAULT 'training_jobs',
    INOUT processed bigint DEFAULT NULL,
    INOUT updated   bigint DEFAULT NULL,
    INOUT skipped   bigint DEFAULT NULL,
    INOUT failed    bigint DEFAULT NULL
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_process_session';
COMMENT ON PROCEDURE thumbexif_process_session(uuid, regclass, text, bigint, bigint, bigint, bigint) IS
    'the assets of one session, which the table of jobs lists; one commit for each';
REVOKE EXECUTE ON PROCEDURE thumbexif_process_session(uuid, regclass, text, bigint, bigint, bigint, bigint) FROM PUBLIC;

CREATE PROCEDURE thumbexif_process_session
(
    session_id text,
    relation   regclass DEFAULT NULL,
    jobs       text     DEFAULT 'training_jobs',
    INOUT processed bigint DEFAULT NULL,
    INOUT updated   bigint DEFAULT NULL,
    INOUT skipped   bigint DEFAULT NULL,
    INOUT failed    bigint DEFAULT NULL
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_process_session';
COMMENT ON PROCEDURE thumbexif_process_session(text, regclass, text, bigint, bigint, bigint, bigint) IS
    'the assets of one session, which the table of jobs lists; one commit for each';
REVOKE EXECUTE ON PROCEDURE thumbexif_process_session(text, regclass, text, bigint, bigint, bigint, bigint) FROM PUBLIC;
-- Removing what nothing needs any more.

CREATE FUNCTION thumbexif_clean(dry_run boolean DEFAULT false)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'thumbexif_clean';
COMMENT ON FUNCTION thumbexif_clean(boolean) IS
    'remove thumbnail files and states that nothing needs any more; returns how many files (dry run: how many it would remove)';
REVOKE EXECUTE ON FUNCTION thumbexif_clean(boolean) FROM PUBLIC;
-- What is done, what is left, and what failed.

CREATE FUNCTION thumbexif_rows(relation regclass)
RETURNS bigint
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 100000
AS 'MODULE_PATHNAME', 'thumbexif_rows';
COMMENT ON FUNCTION thumbexif_rows(regclass) IS
    'number of rows of an attached table, for the views: who reads thumbexif_status or thumbexif_progress needs the right to call it';
REVOKE EXECUTE ON FUNCTION thumbexif_rows(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION thumbexif_rows(regclass) TO pg_monitor;

CREATE VIEW thumbexif_status AS
WITH known AS MATERIALIZED
(
    SELECT attachment, status, count(*) AS assets
    FROM @extschema@.thumbexif_asset
    GROUP BY attachment, status
),
counted AS
(
    SELECT attachment, status, assets FROM known
    UNION ALL
    -- rows that thumbexif has not met yet
    SELECT a.attachment, 'new',
           @extschema@.thumbexif_rows(a.relation)
           - coalesce((SELECT sum(k.assets) FROM known k WHERE k.attachment = a.attachment), 0)
    FROM @extschema@.thumbexif_attachment a
)
SELECT a.relation, c.status::text AS status, sum(c.assets)::bigint AS assets
FROM counted c JOIN @extschema@.thumbexif_attachment a USING (attachment)
GROUP BY a.attachment, a.relation, c.status
HAVING sum(c.assets) > 0
ORDER BY a.attachment, c.status;
COMMENT ON VIEW thumbexif_status IS 'how many assets of each attached table have which status';
COMMENT ON COLUMN thumbexif_status.relation IS 'attached table';
COMMENT ON COLUMN thumbexif_status.status IS 'new, queued, running, done, failed, missing or unsupported';
COMMENT ON COLUMN thumbexif_status.assets IS 'how many; a status that no asset has is left out';
GRANT SELECT ON thumbexif_status TO pg_monitor;

-- The rate is that of the last two minutes: what was finished after the first commit of that time, by the time
-- between it and the last; once no commit has come for as long again, by the time until now.
CREATE VIEW thumbexif_progress AS
WITH finished AS MATERIALIZED
(
    SELECT attachment, status,
           CASE WHEN finished_at > statement_timestamp() - interval '2 minutes' THEN finished_at END AS at,
           count(*) AS assets
    FROM @extschema@.thumbexif_asset
    GROUP BY 1, 2, 3
),
known AS
(
    SELECT attachment,
           sum(assets) FILTER (WHERE status = 'done') AS done,
           sum(assets) FILTER (WHERE status IN ('failed', 'missing', 'unsupported')) AS failed,
           min(at) AS first_at, max(at) AS last_at
    FROM finished
    GROUP BY attachment
),
pace AS
(
    SELECT k.attachment,
           sum(f.assets) / extract(epoch FROM CASE
               WHEN statement_timestamp() - k.last_at > k.last_at - k.first_at
               THEN statement_timestamp() - k.first_at
               ELSE k.last_at - k.first_at END) AS rate
    FROM known k JOIN finished f ON f.attachment = k.attachment AND f.at > k.first_at
    GROUP BY k.attachment, k.first_at, k.last_at
),
counted AS
(
    SELECT a.attachment, a.relation, r.total, p.rate,
           coalesce(k.done, 0)::bigint AS done, coalesce(k.failed, 0)::bigint AS failed,
           greatest(r.total - coalesce(k.done, 0) - coalesce(k.failed, 0), 0)::bigint AS "left"
    FROM @extschema@.thumbexif_attachment a
         CROSS JOIN LATERAL (SELECT @extschema@.thumbexif_rows(a.relation) AS total OFFSET 0) r
         LEFT JOIN known k USING (attachment)
         LEFT JOIN pace p USING (attachment)
)
SELECT relation, total, done, failed, "left", round(rate, 1) AS rate,
       CASE WHEN "left" = 0 THEN interval '0'
            WHEN rate > 0 THEN make_interval(secs => ceil("left" / rate)::double precision)
       END AS time_left
FROM counted
ORDER BY attachment;
COMMENT ON VIEW thumbexif_progress IS 'how far each attached table is, and when it will be done';
COMMENT ON COLUMN thumbexif_progress.relation IS 'attached table';
COMMENT ON COLUMN thumbexif_progress.total IS 'rows of the table';
COMMENT ON COLUMN thumbexif_progress.done IS 'assets with status done';
COMMENT ON COLUMN thumbexif_progress.failed IS 'assets with status failed, missing or unsupported';
COMMENT ON COLUMN thumbexif_progress."left" IS 'the others: new, queued or running';
COMMENT ON COLUMN thumbexif_progress.rate IS 'assets finished in a second, over the last two minutes; NULL if nothing was finished';
COMMENT ON COLUMN thumbexif_progress.time_left IS 'until all are done, at that rate; NULL if it is not known';
GRANT SELECT ON thumbexif_progress TO pg_monitor;

CREATE VIEW thumbexif_failures WITH (security_barrier) AS
SELECT a.relation, s.id, s.path, s.status::text AS status, s.error, s.attempts, s.next_try
FROM
(
    SELECT attachment, id::text AS id, path, status, error, attempts, next_try
    FROM @extschema@.thumbexif_asset_bigint
    UNION ALL
    SELECT attachment, id::text, path, status, error, attempts, next_try
    FROM @extschema@.thumbexif_asset_uuid
) s JOIN @extschema@.thumbexif_attachment a USING (attachment)
WHERE (s.status IN ('failed', 'missing', 'unsupported') OR s.error IS NOT NULL)
  AND has_table_privilege(a.relation, 'SELECT')
  AND NOT row_security_active(a.relation::oid);
COMMENT ON VIEW thumbexif_failures IS
    'assets that failed and why, also those that are to be tried again; of tables all of whose rows the reader may see';
COMMENT ON COLUMN thumbexif_failures.relation IS 'attached table';
COMMENT ON COLUMN thumbexif_failures.id IS 'key of the asset''s row';
COMMENT ON COLUMN thumbexif_failures.path IS 'its path when it failed';
COMMENT ON COLUMN thumbexif_failures.status IS 'failed, missing or unsupported; queued or running if it is tried again';
COMMENT ON COLUMN thumbexif_failures.error IS 'why it failed';
COMMENT ON COLUMN thumbexif_failures.attempts IS 'how often it was tried';
COMMENT ON COLUMN thumbexif_failures.next_try IS 'not tried again before';
-- The background worker: what it is doing, and how to make it stop for a while.

CREATE TABLE thumbexif_root
(
    root   text PRIMARY KEY,
    device bigint NOT NULL,
    seen   timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE thumbexif_root IS
    'device of each folder of thumbexif.image_roots when images were last found in it: another one may be a lost mount';

CREATE FUNCTION thumbexif_activity(
    OUT pid integer, OUT database name, OUT kind text, OUT state text, OUT relation regclass,
    OUT assets text[], OUT in_hand integer, OUT total bigint, OUT done bigint, OUT failed bigint,
    OUT decoders integer, OUT decoders_lost bigint, OUT started timestamptz,
    OUT last_error text, OUT note text)
    RETURNS SETOF record
    LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED COST 10 ROWS 10
    AS 'MODULE_PATHNAME', 'thumbexif_activity';
COMMENT ON FUNCTION thumbexif_activity() IS 'what view thumbexif_workers shows';
REVOKE ALL ON FUNCTION thumbexif_activity() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION thumbexif_activity() TO pg_monitor;

CREATE VIEW thumbexif_workers AS
    SELECT a.pid, a.database, a.kind, a.state, a.relation, a.assets, a.in_hand, a.total, a.done, a.failed,
           a.decoders, a.decoders_lost, a.started, a.last_error, a.note
    FROM @extschema@.thumbexif_activity() AS a
    UNION ALL
    SELECT NULL, current_database(), 'worker', 'paused', t.relation, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, t.pause_reason,
           CASE WHEN t.pause_reason IS NULL THEN 'thumbexif_resume() lets the worker go on with it.'
                ELSE 'thumbexif_attach() with the table''s columns as they are now lets the worker go on with it.' END
    FROM @extschema@.thumbexif_attachment AS t
    WHERE t.paused;
COMMENT ON VIEW thumbexif_workers IS
    'who works on what: launcher, background workers and backfills of all databases, or why there is no worker';
COMMENT ON COLUMN thumbexif_workers.pid IS 'process; NULL if there is none';
COMMENT ON COLUMN thumbexif_workers.database IS 'the database it works in';
COMMENT ON COLUMN thumbexif_workers.kind IS 'launcher, worker, backfill or session';
COMMENT ON COLUMN thumbexif_workers.state IS
    'running, starting, working, idle, or waiting for trouble to end; without a process: asleep, queued, backoff, paused, standby or off';
COMMENT ON COLUMN thumbexif_workers.relation IS 'the table it works on, if that is in this database';
COMMENT ON COLUMN thumbexif_workers.assets IS 'keys of assets it has in hand, at most 32';
COMMENT ON COLUMN thumbexif_workers.in_hand IS 'assets it has in hand';
COMMENT ON COLUMN thumbexif_workers.total IS 'assets a backfill had before it when it started';
COMMENT ON COLUMN thumbexif_workers.done IS 'assets finished since the start, failures included';
COMMENT ON COLUMN thumbexif_workers.failed IS 'assets of those that failed';
COMMENT ON COLUMN thumbexif_workers.decoders IS 'decoder processes it runs';
COMMENT ON COLUMN thumbexif_workers.decoders_lost IS 'decoder processes that were killed or died, and were replaced';
COMMENT ON COLUMN thumbexif_workers.started IS 'when it started';
COMMENT ON COLUMN thumbexif_workers.last_error IS 'what went wrong last and has not gone well since';
COMMENT ON COLUMN thumbexif_workers.note IS 'why there is no worker, and what to do about it';
GRANT SELECT ON thumbexif_workers TO pg_monitor;

CREATE FUNCTION thumbexif_pause(relation regclass DEFAULT NULL)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_pause';
COMMENT ON FUNCTION thumbexif_pause(regclass) IS
    'the background worker leaves this table alone (NULL: every attached table) until thumbexif_resume; returns how many tables that changes';
REVOKE ALL ON FUNCTION thumbexif_pause(regclass) FROM PUBLIC;

CREATE FUNCTION thumbexif_resume(relation regclass DEFAULT NULL)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_resume';
COMMENT ON FUNCTION thumbexif_resume(regclass) IS
    'the background worker works on this table again (NULL: on every attached table); returns how many tables that changes';
REVOKE ALL ON FUNCTION thumbexif_resume(regclass) FROM PUBLIC;
