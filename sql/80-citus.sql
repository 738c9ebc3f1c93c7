-- Citus: what the coordinator calls on the other nodes of its cluster, with the role that called the coordinator.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_node(cluster pg_catalog.text DEFAULT NULL)
    RETURNS pg_catalog.text
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_node';
COMMENT ON FUNCTION @extschema@.thumbexif_node(pg_catalog.text) IS
    'what the coordinator of a Citus cluster compares before it attaches a table: version, settings, and the marker of the cluster''s thumbnail folder as this node sees it';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_attach_node(relation pg_catalog.text, attachment pg_catalog.text)
    RETURNS pg_catalog.int4
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_attach_node';
COMMENT ON FUNCTION @extschema@.thumbexif_attach_node(pg_catalog.text, pg_catalog.text) IS
    'attach a table of a Citus cluster on this node, as thumbexif_attach() on the coordinator does it; returns the number of its shards here';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_attach_node(pg_catalog.text, pg_catalog.text) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE @extschema@.thumbexif_backfill_node
(
    relation     pg_catalog.regclass,
    max_assets   bigint,
    batch_size   integer,
    dry_run      boolean,
    parts        pg_catalog.text,
    verify       boolean,
    milliseconds integer,
    INOUT place  pg_catalog.text DEFAULT NULL
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_backfill_node';
COMMENT ON PROCEDURE @extschema@.thumbexif_backfill_node(pg_catalog.regclass, bigint, integer, boolean, pg_catalog.text, boolean, integer, pg_catalog.text) IS
    'a portion of a backfill on this node of a Citus cluster, as thumbexif_backfill() on the coordinator has it done; place tells what was done and where the next call goes on';
REVOKE EXECUTE ON PROCEDURE @extschema@.thumbexif_backfill_node(pg_catalog.regclass, bigint, integer, boolean, pg_catalog.text, boolean, integer, pg_catalog.text) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE @extschema@.thumbexif_sweep_node(relation pg_catalog.regclass, milliseconds integer, INOUT place pg_catalog.text DEFAULT NULL)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_sweep_node';
COMMENT ON PROCEDURE @extschema@.thumbexif_sweep_node(pg_catalog.regclass, integer, pg_catalog.text) IS
    'a portion of a sweep on this node of a Citus cluster, as thumbexif_sweep() on the coordinator has it done; place tells what was done and where the next call goes on';
REVOKE EXECUTE ON PROCEDURE @extschema@.thumbexif_sweep_node(pg_catalog.regclass, integer, pg_catalog.text) FROM PUBLIC;

CREATE OR REPLACE PROCEDURE @extschema@.thumbexif_session_node(relation pg_catalog.regclass, ids pg_catalog.text[], INOUT answer pg_catalog.text DEFAULT NULL)
LANGUAGE c
AS 'MODULE_PATHNAME', 'thumbexif_session_node';
COMMENT ON PROCEDURE @extschema@.thumbexif_session_node(pg_catalog.regclass, pg_catalog.text[], pg_catalog.text) IS
    'process assets of a session on this node of a Citus cluster, as thumbexif_process_session() on the coordinator has it done; answer tells what was done';
REVOKE EXECUTE ON PROCEDURE @extschema@.thumbexif_session_node(pg_catalog.regclass, pg_catalog.text[], pg_catalog.text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_left(relation pg_catalog.text, shard bigint, forget boolean)
    RETURNS pg_catalog.text
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_left';
COMMENT ON FUNCTION @extschema@.thumbexif_left(pg_catalog.text, bigint, boolean) IS
    'assets of this shard that were not done, or with other settings, when they left this node of a Citus cluster, as the background worker of the node that has them asks for them; with forget they are deleted';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_left(pg_catalog.text, bigint, boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION thumbexif_internal.thumbexif_attach_nodes(relation pg_catalog.regclass)
    RETURNS pg_catalog.void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_attach_nodes';
COMMENT ON FUNCTION thumbexif_internal.thumbexif_attach_nodes(pg_catalog.regclass) IS
    'attach a table of a Citus cluster on nodes that have joined it, as the background worker of the coordinator does';
REVOKE EXECUTE ON FUNCTION thumbexif_internal.thumbexif_attach_nodes(pg_catalog.regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_join(cluster pg_catalog.text)
    RETURNS pg_catalog.void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'thumbexif_join';
COMMENT ON FUNCTION @extschema@.thumbexif_join(pg_catalog.text) IS
    'tell this node of a Citus cluster which cluster it belongs to, as thumbexif_attach() on the coordinator does with the role that owns the extension';
REVOKE EXECUTE ON FUNCTION @extschema@.thumbexif_join(pg_catalog.text) FROM PUBLIC;
