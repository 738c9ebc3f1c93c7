-- How the changes of an attached table are noticed, and the sweeps that look for those that no trigger has told of.

ALTER TABLE thumbexif_internal.thumbexif_attachment ADD COLUMN tracking pg_catalog.text NOT NULL DEFAULT 'triggers'::pg_catalog.text;
COMMENT ON COLUMN thumbexif_internal.thumbexif_attachment.tracking IS
    'triggers; replicated: row triggers that fire always, also for what logical replication writes; sweep: no triggers';

CREATE TABLE thumbexif_internal.thumbexif_swept
(
    attachment integer  PRIMARY KEY,
    phase      smallint NOT NULL DEFAULT 0,           -- of the sweep that is under way (TeSweepPhase); 0 = none is
    place      pg_catalog.text,                       -- the key read last in this phase; NULL = it begins
    begun      pg_catalog.timestamptz,                -- the last sweep
    ended      pg_catalog.timestamptz,                -- the last sweep that has ended
    changes    bigint,                                -- rows written until the last sweep began, by the server's statistics; NULL: sweep again
    difference bigint,                                -- of live rows, by the same, and rows counted by the triggers; NULL, like seen: sweep again
    seen       bigint,                                -- another difference that was seen, or the first one
    seen_at    pg_catalog.timestamptz,
    rows_read  bigint   NOT NULL DEFAULT 0,           -- by the last sweep
    rows_known bigint   NOT NULL DEFAULT 0,           -- those with a state
    rows_files bigint   NOT NULL DEFAULT 0,           -- those put off, since they name a file of ours that is not in their state
    rows_left  bigint   NOT NULL DEFAULT 0            -- those that others had locked: the next sweep looks at them
);
COMMENT ON TABLE thumbexif_internal.thumbexif_swept IS
    'sweeps of attached tables: how far the one under way has got, and what the table''s statistics were when it began';
