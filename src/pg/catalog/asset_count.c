/*
 * asset_count.c
 *		Collects how a transaction changes the numbers of assets, and writes that before the commit.
 *
 * Changes are kept for each subtransaction that may still be rolled back.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "storage/bufmgr.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "asset_count.h"
#include "pg/base/extension.h"

/* A larger table is not counted when it is attached, since its writers would wait for that (256 MB). */
#define ATTACH_PAGES	32768

static HTAB *changes = NULL;	/* TeCountChange, in TopTransactionContext; NULL = none */
static int	deepest = 0;		/* no change has a higher level */

/* Write the changes, unless the extension was dropped in this transaction. */
static void
write_changes(bool may_fold)
{
	TeExtension extension;

	if (te_extension_lookup(&extension) == TE_EXTENSION_READY)
		te_count_write(changes, extension.oid, may_fold);
}

static void
on_transaction_end(XactEvent event, void *arg)
{
	if (changes == NULL)
		return;
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			/* not in a serializable transaction: reading the rows of others would make it conflict with them */
			write_changes(!IsolationIsSerializable());
			break;
		case XACT_EVENT_PRE_PREPARE:
			/* rows that it replaces would be locked until it is committed */
			write_changes(false);
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			changes = NULL;		/* freed with the transaction's memory */
			deepest = 0;
			break;
		default:
			break;
	}
}

static void
collect(Oid extension, int level, const TeCountEntry *entry)
{
	TeCountChange key = {.extension = extension, .level = level, .entry = *entry};
	TeCountChange *change;
	bool		found;

	change = hash_search(changes, &key, HASH_ENTER, &found);
	if (!found)
	{
		change->entry.number = 0;
		change->entry.at = 0;
	}
	change->entry.number += entry->number;
	change->entry.at = Max(change->entry.at, entry->at);
	deepest = Max(deepest, level);
}

/* Remove the changes of a subtransaction that ends.  Copies them to "removed" unless that is NULL; returns the number. */
static int
remove_level(int level, TeCountChange *removed)
{
	HASH_SEQ_STATUS all;
	TeCountChange *change;
	int			n = 0;

	hash_seq_init(&all, changes);
	while ((change = hash_seq_search(&all)) != NULL)
	{
		if (change->level < level)
			continue;
		if (removed != NULL)
			removed[n++] = *change;
		hash_search(changes, change, HASH_REMOVE, NULL);
	}
	deepest = level - 1;
	return n;
}

/* The changes of a subtransaction become those of its parent, or are dropped. */
static void
on_subtransaction_end(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	TeCountChange *removed;
	int			n;

	if (changes == NULL || deepest < level)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		remove_level(level, NULL);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		removed = palloc(sizeof(TeCountChange) * hash_get_num_entries(changes));
		n = remove_level(level, removed);
		for (int i = 0; i < n; i++)
			collect(removed[i].extension, level - 1, &removed[i].entry);
		pfree(removed);
	}
}

/* Collect a change of the current subtransaction. */
static void
change_entry(const TeCountEntry *entry)
{
	static bool registered = false;
	TeExtension extension;

	te_extension_get(&extension);
	if (changes == NULL)
	{
		HASHCTL		control = {
			.keysize = offsetof(TeCountChange, entry.number),
			.entrysize = sizeof(TeCountChange),
			.hcxt = TopTransactionContext
		};

		if (!registered)
		{
			RegisterXactCallback(on_transaction_end, NULL);
			RegisterSubXactCallback(on_subtransaction_end, NULL);
			registered = true;
		}
		changes = hash_create("thumbexif counts", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		deepest = 0;
	}
	collect(extension.oid, GetCurrentTransactionNestLevel(), entry);
}

static void
change_count(int attachment, int kind, int64 number, TimestampTz at)
{
	TeCountEntry entry = {.attachment = attachment, .kind = kind, .number = number, .at = at};

	change_entry(&entry);
}

static void
change_settings(int attachment, const TeCountSettings *settings, int64 number)
{
	TeCountEntry entry = {.attachment = attachment, .kind = TE_COUNT_SETTINGS, .settings = *settings, .number = number};

	change_entry(&entry);
}

void
te_count_queued(int attachment, int64 states)
{
	change_count(attachment, TE_ASSET_QUEUED, states, 0);
}

void
te_count_rows(int attachment, int64 rows)
{
	change_count(attachment, TE_COUNT_ROWS, rows, 0);
}

int64
te_count_settings_hash(const char *text, size_t length)
{
	size_t		digits = 0;

	while (digits < length && text[digits] >= '0' && text[digits] <= '9')
		digits++;
	if (length > digits + 5 && memcmp(text + digits, " png ", 5) == 0 &&
		text[digits + 5] >= '0' && text[digits + 5] <= '9')
		length = digits + 4;
	return (int64) hash_bytes_extended((const unsigned char *) text, (int) length, 0);
}

static bool
are_alike(const TeCountedState *a, const TeCountedState *b)
{
	return a->attachment == b->attachment && a->status == b->status &&
		(a->status != TE_ASSET_DONE || memcmp(&a->settings, &b->settings, sizeof(a->settings)) == 0);
}

static void
count_state(const TeCountedState *state, int64 number)
{
	if (state->status < 0)
		return;
	change_count(state->attachment, state->status, number, 0);
	if (state->status == TE_ASSET_DONE)
		change_settings(state->attachment, &state->settings, number);
}

void
te_count_state_changed(const TeCountedState *before, const TeCountedState *after)
{
	if (are_alike(before, after))
		return;
	count_state(before, -1);
	count_state(after, 1);
}

void
te_count_finished(int attachment, TimestampTz at)
{
	change_count(attachment, TE_COUNT_FINISHED, 1, at);
}

void
te_count_add_collected(HTAB *counts)
{
	HASH_SEQ_STATUS all;
	TeCountChange *change;
	TeExtension extension;

	if (changes == NULL)
		return;
	te_extension_get(&extension);
	hash_seq_init(&all, changes);
	while ((change = hash_seq_search(&all)) != NULL)
	{
		if (change->extension == extension.oid)
			te_counts_add(counts, &change->entry);
	}
}

/* Correct the number of rows, and whether it is known. */
static void
correct_rows(int attachment, int64 rows, int64 counted)
{
	HTAB	   *counts = te_counts_read(GetActiveSnapshot());
	const TeAssetCounts *now = te_counts_find(counts, attachment);

	change_count(attachment, TE_COUNT_ROWS, rows - (now != NULL ? now->rows : 0), 0);
	change_count(attachment, TE_COUNT_COUNTED, counted - (now != NULL ? now->counted : 0), 0);
	hash_destroy(counts);
}

void
te_count_rows_found(int attachment, int64 rows)
{
	correct_rows(attachment, rows, 1);
}

void
te_count_states_found(const TeAssetCounts *found)
{
	HTAB	   *counts = te_counts_read(GetActiveSnapshot());
	const TeAssetCounts *now = te_counts_find(counts, found->attachment);

	for (int i = 0; i < TE_ASSET_STATUSES; i++)
		change_count(found->attachment, i, found->assets[i] - (now != NULL ? now->assets[i] : 0), 0);
	for (const TeSettingsCount *count = found->settings; count != NULL; count = count->next)
		change_settings(found->attachment, &count->settings, count->assets);
	for (const TeSettingsCount *count = now != NULL ? now->settings : NULL; count != NULL; count = count->next)
		change_settings(found->attachment, &count->settings, -count->assets);
	hash_destroy(counts);
}

/* The latest snapshot sees what all others have done to the table, since it is locked. */
void
te_count_no_rows(int attachment)
{
	PushActiveSnapshot(GetLatestSnapshot());
	correct_rows(attachment, 0, 1);
	PopActiveSnapshot();
}

void
te_count_attached(Relation table, int attachment)
{
	if (RelationGetNumberOfBlocks(table) > ATTACH_PAGES)
		return;
	PushActiveSnapshot(GetLatestSnapshot());
	correct_rows(attachment, te_table_rows(table, GetActiveSnapshot()), 1);
	PopActiveSnapshot();
}

void
te_count_detached(int attachment)
{
	const TeAssetCounts none = {.attachment = attachment};

	PushActiveSnapshot(GetLatestSnapshot());
	te_count_states_found(&none);
	correct_rows(attachment, 0, 0);
	PopActiveSnapshot();
}
