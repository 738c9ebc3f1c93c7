/*
 * attached_rows.c
 *		The number of rows of an attached table: kept, counted or estimated.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "attached_rows.h"
#include "pg/base/statement.h"

/* A table of so many pages is counted by scanning it, which takes a millisecond; so is a member of so many members together. */
#define SCANNED_PAGES	128

typedef struct TeMemberCounts
{
	TeAttachment *member;
	TeAssetCounts counts;
} TeMemberCounts;

/* Estimate a table's rows from the server's statistics.  False if there is no such table.  Needs no lock. */
static bool
estimate_rows(Oid relation, int64 *rows)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	float4		reltuples;

	if (!HeapTupleIsValid(tuple))
		return false;
	reltuples = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
	ReleaseSysCache(tuple);
	*rows = DatumGetInt64(DirectFunctionCall1(pg_stat_get_live_tuples, ObjectIdGetDatum(relation)));
	if (*rows <= 0 && reltuples > 0)
		*rows = (int64) reltuples;
	return true;
}

/* May the number of rows be wrong: never counted, or much below the estimate since rows came without triggers? */
static bool
are_rows_doubtful(const TeAssetCounts *counts, int64 estimate)
{
	return counts->counted <= 0 || counts->rows < estimate / 2;
}

/* Open the table if that needs no wait and it is a table: a rule may have made it a view.  NULL if not. */
static Relation
open_unlocked(Oid oid)
{
	Relation	relation;

	if (!ConditionalLockRelationOid(oid, AccessShareLock))
		return NULL;
	relation = try_relation_open(oid, NoLock);
	if (relation == NULL)
		UnlockRelationOid(oid, AccessShareLock);
	else if (relation->rd_rel->relkind != RELKIND_RELATION)
	{
		relation_close(relation, AccessShareLock);
		relation = NULL;
	}
	return relation;
}

/* Count the rows of a small table, unless it is locked.  Row security does not apply: the number is no secret. */
static bool
scan_rows(Oid oid, BlockNumber most_pages, int64 *rows)
{
	Relation	relation = open_unlocked(oid);
	bool		small;

	if (relation == NULL)
		return false;
	small = RelationGetNumberOfBlocks(relation) <= most_pages;
	if (small)
		*rows = te_table_rows(relation, GetActiveSnapshot());
	relation_close(relation, AccessShareLock);
	return small;
}

static bool
table_rows(const TeAttachment *attachment, const TeAssetCounts *counts, BlockNumber most_pages, int64 *rows)
{
	if (scan_rows(attachment->relation, most_pages, rows))
		return true;
	if (!estimate_rows(attachment->relation, rows))
		return false;
	if (!are_rows_doubtful(counts, *rows))
		*rows = counts->rows;
	*rows = Max(*rows, te_counts_known(counts));
	return true;
}

bool
te_attached_rows(const TeAttachment *attachment, const TeAssetCounts *counts, int64 *rows)
{
	BlockNumber most_pages = SCANNED_PAGES / Max(list_length(counts->members), 1);
	ListCell   *cell;
	int64		part;

	if (!attachment->has_members)
		return table_rows(attachment, counts, SCANNED_PAGES, rows);
	*rows = 0;
	foreach(cell, counts->members)
	{
		const TeMemberCounts *member = lfirst(cell);

		if (table_rows(member->member, &member->counts, most_pages, &part))
			*rows += part;
	}
	return true;
}

static bool
any_doubtful(List *members, HTAB *all)
{
	ListCell   *cell;

	foreach(cell, members)
	{
		if (te_counts_doubtful(lfirst(cell), all))
			return true;
	}
	return false;
}

bool
te_counts_doubtful(const TeAttachment *attachment, HTAB *all)
{
	const TeAssetCounts *counts = te_counts_find(all, attachment->number);
	int64		estimate;

	if (attachment->has_members)
		return any_doubtful(te_attachment_members(attachment), all);

	if (counts == NULL || !estimate_rows(attachment->relation, &estimate))
		return true;
	for (int i = 0; i < TE_ASSET_STATUSES; i++)
	{
		if (counts->assets[i] < 0)
			return true;
	}
	return are_rows_doubtful(counts, estimate) || counts->rows < te_counts_known(counts);
}

/* Add the numbers of a member to the sums. */
static void
add_counts(TeAssetCounts *sum, const TeAssetCounts *member)
{
	for (int i = 0; i < TE_ASSET_STATUSES; i++)
		sum->assets[i] += member->assets[i];
	sum->rows += member->rows;
	for (const TeSettingsCount *count = member->settings; count != NULL; count = count->next)
	{
		TeSettingsCount *copy = palloc(sizeof(TeSettingsCount));

		*copy = *count;
		copy->next = sum->settings;
		sum->settings = copy;
	}
	if (member->first_finished_at == 0)
		return;
	if (sum->first_finished_at == 0 || member->first_finished_at < sum->first_finished_at)
	{
		sum->first_finished_at = member->first_finished_at;
		sum->first_finished = member->first_finished;
	}
	sum->last_finished_at = Max(sum->last_finished_at, member->last_finished_at);
	sum->finished += member->finished;
}

TeAssetCounts
te_attached_counts(HTAB *all, const TeAttachment *attachment)
{
	const TeAssetCounts *counts = te_counts_find(all, attachment->number);
	TeAssetCounts result = {0};
	ListCell   *cell;

	if (counts != NULL)
		result = *counts;
	for (int i = 0; i < TE_ASSET_STATUSES; i++)
		result.assets[i] = Max(result.assets[i], 0);
	foreach(cell, attachment->has_members ? te_attachment_members(attachment) : NIL)
	{
		TeMemberCounts *member = palloc(sizeof(TeMemberCounts));

		member->member = lfirst(cell);
		member->counts = te_attached_counts(all, lfirst(cell));
		add_counts(&result, &member->counts);
		result.members = lappend(result.members, member);
	}
	return result;
}

/* A text of SPI_tuptable as a hash; 0 for NULL. */
static int64
out_settings(int row, int column)
{
	char	   *text = te_out_text(row, column);

	return text != NULL ? te_count_settings_hash(text, strlen(text)) : 0;
}

/* Count the states of each status, and with each settings, that the active snapshot sees. */
static void
recount_states(const TeAttachment *attachment)
{
	HTAB	   *counts = te_counts_new();
	TeAssetCounts none = {.attachment = attachment->number};
	const TeAssetCounts *found;
	TeArgs		args = {0};
	uint64		count;

	te_arg_int4(&args, attachment->number);
	count = te_sql_read(psprintf("SELECT status, count(*), thumbnail_settings, exif_settings FROM %s WHERE attachment = $1"
								 " GROUP BY status, thumbnail_settings, exif_settings", attachment->state), &args);
	for (int i = 0; i < (int) count; i++)
	{
		TeCountEntry entry = {.attachment = attachment->number, .number = te_out_int(i, 2, 0)};

		entry.kind = te_count_status(DatumGetObjectId(te_out(i, 1)));
		if (entry.kind >= 0)
			te_counts_add(counts, &entry);
		if (entry.kind != TE_ASSET_DONE)
			continue;
		entry.kind = TE_COUNT_SETTINGS;
		entry.settings = (TeCountSettings) {out_settings(i, 3), out_settings(i, 4)};
		te_counts_add(counts, &entry);
	}
	te_sql_free();
	found = te_counts_find(counts, attachment->number);
	te_count_states_found(found != NULL ? found : &none);
	hash_destroy(counts);
}

/*
 * One snapshot sees the rows and the numbers that are kept: their difference stays right whatever others write
 * meanwhile.
 */
void
te_recount(const TeAttachment *attachment, bool wait)
{
	Relation	relation;
	ListCell   *cell;

	foreach(cell, attachment->has_members ? te_attachment_members(attachment) : NIL)
		te_recount(lfirst(cell), wait);
	if (attachment->has_members || !te_count_lock(wait))
		return;
	relation = open_unlocked(attachment->relation);
	if (relation == NULL)
		return;
	CommandCounterIncrement();	/* see what this transaction has done */
	PushActiveSnapshot(GetLatestSnapshot());
	te_count_rows_found(attachment->number, te_table_rows(relation, GetActiveSnapshot()));
	recount_states(attachment);
	PopActiveSnapshot();
	relation_close(relation, NoLock);	/* no TRUNCATE before the commit: it would subtract rows that are not kept yet */
}
