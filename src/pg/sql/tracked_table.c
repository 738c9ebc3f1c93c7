/*
 * tracked_table.c
 *		Session cache of what the triggers need to know about their table.
 *
 * An entry is valid until the relation, or the name of a schema, changes.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "pg/base/array_text.h"
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

/* Copy the key, and find its columns.  False if one no longer exists or its type does not fit the state table. */
static bool
find_key(TeTrackedTable *table, const TeAttachment *attachment)
{
	table->key = attachment->key;
	for (int i = 0; i < table->key.count; i++)
	{
		TeColumnInfo column;

		strlcpy(table->key_names[i], attachment->key.name[i], NAMEDATALEN);
		table->key.name[i] = table->key_names[i];
		if (!te_column_find(table->relation, table->key_names[i], &column))
			return false;
		table->key_numbers[i] = column.number;
	}
	return te_attachment_accepts_key(attachment, attachment->key_type);
}

static void
read_table(TeTrackedTable *table)
{
	TeAttachment *attachment;
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
	table->folder = attachment->folder;
	table->arrived = attachment->arrived;
	strlcpy(table->state, attachment->state, sizeof(table->state));
	table->key_type = attachment->key_type;
	table->has_key = find_key(table, attachment);
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

/* The text of a key of several columns. */
static bool
composite_key(const TeTrackedTable *table, TupleTableSlot *row, Datum *key)
{
	const char *values[TE_KEY_MAX_COLUMNS];
	char	   *text;

	for (int i = 0; i < table->key.count; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(row, table->key_numbers[i], &isnull);

		values[i] = isnull ? NULL : te_key_part_text(table->key.type[i], value);
		if (values[i] == NULL)
			return false;
	}
	text = te_array_text(values, table->key.count);
	*key = CStringGetTextDatum(text);
	return strlen(text) <= TE_KEY_MAX_TEXT;
}

bool
te_tracked_key(const TeTrackedTable *table, TupleTableSlot *row, Datum *key)
{
	bool		isnull;

	if (table->key.count > 1)
		return composite_key(table, row, key);
	*key = slot_getattr(row, table->key_numbers[0], &isnull);
	if (isnull)
		return false;
	switch (table->key_type)
	{
		case INT2OID:
			*key = Int64GetDatum(DatumGetInt16(*key));
			return true;
		case INT4OID:
			*key = Int64GetDatum(DatumGetInt32(*key));
			return true;
		case TEXTOID:
			return toast_raw_datum_size(*key) - VARHDRSZ <= TE_KEY_MAX_TEXT;
		default:
			return true;
	}
}

bool
te_tracked_same_key(const TeTrackedTable *table, Datum one, Datum other)
{
	if (table->key_type == UUIDOID)
		return memcmp(DatumGetUUIDP(one), DatumGetUUIDP(other), UUID_LEN) == 0;
	if (table->key_type == TEXTOID)
		return DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, one, other));
	return DatumGetInt64(one) == DatumGetInt64(other);
}

Datum
te_tracked_key_copy(const TeTrackedTable *table, Datum key, MemoryContext context)
{
	Oid			type = te_key_state_type(table->key_type);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Datum		copy = type == INT8OID ? key : datumCopy(key, false, type == UUIDOID ? UUID_LEN : -1);

	MemoryContextSwitchTo(caller);
	return copy;
}

char *
te_tracked_text(TupleTableSlot *row, AttrNumber column)
{
	bool		isnull = true;
	Datum		value = column > 0 ? slot_getattr(row, column, &isnull) : (Datum) 0;

	return isnull ? NULL : TextDatumGetCString(value);
}
