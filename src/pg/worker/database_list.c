/*
 * database_list.c
 *		The launcher's list of databases.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

#include "database_list.h"
#include "pg/base/guc.h"

bool
te_database_list_named(const char *database)
{
	char	   *raw = pstrdup(te_databases);
	List	   *names;
	ListCell   *cell;
	bool		named;

	/* the setting's check hook has verified that it can be split */
	SplitIdentifierString(raw, ',', &names);
	named = names == NIL;
	foreach(cell, names)
		named |= strcmp(lfirst(cell), database) == 0;
	list_free(names);
	pfree(raw);
	return named;
}

TeDatabase *
te_database_list_find(List *list, Oid oid)
{
	ListCell   *cell;

	foreach(cell, list)
	{
		TeDatabase *database = lfirst(cell);

		if (database->oid == oid)
			return database;
	}
	return NULL;
}

List *
te_database_list_refresh(List *list, MemoryContext context)
{
	Relation	catalog;
	TableScanDesc scan;
	HeapTuple	tuple;
	ListCell   *cell;

	foreach(cell, list)
		((TeDatabase *) lfirst(cell))->exists = false;

	StartTransactionCommand();
	catalog = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(catalog, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);
		TeDatabase *database = te_database_list_find(list, form->oid);
		bool		allowed;

		if (database == NULL)
		{
			MemoryContext caller = MemoryContextSwitchTo(context);

			database = palloc0(sizeof(TeDatabase));
			database->oid = form->oid;
			database->slot = -1;
			list = lappend(list, database);
			MemoryContextSwitchTo(caller);
		}
		database->exists = true;
		allowed = form->datallowconn && !form->datistemplate &&
			form->datconnlimit != DATCONNLIMIT_INVALID_DB &&
			te_database_list_named(NameStr(form->datname));
		database->woken |= allowed && !database->allowed;	/* it may have been woken before */
		database->allowed = allowed;
	}
	table_endscan(scan);
	table_close(catalog, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
	return list;
}
