-- The id of an asset whose key has several columns.  It reads nothing but its arguments: an index expression is evaluated by whoever
-- writes to the table.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_key(VARIADIC "values" pg_catalog.text[])
    RETURNS pg_catalog.text
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_key';
COMMENT ON FUNCTION @extschema@.thumbexif_key(pg_catalog.text[]) IS
    'the id of an asset of a table whose key has several columns, of their values in the order of the columns; NULL if one of them is NULL';
