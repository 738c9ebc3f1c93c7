-- Counters and gauges for a monitoring system.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_metrics(
    OUT name pg_catalog.text, OUT labels pg_catalog.jsonb, OUT value pg_catalog.float8)
    RETURNS SETOF pg_catalog.record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 60
    AS 'MODULE_PATHNAME', 'thumbexif_metrics';
COMMENT ON FUNCTION @extschema@.thumbexif_metrics() IS
    'what has happened in this database since the server started, as counters, and what there is now, as gauges, by the names and labels that Prometheus uses';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_metrics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.thumbexif_metrics() TO pg_monitor;
