-- Rows of the views on the other nodes of a Citus cluster, for those on its coordinator; none anywhere else.

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_node_failures(
    OUT relation pg_catalog.regclass, OUT id pg_catalog.text, OUT path pg_catalog.text, OUT status pg_catalog.text,
    OUT error pg_catalog.text, OUT attempts pg_catalog.int2, OUT next_try pg_catalog.timestamptz)
    RETURNS SETOF pg_catalog.record
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 100000 ROWS 10
    AS 'MODULE_PATHNAME', 'thumbexif_node_failures';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_node_failures() IS
    'on the coordinator of a Citus cluster: rows of view thumbexif_failures on the other nodes';

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_node_activity(
    OUT pid pg_catalog.int4, OUT database pg_catalog.name, OUT kind pg_catalog.text, OUT state pg_catalog.text,
    OUT relation pg_catalog.regclass, OUT assets pg_catalog.text[], OUT in_hand pg_catalog.int4,
    OUT total pg_catalog.int8, OUT done pg_catalog.int8, OUT failed pg_catalog.int8,
    OUT decoders pg_catalog.int4, OUT decoders_lost pg_catalog.int8, OUT started pg_catalog.timestamptz,
    OUT last_error pg_catalog.text, OUT note pg_catalog.text, OUT node pg_catalog.text)
    RETURNS SETOF pg_catalog.record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE COST 100000 ROWS 10
    AS 'MODULE_PATHNAME', 'thumbexif_node_activity';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_node_activity() IS
    'on the coordinator of a Citus cluster: rows of view thumbexif_workers on the other nodes';
