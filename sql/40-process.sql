-- Processing: one asset, all assets with absent or stale parts, the assets of a session.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_process
(
    id             bigint,
    relation       pg_catalog.regclass DEFAULT NULL,
    force          boolean  DEFAULT false,
    OUT status         pg_catalog.text,
    OUT error          pg_catalog.text,
    OUT exif_error     pg_catalog.text,
    OUT thumbnail_path pg_catalog.text,
    OUT width          integer,
    OUT height         integer,
    OUT taken_at       pg_catalog.timestamptz,
    OUT camera_make    pg_catalog.text,
    OUT camera_model   pg_catalog.text,
    OUT gps_latitude   double precision,
    OUT gps_longitude  double precision,
    OUT damage         pg_catalog.text,
    OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
    OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
    OUT exposure_time double precision, OUT focal_length double precision,
    OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
    OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
    OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT format pg_catalog.text,
    OUT file_size bigint, OUT file_hash pg_catalog.bytea, OUT picture_hash bigint
)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'thumbexif_process_bigint';
COMMENT ON FUNCTION @extschema@.thumbexif_process(bigint, pg_catalog.regclass, boolean) IS
    'process one asset now: check its file and make absent or stale parts, or with force all parts';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_process
(
    id             pg_catalog.uuid,
    relation       pg_catalog.regclass DEFAULT NULL,
    force          boolean  DEFAULT false,
    OUT status         pg_catalog.text,
    OUT error          pg_catalog.text,
    OUT exif_error     pg_catalog.text,
    OUT thumbnail_path pg_catalog.text,
    OUT width          integer,
    OUT height         integer,
    OUT taken_at       pg_catalog.timestamptz,
    OUT camera_make    pg_catalog.text,
    OUT camera_model   pg_catalog.text,
    OUT gps_latitude   double precision,
    OUT gps_longitude  double precision,
    OUT damage         pg_catalog.text,
    OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
    OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
    OUT exposure_time double precision, OUT focal_length double precision,
    OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
    OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
    OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT format pg_catalog.text,
    OUT file_size bigint, OUT file_hash pg_catalog.bytea, OUT picture_hash bigint
)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'thumbexif_process_uuid';
COMMENT ON FUNCTION @extschema@.thumbexif_process(pg_catalog.uuid, pg_catalog.regclass, boolean) IS
    'process one asset now: check its file and make absent or stale parts, or with force all parts';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_process
(
    id             pg_catalog.text,
    relation       pg_catalog.regclass DEFAULT NULL,
    force          boolean  DEFAULT false,
    OUT status         pg_catalog.text,
    OUT error          pg_catalog.text,
    OUT exif_error     pg_catalog.text,
    OUT thumbnail_path pg_catalog.text,
    OUT width          integer,
    OUT height         integer,
    OUT taken_at       pg_catalog.timestamptz,
    OUT camera_make    pg_catalog.text,
    OUT camera_model   pg_catalog.text,
    OUT gps_latitude   double precision,
    OUT gps_longitude  double precision,
    OUT damage         pg_catalog.text,
    OUT thumbhash pg_catalog.bytea, OUT taken_at_local pg_catalog.timestamp, OUT taken_at_offset integer,
    OUT taken_at_offset_source pg_catalog.text, OUT iso integer, OUT f_number double precision,
    OUT exposure_time double precision, OUT focal_length double precision,
    OUT focal_length_35mm double precision, OUT lens pg_catalog.text, OUT orientation integer,
    OUT altitude double precision, OUT direction double precision, OUT rating integer, OUT title pg_catalog.text,
    OUT description pg_catalog.text, OUT keywords pg_catalog.text[], OUT format pg_catalog.text,
    OUT file_size bigint, OUT file_hash pg_catalog.bytea, OUT picture_hash bigint
)
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'thumbexif_process_text';
COMMENT ON FUNCTION @extschema@.thumbexif_process(pg_catalog.text, pg_catalog.regclass, boolean) IS
    'process one asset now: check its file and make absent or stale parts, or with force all parts';

REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_process(bigint, pg_catalog.regclass, boolean),
    @extschema@.thumbexif_process(pg_catalog.uuid, pg_catalog.regclass, boolean), @extschema@.thumbexif_process(pg_catalog.text, pg_catalog.regclass, boolean) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE @extschema@.thumbexif_backfill
(
    max_assets bigint   DEFAULT NULL,
    batch_size integer  DEFAULT 100,
    dry_run    boolean  DEFAULT false,
    relation   pg_catalog.regclass DEFAULT NULL,
    parts      pg_catalog.text     DEFAULT 'all',
    verify     boolean  DEFAULT false,
    INOUT processed bigint DEFAULT NULL,
    INOUT updated   bigint DEFAULT NULL,
    INOUT skipped   bigint DEFAULT NULL,
    INOUT failed    bigint DEFAULT NULL
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_backfill';
COMMENT ON PROCEDURE @extschema@.thumbexif_backfill(bigint, integer, boolean, pg_catalog.regclass, pg_catalog.text, boolean, bigint, bigint, bigint, bigint) IS
    'process all assets with absent or stale parts in the order of their keys, batch_size assets per commit';
REVOKE EXECUTE ON PROCEDURE @extschema@.thumbexif_backfill(bigint, integer, boolean, pg_catalog.regclass, pg_catalog.text, boolean, bigint, bigint, bigint, bigint) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE @extschema@.thumbexif_process_session
(
    session_id bigint,
    relation   pg_catalog.regclass DEFAULT NULL,
    jobs       pg_catalog.text     DEFAULT 'training_jobs',
    INOUT processed bigint DEFAULT NULL,
    INOUT updated   bigint DEFAULT NULL,
    INOUT skipped   bigint DEFAULT NULL,
    INOUT failed    bigint DEFAULT NULL
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_process_session_bigint';
COMMENT ON PROCEDURE @extschema@.thumbexif_process_session(bigint, pg_catalog.regclass, pg_catalog.text, bigint, bigint, bigint, bigint) IS
    'process the assets of one session, as listed in the jobs table, one commit per asset';
REVOKE EXECUTE ON PROCEDURE @extschema@.thumbexif_process_session(bigint, pg_catalog.regclass, pg_catalog.text, bigint, bigint, bigint, bigint) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE @extschema@.thumbexif_process_session
(
    session_id pg_catalog.uuid,
    relation   pg_catalog.regclass DEFAULT NULL,
    jobs       pg_catalog.text     DEFAULT 'training_jobs',
    INOUT processed bigint DEFAULT NULL,
    INOUT updated   bigint DEFAULT NULL,
    INOUT skipped   bigint DEFAULT NULL,
    INOUT failed    bigint DEFAULT NULL
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_process_session_uuid';
COMMENT ON PROCEDURE @extschema@.thumbexif_process_session(pg_catalog.uuid, pg_catalog.regclass, pg_catalog.text, bigint, bigint, bigint, bigint) IS
    'process the assets of one session, as listed in the jobs table, one commit per asset';
REVOKE EXECUTE ON PROCEDURE @extschema@.thumbexif_process_session(pg_catalog.uuid, pg_catalog.regclass, pg_catalog.text, bigint, bigint, bigint, bigint) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE @extschema@.thumbexif_process_session
(
    session_id pg_catalog.text,
    relation   pg_catalog.regclass DEFAULT NULL,
    jobs       pg_catalog.text     DEFAULT 'training_jobs',
    INOUT processed bigint DEFAULT NULL,
    INOUT updated   bigint DEFAULT NULL,
    INOUT skipped   bigint DEFAULT NULL,
    INOUT failed    bigint DEFAULT NULL
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_process_session_text';
COMMENT ON PROCEDURE @extschema@.thumbexif_process_session(pg_catalog.text, pg_catalog.regclass, pg_catalog.text, bigint, bigint, bigint, bigint) IS
    'process the assets of one session, as listed in the jobs table, one commit per asset';
REVOKE EXECUTE ON PROCEDURE @extschema@.thumbexif_process_session(pg_catalog.text, pg_catalog.regclass, pg_catalog.text, bigint, bigint, bigint, bigint) FROM PUBLIC;
