-- The schema of our tables, types and internal functions.  Other roles cannot rename it, change its owner or create
-- objects in it.  CREATE EXTENSION fails if a schema of that name exists.

CREATE SCHEMA thumbexif_internal;
COMMENT ON SCHEMA thumbexif_internal IS 'internal tables, types and functions of thumbexif, not for direct use';
