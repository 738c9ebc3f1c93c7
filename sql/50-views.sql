-- What is done, what is left, and what failed.

CREATE FUNCTION thumbexif_internal.thumbexif_rows(relation regclass)
RETURNS bigint
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED COST 100000
AS 'MODULE_PATHNAME', 'thumbexif_rows';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_rows(regclass) IS
    'number of rows of an attached table, for the views: who reads thumbexif_status or thumbexif_progress needs the right to call it';
REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_rows(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION thumbexif_internal.thumbexif_rows(regclass) TO pg_monitor;

CREATE VIEW thumbexif_status AS
WITH known AS MATERIALIZED
(
    SELECT attachment, status, count(*) AS assets
    FROM thumbexif_internal.thumbexif_asset
    GROUP BY attachment, status
),
counted AS
(
    SELECT attachment, status, assets FROM known
    UNION ALL
    -- rows that thumbexif has not met yet
    SELECT a.attachment, 'new',
           thumbexif_internal.thumbexif_rows(a.relation)
           - coalesce((SELECT sum(k.assets) FROM known k WHERE k.attachment = a.attachment), 0)
    FROM thumbexif_internal.thumbexif_attachment a
)
SELECT a.relation, c.status::text AS status, sum(c.assets)::bigint AS assets
FROM counted c JOIN thumbexif_internal.thumbexif_attachment a USING (attachment)
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
    FROM thumbexif_internal.thumbexif_asset
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
    FROM thumbexif_internal.thumbexif_attachment a
         CROSS JOIN LATERAL (SELECT thumbexif_internal.thumbexif_rows(a.relation) AS total OFFSET 0) r
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
    FROM thumbexif_internal.thumbexif_asset_bigint
    UNION ALL
    SELECT attachment, id::text, path, status, error, attempts, next_try
    FROM thumbexif_internal.thumbexif_asset_uuid
) s JOIN thumbexif_internal.thumbexif_attachment a USING (attachment)
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
