-- Upgrade from 1.0, last part: grants what was granted on functions that have been replaced on those that replace them, and drops the former.

CREATE FUNCTION thumbexif_internal.thumbexif_move_rights(old pg_catalog.regprocedure, new pg_catalog.regprocedure)
    RETURNS pg_catalog.void LANGUAGE c AS 'MODULE_PATHNAME', 'thumbexif_move_rights';
SELECT thumbexif_internal.thumbexif_move_rights(old.oid::pg_catalog.regprocedure, new.oid::pg_catalog.regprocedure)
    FROM pg_catalog.pg_proc AS old JOIN pg_catalog.pg_proc AS new ON new.proname OPERATOR(pg_catalog.=) old.proname
    WHERE old.pronamespace OPERATOR(pg_catalog.=) 'thumbexif_internal'::pg_catalog.regnamespace::pg_catalog.oid
        AND new.pronamespace OPERATOR(pg_catalog.=) '@extschema@'::pg_catalog.regnamespace::pg_catalog.oid
        AND (old.proname OPERATOR(pg_catalog.=) 'thumbexif_attach'::pg_catalog.name
            OR ((old.proname OPERATOR(pg_catalog.=) 'thumbexif_info'::pg_catalog.name OR old.proname OPERATOR(pg_catalog.=) 'thumbexif_process'::pg_catalog.name)
                AND new.proargtypes OPERATOR(pg_catalog.=) old.proargtypes));
DROP FUNCTION thumbexif_internal.thumbexif_move_rights;
DROP FUNCTION thumbexif_internal.thumbexif_attach;
DROP FUNCTION thumbexif_internal.thumbexif_info(pg_catalog.text);
DROP FUNCTION thumbexif_internal.thumbexif_info(pg_catalog.bytea);
DROP FUNCTION thumbexif_internal.thumbexif_process(bigint, pg_catalog.regclass, boolean);
DROP FUNCTION thumbexif_internal.thumbexif_process(pg_catalog.uuid, pg_catalog.regclass, boolean);
DROP FUNCTION thumbexif_internal.thumbexif_process(pg_catalog.text, pg_catalog.regclass, boolean);
