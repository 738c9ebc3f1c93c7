/*
 * key_columns.c
 *		The columns of a table's key, one or several.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "column.h"
#include "key_columns.h"
#include "pg/base/array_text.h"

/* The values of an array.  Returns their number, 0 for NULL, -1 if a forged dump has something else. */
static int
parse_array(const char *text, char **values)
{
	return text == NULL ? 0 : te_array_text_parse(text, values, TE_KEY_MAX_COLUMNS);
}

bool
te_key_columns_parse(const char *first, Oid key_type, const char *names, const char *types, TeKeyColumns *key)
{
	char	   *name[TE_KEY_MAX_COLUMNS];
	char	   *type[TE_KEY_MAX_COLUMNS];

	key->count = parse_array(names, name);
	if (key->count == 0)
	{
		key->count = 1;
		key->name[0] = pstrdup(first);
		key->type[0] = key_type;
		return true;
	}
	if (key->count < 2 || key_type != TEXTOID || parse_array(types, type) != key->count)
		return false;
	for (int i = 0; i < key->count; i++)
	{
		key->name[i] = name[i];
		key->type[i] = (Oid) strtoul(type[i], NULL, 10);
		if (te_key_state_table(key->type[i]) == NULL)
			return false;
	}
	return true;
}

int
te_key_columns_look_up(Oid relation, TeKeyColumns *key)
{
	int			unfit = -1;

	for (int i = 0; i < key->count; i++)
	{
		TeColumnInfo info;
		Oid			type = te_column_find(relation, key->name[i], &info) ? te_key_type(info.type) : InvalidOid;

		if (unfit < 0 && !te_key_types_match(key->type[i], type))
			unfit = i;
		key->type[i] = type;
	}
	return unfit;
}

bool
te_key_columns_equal(const TeKeyColumns *a, const TeKeyColumns *b)
{
	for (int i = 0; i < Min(a->count, b->count); i++)
		if (strcmp(a->name[i], b->name[i]) != 0 || a->type[i] != b->type[i])
			return false;
	return a->count == b->count;
}

bool
te_key_has_column(const TeKeyColumns *key, const char *name)
{
	for (int i = 0; i < key->count; i++)
		if (strcmp(key->name[i], name) == 0)
			return true;
	return false;
}

static bool
is_btree(Oid index)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_class) GETSTRUCT(tuple))->relam == BTREE_AM_OID;
	ReleaseSysCache(tuple);
	return result;
}

/* Is this such an index? */
static bool
index_fits(HeapTuple tuple, const TeKeyColumns *key, bool unique)
{
	Form_pg_index index = (Form_pg_index) GETSTRUCT(tuple);

	if (!index->indisvalid || !index->indislive || index->indnkeyatts < key->count || !heap_attisnull(tuple, Anum_pg_index_indpred, NULL) ||
		(unique && (!index->indisunique || !index->indimmediate || index->indnkeyatts > key->count)))
		return false;
	for (int i = 0; i < key->count; i++)
	{
		AttrNumber	number = get_attnum(index->indrelid, key->name[i]);

		if (number == InvalidAttrNumber || index->indkey.values[i] != number)
			return false;
	}
	return is_btree(index->indexrelid);
}

bool
te_key_has_index(Relation relation, const TeKeyColumns *key, bool unique)
{
	List	   *indexes = RelationGetIndexList(relation);
	bool		found = false;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));

		if (!HeapTupleIsValid(tuple))
			continue;
		found |= index_fits(tuple, key, unique);
		ReleaseSysCache(tuple);
	}
	list_free(indexes);
	return found;
}
