/*
 * extension.c
 *		Where the extension is installed in this database, and whose it is.
 *
 * The extension may be dropped and created again within one session.  Each of these creates or
 * drops its schema, and a change of its owner changes the schema's too: so what was found is kept until
 * the next change of any schema.  An update to another version grants rights on the schema anew
 * (sql/15-dump.sql), which is a change too.
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
#include "utils/rel.h"
#include "utils/syscache.h"

#include "extension.h"

static bool registered = false; /* the callback below */
static bool known = false;		/* what follows is what the catalogs say */
static TeExtension found;

static void
schema_changed(Datum arg, int cache, uint32 hash)
{
	known = false;
}

/* The extension's row.  False if there is none; *fits: are its SQL objects of our version? */
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
		*fits = !isnull && strcmp(TextDatumGetCString(version), TE_VERSION) == 0;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return exists;
}

/* Is the schema the extension's own, and its owner's? */
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
te_extension_look(TeExtension *extension)
{
	bool		fits = false;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
		registered = true;
	}
	AcceptInvalidationMessages();	/* the extension may have been dropped a moment ago */
	if (!known)
	{
		if (!read_extension(&found, &fits))
			return TE_EXTENSION_NONE;
		if (!fits)
			return TE_EXTENSION_OTHER;
		known = true;			/* until an invalidation arrives, perhaps during what follows */
		if (!owns_schema(&found))
		{
			known = false;
			return TE_EXTENSION_FOREIGN;
		}
	}
	*extension = found;

	return TE_EXTENSION_READY;
}

bool
te_extension_find(TeExtension *extension)
{
	return te_extension_look(extension) == TE_EXTENSION_READY;
}

void
te_extension_get(TeExtension *extension)
{
	switch (te_extension_look(extension))
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
					 errmsg("extension \"thumbexif\" in this database is not of version %s, as its library is", TE_VERSION),
					 errhint("Run ALTER EXTENSION thumbexif UPDATE. If it is up to date, reconnect or restart the server to load the newer library.")));
			break;
		case TE_EXTENSION_FOREIGN:
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("schema \"%s\" does not belong to the extension and its owner", TE_SCHEMA),
					 errdetail("Whoever owns that schema could make thumbexif run foreign code."),
					 errhint("Let a superuser give the schema back to the owner of extension \"thumbexif\".")));
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
