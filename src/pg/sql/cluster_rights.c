/*
 * cluster_rights.c
 *		Rights on the extension's functions and views on the nodes of a Citus cluster.
 *
 * Each node has its own.  thumbexif_grant() grants them on all nodes; a node that joins later, or that has the extension anew, gets those
 * that the catalogs of the coordinator have when tables are attached there.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "cluster.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"

/*
 * Who granted a right, NULL if its owner did, and the GRANT: of routines and views of the extension outside its internal schema, which nobody may
 * use.  What a role has with grant option comes before what it has passed on.
 */
#define RIGHTS_SQL \
	"WITH RECURSIVE object (kind, name, owner, acl) AS (" \
	" SELECT 'ROUTINE', p.oid::regprocedure::text, p.proowner, p.proacl FROM pg_proc AS p" \
	" JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = $1" \
	" AND d.deptype = 'e' WHERE p.pronamespace = $2" \
	" UNION ALL SELECT 'TABLE', c.oid::regclass::text, c.relowner, c.relacl FROM pg_class AS c" \
	" JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = $1" \
	" AND d.deptype = 'e' WHERE c.relnamespace = $2 AND c.relkind = 'v'" \
	"), granted AS (" \
	" SELECT o.kind, o.name, o.owner, x.* FROM object AS o, aclexplode(o.acl) AS x WHERE x.grantee <> 0 AND x.grantee <> o.owner" \
	"), chain (name, privilege_type, role, steps) AS (" \
	" SELECT DISTINCT g.name, g.privilege_type, g.owner, 0 FROM granted AS g" \
	" UNION SELECT g.name, g.privilege_type, g.grantee, c.steps + 1 FROM chain AS c" \
	" JOIN granted AS g ON g.name = c.name AND g.privilege_type = c.privilege_type AND g.grantor = c.role AND g.is_grantable" \
	") SELECT CASE WHEN g.grantor <> g.owner THEN quote_ident(pg_get_userbyid(g.grantor)) END," \
	" format('GRANT %s ON %s %s TO %s%s', g.privilege_type, g.kind, g.name, quote_ident(pg_get_userbyid(g.grantee))," \
	" CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)" \
	" FROM granted AS g JOIN (SELECT c.name, c.privilege_type, c.role, min(c.steps) AS steps FROM chain AS c GROUP BY 1, 2, 3) AS f" \
	" ON f.name = g.name AND f.privilege_type = g.privilege_type AND f.role = g.grantor ORDER BY f.steps, 1, 2"

/* The GRANTs as one statement; NULL if there are none. */
static char *
grants_sql(void)
{
	TeExtension extension;
	TeArgs		args = {0};
	StringInfoData body;
	const char *grantor = NULL;
	uint64		count;

	te_extension_get(&extension);
	te_arg(&args, OIDOID, ObjectIdGetDatum(extension.oid));
	te_arg(&args, OIDOID, ObjectIdGetDatum(extension.home));
	count = te_sql_as_extension(RIGHTS_SQL, &args);
	initStringInfo(&body);
	for (uint64 i = 0; i < count; i++)
	{
		const char *next = te_out_text((int) i, 1);

		if (next != NULL && (grantor == NULL || strcmp(grantor, next) != 0))
			appendStringInfo(&body, "SET LOCAL ROLE %s; ", next);
		grantor = next;
		appendStringInfo(&body, "%s; ", te_out_text((int) i, 2));
	}
	te_sql_free();
	return count == 0 ? NULL : psprintf("DO %s", quote_literal_cstr(psprintf("BEGIN %sEND", body.data)));
}

void
te_cluster_copy_rights(List *nodes)
{
	char	   *sql = grants_sql();

	te_cluster_run(nodes, sql != NULL ? sql : "SELECT 1");
}
