-- What is done, what is left, and what failed.

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_rows(relation pg_catalog.regclass)
RETURNS bigint
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 100000
AS 'MODULE_PATHNAME', 'thumbexif_rows';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_rows(pg_catalog.regclass) IS
    'number of rows of an attached table, for the views: who reads thumbexif_status or thumbexif_progress needs the right to call it';
REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_rows(pg_catalog.regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION thumbexif_internal.thumbexif_rows(pg_catalog.regclass) TO pg_monitor;

CREATE OR REPLACE VIEW @extschema@.thumbexif_status AS
WITH known AS MATERIALIZED
(
    SELECT attachment, status, pg_catalog.count(*) AS assets
    FROM thumbexif_internal.thumbexif_asset
    GROUP BY attachment, status
),
counted AS
(
    SELECT attachment, status, assets::pg_catalog.numeric AS assets FROM known
    UNION ALL
    -- rows that thumbexif has not met yet
    SELECT a.attachment, 'new'::thumbexif_internal.thumbexif_asset_status,
           thumbexif_internal.thumbexif_rows(a.relation)::pg_catalog.numeric OPERATOR(pg_catalog.-)
           coalesce((SELECT pg_catalog.sum(k.assets) FROM known k WHERE k.attachment OPERATOR(pg_catalog.=) a.attachment), 0::pg_catalog.numeric)
    FROM thumbexif_internal.thumbexif_attachment a
)
SELECT a.relation, c.status::pg_catalog.text AS status, pg_catalog.sum(c.assets)::bigint AS assets
FROM counted c JOIN thumbexif_internal.thumbexif_attachment a ON a.attachment OPERATOR(pg_catalog.=) c.attachment
GROUP BY a.attachment, a.relation, c.status
HAVING pg_catalog.sum(c.assets) OPERATOR(pg_catalog.>) 0::pg_catalog.numeric
ORDER BY a.attachment, c.status;
COMMENT ON VIEW @extschema@.thumbexif_status IS 'how many assets of each attached table have which status';
COMMENT ON COLUMN @extschema@.thumbexif_status.relation IS 'attached table';
COMMENT ON COLUMN @extschema@.thumbexif_status.status IS 'new, queued, running, done, failed, missing or unsupported';
COMMENT ON COLUMN @extschema@.thumbexif_status.assets IS 'how many; a status that no asset has is left out';
GRANT SELECT ON @extschema@.thumbexif_status TO pg_monitor;

-- The rate is that of the last two minutes: what was finished after the first commit of that time, by the time
-- between it and the last; once no commit has come for as long again, by the time until now.
CREATE OR REPLACE VIEW @extschema@.thumbexif_progress AS
WITH finished AS MATERIALIZED
(
    SELECT attachment, status,
           CASE WHEN finished_at OPERATOR(pg_catalog.>) (pg_catalog.statement_timestamp() OPERATOR(pg_catalog.-) '2 minutes'::pg_catalog.interval) THEN finished_at END AS at,
           pg_catalog.count(*) AS assets
    FROM thumbexif_internal.thumbexif_asset
    GROUP BY 1, 2, 3
),
known AS
(
    SELECT attachment,
           pg_catalog.sum(assets) FILTER (WHERE status OPERATOR(pg_catalog.=) 'done'::thumbexif_internal.thumbexif_asset_status) AS done,
           pg_catalog.sum(assets) FILTER (WHERE status OPERATOR(pg_catalog.=) 'failed'::thumbexif_internal.thumbexif_asset_status OR status OPERATOR(pg_catalog.=) 'missing'::thumbexif_internal.thumbexif_asset_status OR status OPERATOR(pg_catalog.=) 'unsupported'::thumbexif_internal.thumbexif_asset_status) AS failed,
           pg_catalog.min(at) AS first_at, pg_catalog.max(at) AS last_at
    FROM finished
    GROUP BY attachment
),
pace AS
(
    SELECT k.attachment,
           pg_catalog.sum(f.assets) OPERATOR(pg_catalog./) extract(epoch FROM CASE
               WHEN (pg_catalog.statement_timestamp() OPERATOR(pg_catalog.-) k.last_at) OPERATOR(pg_catalog.>) (k.last_at OPERATOR(pg_catalog.-) k.first_at)
               THEN pg_catalog.statement_timestamp() OPERATOR(pg_catalog.-) k.first_at
               ELSE k.last_at OPERATOR(pg_catalog.-) k.first_at END) AS rate
    FROM known k JOIN finished f ON f.attachment OPERATOR(pg_catalog.=) k.attachment AND f.at OPERATOR(pg_catalog.>) k.first_at
    GROUP BY k.attachment, k.first_at, k.last_at
),
counted AS
(
    SELECT a.attachment, a.relation, r.total, p.rate,
           coalesce(k.done, 0::pg_catalog.numeric)::bigint AS done, coalesce(k.failed, 0::pg_catalog.numeric)::bigint AS failed,
           greatest(r.total::pg_catalog.numeric OPERATOR(pg_catalog.-) coalesce(k.done, 0::pg_catalog.numeric) OPERATOR(pg_catalog.-) coalesce(k.failed, 0::pg_catalog.numeric), 0::pg_catalog.numeric)::bigint AS "left"
    FROM thumbexif_internal.thumbexif_attachment a
         CROSS JOIN LATERAL (SELECT thumbexif_internal.thumbexif_rows(a.relation) AS total OFFSET 0) r
         LEFT JOIN known k ON k.attachment OPERATOR(pg_catalog.=) a.attachment
         LEFT JOIN pace p ON p.attachment OPERATOR(pg_catalog.=) a.attachment
)
SELECT relation, total, done, failed, "left", pg_catalog.round(rate, 1) AS rate,
       CASE WHEN "left" OPERATOR(pg_catalog.=) 0::bigint THEN '0'::pg_catalog.interval
            WHEN rate OPERATOR(pg_catalog.>) 0::pg_catalog.numeric THEN pg_catalog.make_interval(secs => pg_catalog.ceil("left"::pg_catalog.numeric OPERATOR(pg_catalog./) rate)::double precision)
       END AS time_left
FROM counted
ORDER BY attachment;
COMMENT ON VIEW @extschema@.thumbexif_progress IS 'how far each attached table is, and when it will be done';
COMMENT ON COLUMN @extschema@.thumbexif_progress.relation IS 'attached table';
COMMENT ON COLUMN @extschema@.thumbexif_progress.total IS 'rows of the table';
COMMENT ON COLUMN @extschema@.thumbexif_progress.done IS 'assets with status done';
COMMENT ON COLUMN @extschema@.thumbexif_progress.failed IS 'assets with status failed, missing or unsupported';
COMMENT ON COLUMN @extschema@.thumbexif_progress."left" IS 'the others: new, queued or running';
COMMENT ON COLUMN @extschema@.thumbexif_progress.rate IS 'assets finished in a second, over the last two minutes; NULL if nothing was finished';
COMMENT ON COLUMN @extschema@.thumbexif_progress.time_left IS 'until all are done, at that rate; NULL if it is not known';
GRANT SELECT ON @extschema@.thumbexif_progress TO pg_monitor;

CREATE OR REPLACE VIEW @extschema@.thumbexif_failures WITH (security_barrier) AS
SELECT a.relation, s.id, s.path, s.status::pg_catalog.text AS status, s.error, s.attempts, s.next_try
FROM
(
    SELECT attachment, id::pg_catalog.text AS id, path, status, error, attempts, next_try
    FROM thumbexif_internal.thumbexif_asset_bigint
    UNION ALL
    SELECT attachment, id::pg_catalog.text, path, status, error, attempts, next_try
    FROM thumbexif_internal.thumbexif_asset_uuid
) s JOIN thumbexif_internal.thumbexif_attachment a ON a.attachment OPERATOR(pg_catalog.=) s.attachment
WHERE (s.status OPERATOR(pg_catalog.=) 'failed'::thumbexif_internal.thumbexif_asset_status OR s.status OPERATOR(pg_catalog.=) 'missing'::thumbexif_internal.thumbexif_asset_status OR s.status OPERATOR(pg_catalog.=) 'unsupported'::thumbexif_internal.thumbexif_asset_status OR s.error IS NOT NULL)
  AND pg_catalog.has_table_privilege(a.relation::pg_catalog.oid, 'SELECT'::pg_catalog.text)
  AND NOT pg_catalog.row_security_active(a.relation::pg_catalog.oid);
COMMENT ON VIEW @extschema@.thumbexif_failures IS
    'assets that failed and why, also those that are to be tried again; of tables all of whose rows the reader may see';
COMMENT ON COLUMN @extschema@.thumbexif_failures.relation IS 'attached table';
COMMENT ON COLUMN @extschema@.thumbexif_failures.id IS 'key of the asset''s row';
COMMENT ON COLUMN @extschema@.thumbexif_failures.path IS 'its path when it failed';
COMMENT ON COLUMN @extschema@.thumbexif_failures.status IS 'failed, missing or unsupported; queued or running if it is tried again';
COMMENT ON COLUMN @extschema@.thumbexif_failures.error IS 'why it failed';
COMMENT ON COLUMN @extschema@.thumbexif_failures.attempts IS 'how often it was tried';
COMMENT ON COLUMN @extschema@.thumbexif_failures.next_try IS 'not tried again before';
