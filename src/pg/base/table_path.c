/*
 * table_path.c
 *		The search_path that is kept with an attached table.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "pg/compat.h"
#include "table_path.h"

/* Objects in a temporary schema are those of a session, and would come first if it were not named. */
static bool
is_temporary(const char *schema)
{
	return strncmp(schema, "pg_temp", strlen("pg_temp")) == 0;
}

static void
append_schema(StringInfo list, const char *schema)
{
	appendStringInfo(list, "%s%s", list->len > 0 ? ", " : "", quote_identifier(schema));
}

/* Copy a search_path without temporary schemas.  NULL if it is not a list of names. */
static char *
without_temporary(const char *search_path, const char *user)
{
	char	   *raw = pstrdup(search_path);
	StringInfoData list;
	List	   *schemas;
	ListCell   *cell;

	if (!SplitIdentifierString(raw, ',', &schemas))
		return NULL;
	initStringInfo(&list);
	foreach(cell, schemas)
	{
		const char *schema = lfirst(cell);

		if (user != NULL && strcmp(schema, "$user") == 0)
		{
			if (OidIsValid(get_namespace_oid(user, true)))
				append_schema(&list, user);
		}
		else if (!is_temporary(schema))
			append_schema(&list, schema);
	}
	list_free(schemas);
	pfree(raw);
	return list.data;
}

char *
te_table_path_current(Oid owner)
{
	char	   *kept = without_temporary(namespace_search_path, GetUserNameFromId(owner, false));

	return kept != NULL ? kept : pstrdup("");	/* the setting was checked when it was made */
}

char *
te_table_path_check(const char *kept)
{
	char	   *schemas = kept != NULL ? without_temporary(kept, NULL) : NULL;

	if (schemas == NULL)
		return NULL;
	return psprintf("%s%spg_temp", schemas, schemas[0] != '\0' ? ", " : "");
}

/* --- schemas of others */

static Oid
database_owner(void)
{
	HeapTuple	tuple = SearchSysCache1(DATABASEOID, ObjectIdGetDatum(MyDatabaseId));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_database) GETSTRUCT(tuple))->datdba;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/* May the creator of an object have it found by code that runs as "role"? */
static bool
is_trusted(Oid creator, Oid role)
{
	if (creator == ROLE_PG_DATABASE_OWNER)	/* owns schema public; has no member but this one */
		creator = database_owner();
	return creator != ACL_ID_PUBLIC && has_privs_of_role(creator, role);
}

/* Do all who may create in a schema, or let others do so, have the rights of "role"? */
static bool
is_own(HeapTuple schema, Oid role)
{
	bool		isnull;
	Datum		datum = SysCacheGetAttr(NAMESPACEOID, schema, Anum_pg_namespace_nspacl, &isnull);
	Acl		   *acl;
	const AclItem *items;

	if (!is_trusted(((Form_pg_namespace) GETSTRUCT(schema))->nspowner, role))
		return false;
	if (isnull)
		return true;			/* only the owner may */
	acl = DatumGetAclP(datum);
	items = te_acl_items(acl);
	for (int i = 0; i < ACL_NUM(acl); i++)
	{
		const AclItem *item = &items[i];

		if (((ACLITEM_GET_PRIVS(*item) | ACLITEM_GET_GOPTIONS(*item)) & ACL_CREATE) && !is_trusted(item->ai_grantee, role))
			return false;
	}
	return true;
}

static TeSchemaKind
schema_kind(const char *schema, Oid role)
{
	HeapTuple	tuple;
	TeSchemaKind kind;

	if (is_temporary(schema))
		return TE_SCHEMA_OWN;	/* comes last */
	tuple = SearchSysCache1(NAMESPACENAME, CStringGetDatum(schema));
	if (!HeapTupleIsValid(tuple))
		return TE_SCHEMA_MISSING;
	kind = is_own(tuple, role) ? TE_SCHEMA_OWN : TE_SCHEMA_SHARED;
	ReleaseSysCache(tuple);
	return kind;
}

char *
te_table_path_part(const char *search_path, Oid role, int kinds)
{
	char	   *raw = pstrdup(search_path);
	StringInfoData list;
	List	   *schemas;
	ListCell   *cell;

	initStringInfo(&list);
	if (!SplitIdentifierString(raw, ',', &schemas))
		elog(ERROR, "invalid search_path"); /* te_table_path_check() has seen it */
	foreach(cell, schemas)
		if (schema_kind(lfirst(cell), role) & kinds)
		append_schema(&list, lfirst(cell));
	list_free(schemas);
	pfree(raw);
	return list.data;
}

void
te_table_path_set(const char *search_path, Oid role)
{
	char	   *own = te_table_path_part(search_path, role, TE_SCHEMA_OWN);

	(void) set_config_option("search_path", own, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	pfree(own);
}
