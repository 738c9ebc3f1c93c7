-- The schema of our tables, types and internal functions.  No other role can rename it, change its owner or
-- create objects in it.  CREATE EXTENSION fails if a schema of that name exists.

CREATE SCHEMA thumbexif_internal;
COMMENT ON SCHEMA thumbexif_internal IS 'tables, types and functions of thumbexif that are not to be used directly';
