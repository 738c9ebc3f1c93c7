-- What holds for every object of the extension.
\set ON_ERROR_STOP on
SELECT extname, extversion FROM pg_extension WHERE extname = 'thumbexif';

CREATE TEMPORARY VIEW member AS
	SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
	FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid AND e.extname = 'thumbexif'
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e';

-- each has a comment (array types, row types and sequences of identity columns are made by the server)
SELECT object AS "without a comment" FROM member
WHERE obj_description(objid, classid::regclass::name) IS NULL
	AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid = objid AND classid = 'pg_type'::regclass
		AND (t.typrelid <> 0 OR t.typelem <> 0))
	AND NOT EXISTS (SELECT FROM pg_depend i WHERE (i.classid, i.objid) = (member.classid, member.objid)
		AND i.deptype = 'i')
ORDER BY 1;

-- and our prefix
SELECT object AS "without the prefix" FROM member
WHERE object !~ '^(function|procedure|schema|table|view|sequence|type|trigger|event trigger) (public\.)?_?thumbexif_'
ORDER BY 1;

-- nothing may be written by PUBLIC; a view that it reads shows each role what that role may know; the functions that are open to it are behind the views, in a schema that nobody may use, read nothing but their arguments, check the caller's rights on the row, or are called by triggers, which who makes a partition makes on it
SELECT c.oid::regclass AS "open to PUBLIC", a.privilege_type
FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND m.objid = c.oid,
	aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a
WHERE a.grantee = 0
ORDER BY 1, 2;
SELECT p.oid::regprocedure AS "open to PUBLIC"
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid,
	aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
WHERE a.grantee = 0
ORDER BY p.oid::regprocedure::text;

-- SECURITY DEFINER only with a locked search_path, and never executable by PUBLIC
SELECT p.oid::regprocedure AS "not locked"
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
WHERE p.prosecdef AND NOT coalesce(p.proconfig, '{}') && ARRAY['search_path=pg_catalog, pg_temp']
ORDER BY 1;

-- every setting has a description
SELECT name AS "without a description" FROM pg_settings
WHERE name LIKE 'thumbexif.%' AND coalesce(short_desc, '') = '';
