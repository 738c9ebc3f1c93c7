-- The id of an asset whose key has several columns.  It reads nothing but its arguments: an index expression is evaluated by whoever
-- writes to the table.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_key(VARIADIC "values" pg_catalog.text[])
    RETURNS pg_catalog.text
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_key';
COMMENT ON FUNCTION @extschema@.thumbexif_key(pg_catalog.text[]) IS
    'the id of an asset of a table whose key has several columns, of their values in the order of the columns; NULL if one of them is NULL';

-- A date or time in such an id, whatever the session's settings are.

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_key_value(value pg_catalog.date)
    RETURNS pg_catalog.text
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_key_date';
COMMENT ON FUNCTION @extschema@.thumbexif_key_value(pg_catalog.date) IS
    'a date as it is in the id of an asset whose key has several columns, for thumbexif_key()';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_key_value(value pg_catalog.timestamp)
    RETURNS pg_catalog.text
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_key_timestamp';
COMMENT ON FUNCTION @extschema@.thumbexif_key_value(pg_catalog.timestamp) IS
    'a timestamp as it is in the id of an asset whose key has several columns, for thumbexif_key()';

CREATE OR REPLACE FUNCTION @extschema@.thumbexif_key_value(value pg_catalog.timestamptz)
    RETURNS pg_catalog.text
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'thumbexif_key_timestamptz';
COMMENT ON FUNCTION @extschema@.thumbexif_key_value(pg_catalog.timestamptz) IS
    'a timestamptz, in UTC, as it is in the id of an asset whose key has several columns, for thumbexif_key()';
