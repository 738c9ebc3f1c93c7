/*
 * api_replace.c
 *		What thumbexif_api() has made before, and CREATE OR REPLACE cannot replace.
 *
 * A later version may give a function other parameters, or the view other columns.  Then all that was made is dropped and made anew, with
 * the same owners and rights.  The comment on an object tells that thumbexif_api() has made it.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "api_replace.h"
#include "pg/base/subtransaction.h"
#include "pg/compat.h"

#define OURS(catalog, oid) \
	"EXISTS (SELECT FROM pg_catalog.pg_description AS d WHERE d.objoid OPERATOR(pg_catalog.=) " oid \
	" AND d.classoid OPERATOR(pg_catalog.=) 'pg_catalog." catalog "'::pg_catalog.regclass::pg_catalog.oid AND d.objsubid OPERATOR(pg_catalog.=) 0" \
	" AND d.description OPERATOR(pg_catalog.~~) '%%ade by thumbexif_api()%%'::pg_catalog.text)"
#define OUR_FUNCTIONS \
	" FROM pg_catalog.pg_proc AS p WHERE p.pronamespace OPERATOR(pg_catalog.=) %1$u AND p.prokind OPERATOR(pg_catalog.=) 'f'" \
	" AND " OURS("pg_proc", "p.oid")
#define OUR_VIEW \
	" FROM pg_catalog.pg_class AS c WHERE c.relnamespace OPERATOR(pg_catalog.=) %1$u AND c.relkind OPERATOR(pg_catalog.=) 'v'" \
	" AND " OURS("pg_class", "c.oid")

/* A role by its number, 0 is PUBLIC; to whom a right "a" was granted. */
#define ROLE(number) \
	"CASE WHEN " number " OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN 'PUBLIC'::pg_catalog.text" \
	" ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(" number ")::pg_catalog.text) END"
#define TO_WHOM \
	ROLE("a.grantee") ", CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION'::pg_catalog.text ELSE ''::pg_catalog.text END"

/* Rights, as "a", but those of the owner. */
#define RIGHTS_OF(acl, owner) \
	"pg_catalog.aclexplode(" acl ") AS a WHERE a.grantee OPERATOR(pg_catalog.<>) " owner

bool
te_api_is_in_the_way(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_INVALID_TABLE_DEFINITION || error->sqlerrcode == ERRCODE_INVALID_FUNCTION_DEFINITION ||
		error->sqlerrcode == ERRCODE_AMBIGUOUS_FUNCTION;
}

/* Append the rows of a query that has one column, a text. */
static List *
append_texts(List *texts, const char *sql)
{
	if (SPI_execute(sql, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute failed");
	for (uint64 i = 0; i < SPI_processed; i++)
		texts = lappend(texts, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	return texts;
}

bool
te_api_has_former(const TeApi *api, Oid schema)
{
	ListCell   *cell;

	foreach(cell, append_texts(NIL, psprintf("SELECT p.proname" OUR_FUNCTIONS, schema)))
	{
		int			i = 0;

		while (i < api->template_count && strcmp(api->templates[i].name, lfirst(cell)) != 0)
			i++;
		if (i == api->template_count)
			return true;
	}
	return false;
}

List *
te_api_helper_rights(const char *name, Oid schema)
{
	return append_texts(NIL, psprintf("SELECT pg_catalog.format('GRANT EXECUTE ON FUNCTION %%s.%%I TO %%s%%s', o.schema, %2$s::pg_catalog.text, " TO_WHOM ")"
									  " FROM (SELECT p.pronamespace::pg_catalog.regnamespace, p.proacl, p.proowner" OUR_FUNCTIONS
									  " AND p.proname OPERATOR(pg_catalog.=) '_photos_matching') AS o (schema, acl, owner), " RIGHTS_OF("o.acl", "o.owner"),
									  schema, quote_literal_cstr(name)));
}

/*
 * A user who has a function photo() in a schema does not expect it to be replaced.  In a schema that thumbexif_api() has made, the user may have
 * changed the comments.
 */
void
te_api_check_names(const TeApi *api, Oid schema)
{
	StringInfoData names;
	List	   *taken;

	initStringInfo(&names);
	for (int i = 0; i < api->template_count; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? "," : "", api->templates[i].name);
	taken = append_texts(NIL, psprintf("SELECT pg_catalog.pg_describe_object(o.class, o.number, 0) FROM ("
									   "SELECT p.tableoid, p.oid, p.proname FROM pg_catalog.pg_proc AS p WHERE p.pronamespace OPERATOR(pg_catalog.=) %1$u"
									   " AND p.proname OPERATOR(pg_catalog.<>) 'photos' AND NOT (p.prokind OPERATOR(pg_catalog.=) 'f' AND " OURS("pg_proc", "p.oid") ")"
									   " UNION ALL SELECT c.tableoid, c.oid, c.relname FROM pg_catalog.pg_class AS c WHERE c.relnamespace OPERATOR(pg_catalog.=) %1$u"
									   " AND c.relname OPERATOR(pg_catalog.=) 'photos' AND NOT (c.relkind OPERATOR(pg_catalog.=) 'v' AND " OURS("pg_class", "c.oid") ")"
									   ") AS o (class, number, name) WHERE o.name OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array(%2$s::pg_catalog.text, ','::pg_catalog.text))"
									   " AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS o WHERE o.oid OPERATOR(pg_catalog.=) %1$u AND " OURS("pg_namespace", "o.oid") ")"
									   " LIMIT 1", schema, quote_literal_cstr(names.data)));
	if (taken != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("%s was not made by thumbexif_api()", (const char *) linitial(taken)),
				 errdetail("Its comment does not say so."),
				 errhint("Name another schema in the parameter \"schema\", or drop it.")));
}

/* What default privileges give to a new object is taken away, before it gets the rights that it had. */
static List *
append_revokes(List *rights, Oid schema)
{
	return append_texts(rights, psprintf("SELECT pg_catalog.format('REVOKE ALL ON %%s %%s.%%I FROM %%s', o.kind, o.schema, o.name, " ROLE("g.grantee") ") FROM ("
										 "SELECT 'FUNCTION', p.pronamespace::pg_catalog.regnamespace, p.proname, p.proowner" OUR_FUNCTIONS
										 " UNION ALL SELECT 'TABLE', c.relnamespace::pg_catalog.regnamespace, c.relname, c.relowner" OUR_VIEW
										 ") AS o (kind, schema, name, owner), (SELECT 0::pg_catalog.oid UNION SELECT a.grantee"
										 " FROM pg_catalog.pg_default_acl AS d, pg_catalog.aclexplode(d.defaclacl) AS a) AS g (grantee)"
										 " WHERE g.grantee OPERATOR(pg_catalog.<>) o.owner", schema));
}

/* Comments of the user's on the view's columns: they go with the view. */
static List *
append_comments(List *statements, Oid schema)
{
	return append_texts(statements, psprintf("SELECT pg_catalog.format('COMMENT ON COLUMN %%s.%%I.%%I IS %%L', c.relnamespace::pg_catalog.regnamespace, c.relname,"
											 " n.attname, s.description) FROM pg_catalog.pg_description AS s, pg_catalog.pg_attribute AS n, pg_catalog.pg_class AS c"
											 " WHERE s.objoid OPERATOR(pg_catalog.=) c.oid AND s.classoid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid"
											 " AND n.attrelid OPERATOR(pg_catalog.=) c.oid AND s.objsubid OPERATOR(pg_catalog.=) n.attnum"
											 " AND s.objsubid OPERATOR(pg_catalog.>) 0 AND c.relnamespace OPERATOR(pg_catalog.=) %1$u AND c.relkind OPERATOR(pg_catalog.=) 'v'"
											 " AND " OURS("pg_class", "c.oid"), schema));
}

/* Owners first, as they grant.  Of functions the names tell which is meant: parameters may be others afterwards. */
static List *
read_rights(Oid schema)
{
	Oid			user = GetUserId();
	List	   *rights = append_comments(NIL, schema);

	rights = append_texts(rights, psprintf("SELECT pg_catalog.format('ALTER FUNCTION %%s.%%I OWNER TO %%I', p.pronamespace::pg_catalog.regnamespace, p.proname,"
										   " pg_catalog.pg_get_userbyid(p.proowner))" OUR_FUNCTIONS " AND p.proowner OPERATOR(pg_catalog.<>) %2$u", schema, user));
	rights = append_texts(rights, psprintf("SELECT pg_catalog.format('ALTER VIEW %%s.%%I OWNER TO %%I', c.relnamespace::pg_catalog.regnamespace, c.relname,"
										   " pg_catalog.pg_get_userbyid(c.relowner))" OUR_VIEW " AND c.relowner OPERATOR(pg_catalog.<>) %2$u", schema, user));
	rights = append_revokes(rights, schema);
	rights = append_texts(rights, psprintf("SELECT pg_catalog.format('GRANT EXECUTE ON FUNCTION %%s.%%I TO %%s%%s', o.schema, o.name, " TO_WHOM ")"
										   " FROM (SELECT p.pronamespace::pg_catalog.regnamespace, p.proname, p.proacl, p.proowner" OUR_FUNCTIONS
										   ") AS o (schema, name, acl, owner), " RIGHTS_OF("o.acl", "o.owner"), schema));
	rights = append_texts(rights, psprintf("SELECT pg_catalog.format('GRANT %%s ON %%s.%%I TO %%s%%s', a.privilege_type, o.schema, o.name, " TO_WHOM ")"
										   " FROM (SELECT c.relnamespace::pg_catalog.regnamespace, c.relname, c.relacl, c.relowner" OUR_VIEW
										   ") AS o (schema, name, acl, owner), " RIGHTS_OF("o.acl", "o.owner"), schema));
	return append_texts(rights, psprintf("SELECT pg_catalog.format('GRANT %%s (%%I) ON %%s.%%I TO %%s%%s', a.privilege_type, o.part, o.schema, o.name, " TO_WHOM ")"
										 " FROM (SELECT c.relnamespace::pg_catalog.regnamespace, c.relname, n.attname, n.attacl, c.relowner"
										 " FROM pg_catalog.pg_attribute AS n, pg_catalog.pg_class AS c WHERE n.attrelid OPERATOR(pg_catalog.=) c.oid"
										 " AND c.relnamespace OPERATOR(pg_catalog.=) %1$u AND " OURS("pg_class", "c.oid")
										 ") AS o (schema, name, part, acl, owner), " RIGHTS_OF("o.acl", "o.owner"), schema));
}

/* For te_subtransaction(): run statements. */
static void
execute_all(void *arg)
{
	ListCell   *cell;

	foreach(cell, (List *) arg)
	{
		int			result = SPI_execute(lfirst(cell), false, 0);

		if (result < 0)
			elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
	}
}

pg_noreturn static void
throw_dependents(const TeApi *api, const char *dependents)
{
	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("what thumbexif_api() has made in schema %s must be made anew, but other objects depend on it", api->schema),
			 dependents != NULL ? errdetail_internal("%s", dependents) : 0,
			 errhint("Drop these objects, call thumbexif_api() again, and create them again.")));
}

/* ERROR if the view has triggers, rules or defaults of the user's, which DROP VIEW drops with it. */
static void
check_parts_of_view(const TeApi *api, Oid schema)
{
	List	   *parts = append_texts(NIL, psprintf("SELECT pg_catalog.pg_describe_object(o.class, o.number, 0) FROM ("
												   "SELECT t.tableoid, t.oid, t.tgrelid FROM pg_catalog.pg_trigger AS t"
												   " UNION ALL SELECT r.tableoid, r.oid, r.ev_class FROM pg_catalog.pg_rewrite AS r"
												   " WHERE r.rulename OPERATOR(pg_catalog.<>) '_RETURN'"
												   " UNION ALL SELECT v.tableoid, v.oid, v.adrelid FROM pg_catalog.pg_attrdef AS v) AS o (class, number, relation)"
												   " WHERE EXISTS (SELECT" OUR_VIEW " AND c.oid OPERATOR(pg_catalog.=) o.relation) LIMIT 1", schema));

	if (parts != NIL)
		throw_dependents(api, linitial(parts));
}

List *
te_api_drop(const TeApi *api, Oid schema)
{
	List	   *rights = read_rights(schema);
	List	   *drops = NIL;
	ErrorData  *error;

	check_parts_of_view(api, schema);
	/* all functions at once, as they use each other */
	drops = append_texts(drops, psprintf("SELECT 'DROP FUNCTION '::pg_catalog.text OPERATOR(pg_catalog.||)"
										 " pg_catalog.string_agg(p.oid::pg_catalog.regprocedure::pg_catalog.text, ', '::pg_catalog.text)"
										 OUR_FUNCTIONS " HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0::pg_catalog.int8", schema));
	drops = append_texts(drops, psprintf("SELECT pg_catalog.format('DROP VIEW %%s.%%I', c.relnamespace::pg_catalog.regnamespace, c.relname)" OUR_VIEW, schema));
	error = te_subtransaction(execute_all, drops);
	if (error == NULL)
		return rights;
	if (error->sqlerrcode != ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST)
		ReThrowError(error);
	throw_dependents(api, error->detail);
}
