/*
 * attach_key.c
 *		The key of a table that is attached: which columns it has, and whether they are one.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "attach_key.h"
#include "pg/base/array_text.h"
#include "pg/catalog/key_sql.h"

/* Is the column "id" a key on its own? */
static bool
has_standard_key(Relation relation)
{
	TeColumnInfo info;

	return te_column_find(RelationGetRelid(relation), TE_STANDARD_KEY, &info) && info.not_null &&
		te_key_has_index(relation, &(TeKeyColumns) {.count = 1, .name = {TE_STANDARD_KEY}}, true);
}

/* The columns of the primary key, if it has several and not too many. */
static bool
find_primary_key(Relation relation, TeKeyColumns *key)
{
	Oid			oid = (RelationGetIndexList(relation), relation->rd_pkindex);
	HeapTuple	tuple = OidIsValid(oid) ? SearchSysCache1(INDEXRELID, ObjectIdGetDatum(oid)) : NULL;
	Form_pg_index index;

	if (!HeapTupleIsValid(tuple))
		return false;
	index = (Form_pg_index) GETSTRUCT(tuple);
	key->count = index->indnkeyatts;
	for (int i = 0; i < Min(key->count, TE_KEY_MAX_COLUMNS); i++)
		key->name[i] = get_attname(RelationGetRelid(relation), index->indkey.values[i], false);
	ReleaseSysCache(tuple);
	return key->count > 1 && key->count <= TE_KEY_MAX_COLUMNS;
}

/* Is the name of a column given, or a list of columns in braces? */
static bool
is_list(Relation relation, const char *given)
{
	TeColumnInfo info;

	return given != NULL && given[0] == '{' && !te_column_find(RelationGetRelid(relation), given, &info);
}

static void
read_list(const char *given, TeKeyColumns *key)
{
	char	   *names[TE_KEY_MAX_COLUMNS];

	key->count = te_array_text_parse(given, names, TE_KEY_MAX_COLUMNS);
	if (key->count < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"%s\" is no list of columns: \"%s\"", TE_STANDARD_KEY, given),
				 errhint("Name one column, or up to %d in braces, separated by commas: '{tenant_id,id}'.", TE_KEY_MAX_COLUMNS)));
	for (int i = 0; i < key->count; i++)
		key->name[i] = names[i];
}

/* Choose the columns. */
static void
choose_columns(Relation relation, const char *given, TeKeyColumns *key)
{
	if (is_list(relation, given))
		read_list(given, key);
	else if (given == NULL && !has_standard_key(relation) && find_primary_key(relation, key))
		ereport(NOTICE,
				(errmsg("the key of table \"%s\" is its primary key (%s)", RelationGetRelationName(relation), te_key_list_sql(key, "", "")),
				 errdetail("Column \"%s\" alone is not a key.", TE_STANDARD_KEY),
				 errhint("To choose other columns, name them in the parameter \"%s\".", TE_STANDARD_KEY)));
	else
	{
		key->count = 1;
		key->name[0] = given;
	}
}

void
te_attach_map_key(Relation relation, const char *given, TeMapping *mapping)
{
	TeKeyColumns *key = &mapping->key;
	bool		partitioned = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
	bool		not_null = true;

	choose_columns(relation, given, key);
	for (int i = 0; i < key->count; i++)
	{
		TeColumnInfo info;

		key->name[i] = te_attach_find_column(relation, TE_STANDARD_KEY, key->name[i], &info);
		key->type[i] = te_key_type(info.type);
		if (!OidIsValid(key->type[i]))
			te_attach_throw_type(relation, key->name[i], info.type, TE_KEY_ACCEPTED);
		not_null &= info.not_null;
	}
	mapping->key_type = key->count > 1 ? TEXTOID : key->type[0];
	/* that of a partitioned table may be one only within each partition, whose indexes member_change.c checks */
	if (not_null && (partitioned || te_key_has_index(relation, key, true)))
		return;
	if (key->count > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("columns (%s) of table \"%s\" are not a key", te_key_list_sql(key, "", ""), RelationGetRelationName(relation)),
				 partitioned ?
				 errhint("They must be NOT NULL, with a unique index on them alone, in this order, in each partition.") :
				 errhint("They must be NOT NULL, with a primary key or a unique index on them alone, in this order, that is neither partial nor deferrable.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
			 errmsg("column \"%s\" of table \"%s\" is not a key", key->name[0], RelationGetRelationName(relation)),
			 partitioned ?
			 errhint("It must be NOT NULL, with a unique index on it alone in each partition.") :
			 errhint("It must be NOT NULL, with a primary key or a unique index on it alone that is neither partial nor deferrable.")));
}

void
te_attach_keep_key(const TeAttachment *old, TeGivenColumns *given)
{
	if (given->key != NULL)
		return;
	for (int i = 0; i < old->key.count; i++)
	{
		TeColumnInfo info;

		if (!te_column_find(old->relation, old->key.name[i], &info))
			return;
	}
	given->key = old->key.count == 1 ? old->key.name[0] : te_array_text(old->key.name, old->key.count);
}

bool
te_attach_key_replaced(const TeAttachment *old, const TeMapping *mapping)
{
	if (old->key.count != mapping->key.count || !te_attachment_accepts_key(old, mapping->key_type))
		return true;
	for (int i = 0; i < old->key.count; i++)
	{
		TeColumnInfo info;

		if ((strcmp(old->key.name[i], mapping->key.name[i]) != 0 && te_column_find(old->relation, old->key.name[i], &info)) ||
			!te_key_types_match(old->stored_key_type[i], mapping->key.type[i]))
			return true;
	}
	return false;
}

void
te_attach_check_new_key(const char *given)
{
	char	   *names[TE_KEY_MAX_COLUMNS];

	if (given != NULL && te_array_text_parse(given, names, TE_KEY_MAX_COLUMNS) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a table is created with one key column"),
				 errhint("Create the table with the key that you want, and attach it then.")));
}
