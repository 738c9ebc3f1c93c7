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
