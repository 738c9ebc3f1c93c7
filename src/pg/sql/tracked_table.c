/*
 * tracked_table.c
 *		Session cache of what the triggers need to know about their table.
 *
 * An entry is valid until the relation, or the name of a schema, changes.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "pg/base/extension.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/key.h"
#include "tracked_table.h"

#define UNKNOWN		(-1)		/* attachment number of an entry that was not read completely */

static HTAB *tracked_tables = NULL;

/* Relcache callback: mark one entry, or with InvalidOid all entries, to be read again. */
static void
invalidate_table(Datum arg, Oid relation)
{
	HASH_SEQ_STATUS all;
	TeTrackedTable *table;

	if (OidIsValid(relation))
	{
		table = hash_search(tracked_tables, &relation, HASH_FIND, NULL);
		if (table != NULL)
			table->valid = false;
		return;
	}
	hash_seq_init(&all, tracked_tables);
	while ((table = hash_seq_search(&all)) != NULL)
		table->valid = false;
}

/* Syscache callback: a schema was renamed, perhaps that of a table or ours. */
static void
invalidate_all(Datum arg, int cache, uint32 hash)
{
	invalidate_table(arg, InvalidOid);
}

/* Find the key column.  False if it no longer exists or its type does not fit the state table. */
static bool
find_key(const TeAttachment *attachment, TeColumnInfo *column)
{
	return te_column_find(attachment->relation, attachment->key, column) &&
		te_attachment_accepts_key(attachment, column->type);
}

static void
read_table(TeTrackedTable *table)
{
	TeAttachment *attachment;
	TeColumnInfo key;
	TeColumnInfo path;

	for (int i = 0; i < TE_PLAN_COUNT; i++)
	{
		if (table->plans[i] != NULL)
			SPI_freeplan(table->plans[i]);
		table->plans[i] = NULL;
	}
	table->valid = true;		/* set first: an invalidation may arrive during the lookups below */
	table->attachment = UNKNOWN;	/* in case a lookup throws */
	attachment = te_attachment_find(table->relation);
	table->attachment = 0;
	if (attachment == NULL)
	{
		table->valid = false;	/* a restore may insert the attachment without an invalidation */
		table->absent_at = GetCurrentStatementStartTimestamp();
		return;
	}
	table->attachment = attachment->number;
	table->parent = attachment->parent;
	strlcpy(table->state, attachment->state, sizeof(table->state));
	strlcpy(table->key_name, attachment->key, NAMEDATALEN);
	table->key_type = attachment->key_type;
	table->key = find_key(attachment, &key) ? key.number : 0;
	table->path = te_column_find(table->relation, attachment->path, &path) &&
		te_path_accepts(path.type) ? path.number : 0;
	table->thumbnail_path = attachment->column[TE_COL_THUMBNAIL_PATH] != NULL &&
		te_column_find(table->relation, attachment->column[TE_COL_THUMBNAIL_PATH], &path) && te_path_accepts(path.type) ? path.number : 0;
}

TeTrackedTable *
te_tracked_table(Oid relation)
{
	TeTrackedTable *table;
	bool		found;

	if (tracked_tables == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(TeTrackedTable)};

		tracked_tables = hash_create("thumbexif tracked tables", 16, &control, HASH_ELEM | HASH_BLOBS);
		CacheRegisterRelcacheCallback(invalidate_table, (Datum) 0);
		CacheRegisterSyscacheCallback(NAMESPACEOID, invalidate_all, (Datum) 0);
	}
	table = hash_search(tracked_tables, &relation, HASH_ENTER, &found);
	if (!found)
	{
		memset(table, 0, sizeof(TeTrackedTable));
		table->relation = relation;
	}
	if (!table->valid || table->attachment == UNKNOWN)
		read_table(table);
	return table;
}

TeTrackedTable *
te_tracked_table_known(Oid relation)
{
	TeTrackedTable *table = tracked_tables != NULL ? hash_search(tracked_tables, &relation, HASH_FIND, NULL) : NULL;

	if (table == NULL || table->attachment == UNKNOWN)
		return NULL;
	if (table->valid || (table->attachment == 0 && table->absent_at == GetCurrentStatementStartTimestamp()))
		return table;
	return NULL;
}

Datum
te_tracked_key(const TeTrackedTable *table, Datum value)
{
	switch (table->key_type)
	{
		case INT2OID:
			return Int64GetDatum(DatumGetInt16(value));
		case INT4OID:
			return Int64GetDatum(DatumGetInt32(value));
		default:
			return value;
	}
}

bool
te_tracked_key_fits(const TeTrackedTable *table, Datum value)
{
	return table->key_type != TEXTOID || toast_raw_datum_size(value) - VARHDRSZ <= TE_KEY_MAX_TEXT;
}
