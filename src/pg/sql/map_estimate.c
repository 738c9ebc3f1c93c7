/*
 * map_estimate.c
 *		SQL function thumbexif_map_estimate(): about how many rows have quadkeys in a range, told by the pages of an index.
 *
 * To count a million rows takes a tenth of a second and more.  The pages above the leaves of a btree name each leaf and its lowest key: that
 * is the number of leaves in a range, and some of them tell how many entries a leaf has there.  A few pages are read,
 * however many rows there are.  Dead entries and rows that the snapshot does not see count, too.
 */
#include "postgres.h"

#include "access/nbtree.h"
#include "access/relation.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/rls.h"

#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_map_estimate);

#define MAX_SAMPLES	64			/* leaves whose entries are counted */
#define MAX_STEPS	100000		/* to the right, on all levels: no loop in a damaged index is endless */

typedef struct Walk
{
	Relation	index;
	int64		lowest;
	int64		highest;
	int64		leaves;			/* whose lowest key is in the range */
	BlockNumber samples[MAX_SAMPLES];	/* every one of so many of them */
	int			sample_count;
	int64		stride;
	int			steps;
} Walk;

/* Is it an index on thumbexif_quadkey() alone, usable and not partial? */
static bool
is_quadkey_index(Relation index)
{
	List	   *expressions = RelationGetIndexExpressions(index);
	const FuncExpr *call = expressions != NIL ? linitial(expressions) : NULL;
	char	   *name;

	if (index->rd_rel->relam != BTREE_AM_OID || !index->rd_index->indisvalid || RelationGetIndexPredicate(index) != NIL ||
		index->rd_index->indkey.values[0] != InvalidAttrNumber || call == NULL || !IsA(call, FuncExpr) ||
		index->rd_indoption[0] != 0 || TupleDescAttr(RelationGetDescr(index), 0)->atttypid != INT8OID)
		return false;
	name = get_func_name(call->funcid);
	return name != NULL && strcmp(name, "thumbexif_quadkey") == 0;
}

/* Open the index of a table on thumbexif_quadkey(), NULL if there is none. */
static Relation
open_index(Relation table)
{
	List	   *indexes = RelationGetIndexList(table);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = relation_open(lfirst_oid(cell), AccessShareLock);

		if (is_quadkey_index(index))
			return index;
		relation_close(index, AccessShareLock);
	}
	return NULL;
}

/* Compare the key of an item of an inner page with a number; NULLs are after all numbers. */
static int
compare_item(const Walk *walk, Page page, OffsetNumber offset, int64 number)
{
	IndexTuple	tuple = (IndexTuple) PageGetItem(page, PageGetItemId(page, offset));
	bool		is_null;
	Datum		value = index_getattr(tuple, 1, RelationGetDescr(walk->index), &is_null);
	int64		key;

	if (is_null)
		return 1;
	key = DatumGetInt64(value);
	return key < number ? -1 : key > number;
}

/* The last child whose keys may be as low as the range's; the first item of a page has no key and is the lowest. */
static OffsetNumber
find_child(const Walk *walk, Page page, BTPageOpaque opaque)
{
	OffsetNumber low = P_FIRSTDATAKEY(opaque);
	OffsetNumber high = PageGetMaxOffsetNumber(page);

	while (low < high)
	{
		OffsetNumber middle = low + (high - low + 1) / 2;

		if (compare_item(walk, page, middle, walk->lowest) < 0)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Count a leaf.  Of those counted, samples are kept at equal distances. */
static void
count_leaf(Walk *walk, BlockNumber block)
{
	if (walk->sample_count == MAX_SAMPLES && walk->leaves % walk->stride == 0)
	{
		for (int i = 0; i < MAX_SAMPLES / 2; i++)
			walk->samples[i] = walk->samples[2 * i];
		walk->sample_count = MAX_SAMPLES / 2;
		walk->stride *= 2;
	}
	if (walk->leaves % walk->stride == 0)
		walk->samples[walk->sample_count++] = block;
	walk->leaves++;
}

/* Count the children of a page, which are leaves, after "first" with keys in the range.  False if one was above it. */
static bool
count_children(Walk *walk, Page page, BTPageOpaque opaque, OffsetNumber first)
{
	for (OffsetNumber offset = first; offset <= PageGetMaxOffsetNumber(page); offset++)
	{
		/* the first item stands for the page's lowest key, which the page to the left has as its high key */
		if (offset > P_FIRSTDATAKEY(opaque) && compare_item(walk, page, offset, walk->highest) > 0)
			return false;
		count_leaf(walk, BTreeTupleGetDownLink((IndexTuple) PageGetItem(page, PageGetItemId(page, offset))));
	}
	return true;
}

/* The number of entries of a leaf. */
static int
entries_of(const Walk *walk, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(walk->index, block);
	Page		page;
	BTPageOpaque opaque;
	int			count = 0;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	opaque = (BTPageOpaque) PageGetSpecialPointer(page);
	if (!PageIsNew(page) && P_ISLEAF(opaque) && !P_IGNORE(opaque))
		for (OffsetNumber offset = P_FIRSTDATAKEY(opaque); offset <= PageGetMaxOffsetNumber(page); offset++)
		{
			IndexTuple	tuple = (IndexTuple) PageGetItem(page, PageGetItemId(page, offset));

			count += BTreeTupleIsPosting(tuple) ? BTreeTupleGetNPosting(tuple) : 1;
		}
	UnlockReleaseBuffer(buffer);
	return count;
}

/* Is the range to the right of the page, which was split since its parent was read? */
static bool
is_left_of_range(const Walk *walk, Page page, BTPageOpaque opaque)
{
	return P_IGNORE(opaque) || (!P_RIGHTMOST(opaque) && compare_item(walk, page, P_HIKEY, walk->lowest) < 0);
}

/* Go down to the level above the leaves and count there. */
static void
count_leaves(Walk *walk, BlockNumber block)
{
	bool		counting = false;

	while (block != P_NONE && ++walk->steps <= MAX_STEPS)
	{
		Buffer		buffer = ReadBuffer(walk->index, block);
		Page		page;
		BTPageOpaque opaque;

		CHECK_FOR_INTERRUPTS();
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		page = BufferGetPage(buffer);
		opaque = (BTPageOpaque) PageGetSpecialPointer(page);
		if (P_ISLEAF(opaque) || P_ISMETA(opaque) || PageIsNew(page))
			block = P_NONE;
		else if (P_IGNORE(opaque) || (!counting && is_left_of_range(walk, page, opaque)))
			block = opaque->btpo_next;
		else if (opaque->btpo_level > 1)
			block = BTreeTupleGetDownLink((IndexTuple) PageGetItem(page, PageGetItemId(page, find_child(walk, page, opaque))));
		else
		{
			OffsetNumber first = counting ? P_FIRSTDATAKEY(opaque) : find_child(walk, page, opaque) + 1;

			counting = count_children(walk, page, opaque, first) && !P_RIGHTMOST(opaque) &&
				compare_item(walk, page, P_HIKEY, walk->highest) <= 0;
			block = counting ? opaque->btpo_next : P_NONE;
		}
		UnlockReleaseBuffer(buffer);
	}
}

/* Entries of all leaves that were counted. */
static double
count_entries(const Walk *walk)
{
	int64		entries = 0;

	for (int i = 0; i < walk->sample_count; i++)
		entries += entries_of(walk, walk->samples[i]);
	return walk->sample_count > 0 ? (double) walk->leaves * entries / walk->sample_count : 0;
}

static BlockNumber
root_of(Relation index)
{
	Buffer		buffer = ReadBuffer(index, BTREE_METAPAGE);
	BlockNumber root;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	root = BTPageGetMeta(BufferGetPage(buffer))->btm_root;
	UnlockReleaseBuffer(buffer);
	return root;
}

/* May the caller know how many rows there are? */
static bool
may_count(Oid relation)
{
	return pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
		check_enable_rls(relation, InvalidOid, true) != RLS_ENABLED;
}

/* The entries of a table's index in a range; -1 if it has none. */
static double
estimate_table(Oid relation, int64 lowest, int64 highest)
{
	Walk		walk = {.lowest = lowest, .highest = highest, .stride = 1};
	Relation	table = try_relation_open(relation, AccessShareLock);
	double		rows = -1;

	if (table == NULL)
		return 0;				/* a partition that was dropped */
	walk.index = table->rd_rel->relkind == RELKIND_RELATION ? open_index(table) : NULL;
	if (walk.index != NULL)
	{
		count_leaves(&walk, root_of(walk.index));
		rows = count_entries(&walk);
		relation_close(walk.index, AccessShareLock);
	}
	relation_close(table, AccessShareLock);
	return rows;
}

/* The same for all partitions of a table. */
static double
estimate_partitions(Oid relation, int64 lowest, int64 highest)
{
	double		sum = 0;
	ListCell   *cell;

	foreach(cell, find_all_inheritors(relation, AccessShareLock, NULL))
	{
		double		rows = get_rel_relkind(lfirst_oid(cell)) == RELKIND_PARTITIONED_TABLE ? 0 : estimate_table(lfirst_oid(cell), lowest, highest);

		if (rows < 0)
			return -1;
		sum += rows;
	}
	return sum;
}

/*
 * thumbexif_map_estimate(relation regclass, lowest bigint, highest bigint) RETURNS bigint: NULL if there is no index, or if the
 * caller may not read all rows
 */
Datum
thumbexif_map_estimate(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(0);
	char		kind = get_rel_relkind(relation);
	double		rows;

	if ((kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) || !may_count(relation))
		PG_RETURN_NULL();
	rows = kind == RELKIND_RELATION ? estimate_table(relation, PG_GETARG_INT64(1), PG_GETARG_INT64(2)) :
		estimate_partitions(relation, PG_GETARG_INT64(1), PG_GETARG_INT64(2));
	if (rows < 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64((int64) rows);
}
