/*
 * extension.c
 *		Where the extension is installed in this database, and who owns it.
 *
 * The result is cached until any schema changes.  That covers the ways in which it becomes wrong in a
 * session: DROP and CREATE EXTENSION drop and create the extension's schema, a change of the extension's
 * owner changes the schema's owner, and the scripts of ALTER EXTENSION UPDATE grant rights on the schema
 * again (sql/15-dump.sql).
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "extension.h"

static bool registered = false; /* whether the callback is registered */
static uint64 schema_changes = 0;	/* invalidations received */
static bool cached = false;		/* "found" is valid */
static TeExtension found;

static void
schema_changed(Datum arg, int cache, uint32 hash)
{
	schema_changes++;
	cached = false;
}

/* Read the extension's row.  False if there is none; *fits: do its SQL objects have this module's version? */
static bool
read_extension(TeExtension *extension, bool *fits)
{
	Relation	catalog = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		exists;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("thumbexif"));
	scan = systable_beginscan(catalog, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	exists = HeapTupleIsValid(tuple);
	if (exists)
	{
		Form_pg_extension form = (Form_pg_extension) GETSTRUCT(tuple);
		bool		isnull;
		Datum		version = heap_getattr(tuple, Anum_pg_extension_extversion,
										   RelationGetDescr(catalog), &isnull);

		extension->oid = form->oid;
		extension->owner = form->extowner;
		extension->home = form->extnamespace;
		*fits = !isnull && strcmp(TextDatumGetCString(version), TE_VERSION) == 0;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return exists;
}

/* Find the extension's schema: is it a member of the extension, with the same owner? */
static bool
owns_schema(TeExtension *extension)
{
	HeapTuple	tuple;
	bool		owns;

	extension->schema = get_namespace_oid(TE_SCHEMA, true);
	if (!OidIsValid(extension->schema))
		return false;
	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(extension->schema));
	if (!HeapTupleIsValid(tuple))
		return false;
	owns = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner == extension->owner &&
		getExtensionOfObject(NamespaceRelationId, extension->schema) == extension->oid;
	ReleaseSysCache(tuple);
	return owns;
}

TeExtensionState
te_extension_lookup(TeExtension *extension)
{
	if (!registered)
	{
		CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
		registered = true;
	}
	AcceptInvalidationMessages();	/* the extension may have been dropped just now */
	if (!cached)
	{
		uint64		changes = schema_changes;
		TeExtension current;
		bool		fits = false;

		if (!read_extension(&current, &fits))
			return TE_EXTENSION_NONE;
		if (!fits)
			return TE_EXTENSION_OTHER;
		if (!owns_schema(&current))
			return TE_EXTENSION_FOREIGN;
		found = current;

		cached = changes == schema_changes; /* not if a schema was changed meanwhile */
	}
	*extension = found;

	return TE_EXTENSION_READY;
}

bool
te_extension_find(TeExtension *extension)
{
	return te_extension_lookup(extension) == TE_EXTENSION_READY;
}

void
te_extension_get(TeExtension *extension)
{
	switch (te_extension_lookup(extension))
	{
		case TE_EXTENSION_READY:
			return;
		case TE_EXTENSION_NONE:
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("extension \"thumbexif\" is not installed in this database"),
					 errhint("Run CREATE EXTENSION thumbexif.")));
			break;
		case TE_EXTENSION_OTHER:
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("extension \"thumbexif\" in this database does not have version %s of its library", TE_VERSION),
					 errhint("Run ALTER EXTENSION thumbexif UPDATE. If it is up to date, reconnect or restart the server to load the newer library.")));
			break;
		case TE_EXTENSION_FOREIGN:
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("schema \"%s\" does not belong to the extension and its owner", TE_SCHEMA),
					 errdetail("The owner of the schema could make thumbexif run any code."),
					 errhint("Let a superuser give the schema to the owner of extension \"thumbexif\", by ALTER SCHEMA %s OWNER TO.", TE_SCHEMA)));
			break;
	}
}

char *
te_internal_name(const char *name)
{
	TeExtension extension;

	te_extension_get(&extension);
	return psprintf("%s.%s", TE_SCHEMA, quote_identifier(name));
}

char *
te_user_name(const char *name)
{
	TeExtension extension;

	te_extension_get(&extension);
	return quote_qualified_identifier(get_namespace_name(extension.home), name);
}

char *
te_relation_name(Oid relation)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation));
}
