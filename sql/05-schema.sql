-- Where our tables, types and internal functions live: a schema that nobody else can rename, give away or
-- create anything in.  One of that name that is there already is refused.

CREATE SCHEMA thumbexif_internal;
COMMENT ON SCHEMA thumbexif_internal IS 'tables, types and functions of thumbexif that are not to be used directly';
