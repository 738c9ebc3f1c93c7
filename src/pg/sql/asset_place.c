/*
 * asset_place.c
 *		Finds the members of an attached table that have certain assets.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "asset_place.h"
#include "asset_reading.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/key_sql.h"

typedef struct Places
{
	TePlace    *places;
	int			count;
	int			most;
	Oid			type;
} Places;

static void
add_place(Places *places, const TeKey *key, Oid relation)
{
	if (places->count == places->most)
	{
		places->most *= 2;
		places->places = repalloc_huge(places->places, sizeof(TePlace) * places->most);
	}
	places->places[places->count++] = (TePlace) {*key, relation};
}

/* TeArgs.each */
static void
add_found(void *arg)
{
	Places	   *places = arg;
	TeKey		key;

	te_out_key(0, 1, places->type, &key);
	add_place(places, &key, DatumGetObjectId(te_out(0, 2)));
}

static int
compare_places(const void *a, const void *b, void *type)
{
	const TePlace *left = a;
	const TePlace *right = b;

	if (left->relation != right->relation)
		return left->relation < right->relation ? -1 : 1;
	return te_key_compare(*(const Oid *) type, &left->key, &right->key);
}

static bool
has_key(const Places *found, int count, const TeKey *key)
{
	for (int low = 0, high = count; low < high;)
	{
		int			middle = low + (high - low) / 2;
		int			order = te_key_compare(found->type, &found->places[middle].key, key);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static int
compare_keys(const void *a, const void *b, void *type)
{
	return te_key_compare(*(const Oid *) type, &((const TePlace *) a)->key, &((const TePlace *) b)->key);
}

/* The shards of a table of Citus that have the keys, of a partitioned one only for rows that there are; ERROR if one is on another node. */
static void
add_shards(Places *places, const TeAttachment *attachment, const TeKey *keys, int count)
{
	TeAttachment *table = te_attachment_find(attachment->relation);

	for (int i = 0; i < count; i++)
	{
		const TeAttachment *shard = te_asset_table(table, &keys[i], TE_STATE_READ);

		if (shard != NULL)
			add_place(places, &keys[i], shard->relation);
	}
	qsort_arg(places->places, places->count, sizeof(TePlace), compare_places, &places->type);
}

TePlace *
te_asset_places(const TeAttachment *attachment, TeKey *keys, int count, int *found_count)
{
	Oid			type = attachment->key_type;
	Places		places = {.most = Max(count, 1), .type = type};
	TeArgs		args = {.each = add_found, .each_arg = &places};
	int			found;

	places.places = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(TePlace) * places.most);
	if (te_citus_kind(attachment->relation) != TE_CITUS_NONE)
	{
		add_shards(&places, attachment, keys, count);
		*found_count = places.count;
		return places.places;
	}
	te_arg(&args, te_key_array_type(type), te_key_array(type, keys, count));
	te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path,
					psprintf("SELECT %s, t.tableoid FROM %s AS t WHERE %s",
							 te_key_out_sql(&attachment->key, "t."), attachment->rows, te_key_any_sql(&attachment->key, "t.", "$1")), &args);
	found = places.count;
	qsort_arg(places.places, found, sizeof(TePlace), compare_keys, &type);
	for (int i = 0; i < count; i++)
		if (!has_key(&places, found, &keys[i]))
			add_place(&places, &keys[i], InvalidOid);
	qsort_arg(places.places, places.count, sizeof(TePlace), compare_places, &type);
	*found_count = places.count;
	return places.places;
}
