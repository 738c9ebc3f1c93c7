/*
 * thumbnail_removal.c
 *		Unlinks thumbnail files that are no longer wanted.
 *
 * The transaction that removes the last reference to a file lists the file in thumbexif_removal.  The file is unlinked
 * when that transaction has committed and its commit record is flushed: if a crash lost the commit, rows would name the
 * file again.  The file is unlinked before its entry is deleted, so that an entry is lost only if its file is gone.
 *
 * A file that was replaced is kept for thumbexif.keep_replaced, so that pages that are open and caches find it: its entry has
 * the time.  Others go at once; the time of their entries is -infinity.
 *
 * Files are searched only in folders with our marker (thumbnail_folder.h).  If the database is a copy, the files that
 * it lists may be in the folder of the original, and stay there.
 */
#include "postgres.h"

#include <unistd.h>

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "cluster_folder.h"
#include "pg/base/clock.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/shard_folder.h"
#include "pg/compat.h"
#include "thumbnail_folder.h"
#include "thumbnail_store.h"

#define BATCH_SIZE	100			/* entries that are locked and in memory */

void
te_thumbnail_discard(int attachment, const char *name, bool replaced)
{
	TeArgs		args = {0};

	SPI_connect();
	te_arg_int4(&args, attachment);
	te_arg_text(&args, name);
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(replaced ? GetCurrentTimestamp() : DT_NOBEGIN));
	te_sql_as_extension(psprintf("INSERT INTO %s (attachment, file, replaced_at) VALUES ($1, $2, $3)",
								 te_internal_name("thumbexif_removal")), &args);
	SPI_finish();
}

/* Microseconds for which a replaced file is kept. */
static int64
keep_us(void)
{
	return te_thumbnail_is_full() ? 0 : te_keep_replaced * USECS_PER_SEC;
}

/* Files that were replaced then, or before, are to be unlinked now. */
static TimestampTz
due_if_replaced_at(void)
{
	return GetCurrentTimestamp() - keep_us();
}

TimestampTz
te_thumbnail_next_removal(void)
{
	TeArgs		none = {0};
	TimestampTz first = 0;

	if (te_sql_by_index(psprintf("SELECT replaced_at FROM %s ORDER BY replaced_at LIMIT 1", te_internal_name("thumbexif_removal")),
						&none) > 0)
	{
		first = te_out_int(0, 1, DT_NOBEGIN);
		first = first == DT_NOBEGIN ? GetCurrentTimestamp() : first + keep_us();
	}
	te_sql_free();
	return first;
}

int64
te_thumbnail_count_removals(void)
{
	TeArgs		args = {0};
	int64		count;

	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(due_if_replaced_at()));
	te_sql_read(psprintf("SELECT count(*) FROM %s WHERE replaced_at <= $1", te_internal_name("thumbexif_removal")), &args);
	count = te_out_int(0, 1, 0);
	te_sql_free();
	return count;
}

typedef struct Entry
{
	int64		removal;
	int			attachment;
	char	   *name;
} Entry;

/*
 * Read the entries from SPI_tuptable, without those of our own transaction, and flush WAL up to their commits.  Returns
 * their number.
 */
static int
read_entries(Entry *entries)
{
	XLogRecPtr	last = InvalidXLogRecPtr;
	TupleDesc	desc = SPI_tuptable->tupdesc;
	int			count = 0;
	bool		isnull;

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TransactionId xmin = DatumGetTransactionId(SPI_getbinval(row, desc, 4, &isnull));

		/* our own transaction may still roll back */
		if (TransactionIdIsCurrentTransactionId(xmin))
			continue;
		/* An invalid LSN means that the commit is flushed.  If its status is truncated, it was flushed long ago. */
		if (!TransactionIdPrecedes(xmin, TransamVariables->oldestClogXid))
			last = Max(last, TransactionIdGetCommitLSN(xmin));
		entries[count].removal = DatumGetInt64(SPI_getbinval(row, desc, 1, &isnull));
		entries[count].attachment = DatumGetInt32(SPI_getbinval(row, desc, 2, &isnull));
		entries[count].name = TextDatumGetCString(SPI_getbinval(row, desc, 3, &isnull));
		count++;
	}
	if (!XLogRecPtrIsInvalid(last))
		XLogFlush(last);
	return count;
}

/* The folders in which the files of entries are looked for. */
typedef struct Places
{
	const TeThumbnailFolders *folders;
	bool		in_cluster;		/* this database belongs to a cluster, whose folder has this name */
	char		cluster[TE_FOLDER_NAME_SIZE];
	List	   *former;			/* numbers of former shards, in whose folders files of others lie, too */
} Places;

/*
 * Unlink one file.  1 if done, 0 if there is none; -1 with errno; -2 if it must be left listed: the folder of the cluster is not to be
 * seen, in which it may be.
 */
static int
unlink_entry(const Places *places, int base, const Entry *entry)
{
	int			result = 0;
	ListCell   *cell;

	if (places->in_cluster && (entry->attachment < 0 || places->former != NIL) && !te_cluster_folder_is_usable())
		return -2;
	if (places->in_cluster && entry->attachment < 0)
		result = te_thumbnail_unlink(base, places->cluster, entry->attachment, entry->name);
	for (int i = 0; i < places->folders->count && entry->attachment >= 0 && result == 0; i++)
		result = te_thumbnail_unlink(base, places->folders->name[i], entry->attachment, entry->name);
	foreach(cell, places->former)
	{
		if (result == 0)
			result = te_thumbnail_unlink(base, places->cluster, lfirst_int(cell), entry->name);
	}
	return result;
}

/*
 * Unlink the files, and return in "gone" the entries whose files no longer exist.  Stops at the first failure (*err),
 * when the time is over, and at an interrupt, which the caller processes.
 */
static int
unlink_entries(const Places *places, const Entry *entries, int count, int64 until_ms,
			   int64 *gone, int64 *unlinked, int *err)
{
	int			base = te_thumbnail_open_base();
	int			done = 0;

	if (base < 0)
		*err = errno;
	for (int i = 0; i < count && *err == 0 && !InterruptPending; i++)
	{
		int			result = unlink_entry(places, base, &entries[i]);

		if (result == -1)
			*err = errno;
		else if (result >= 0)
		{
			gone[done] = entries[i].removal;
			done++;
			*unlinked += result;
			if (te_now_ms() >= until_ms)
				break;
		}
	}
	if (base >= 0)
		close(base);
	return done;
}

static void
delete_entries(const int64 *removals, int count)
{
	TeArgs		args = {0};

	te_arg_int8_array(&args, removals, count);
	te_sql_as_extension(psprintf("DELETE FROM %s WHERE removal = ANY ($1)", te_internal_name("thumbexif_removal")), &args);
}

/* Process the entries of a cursor.  Returns the number of entries that were deleted. */
static int64
process_entries(Portal cursor, int64 until_ms, int64 *unlinked)
{
	Entry	   *entries = palloc(BATCH_SIZE * sizeof(Entry));
	int64	   *gone = palloc(BATCH_SIZE * sizeof(int64));
	MemoryContext chunk = AllocSetContextCreate(CurrentMemoryContext, "thumbexif removal",
												ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = CurrentMemoryContext;
	Places		places = {0};
	int64		total = 0;
	int			err = 0;

	places.in_cluster = te_cluster_folder_name(places.cluster);
	if (places.in_cluster)
		places.former = te_shard_folders_former(InvalidOid);

	do
	{
		int			count;

		places.folders = te_thumbnail_folders_to_clean(false);
		if (places.folders == NULL)
			break;				/* another server has just claimed it */
		SPI_cursor_fetch(cursor, true, BATCH_SIZE);
		if (SPI_processed == 0)
			break;
		MemoryContextSwitchTo(chunk);
		count = read_entries(entries);
		SPI_freetuptable(SPI_tuptable);
		count = unlink_entries(&places, entries, count, until_ms, gone, unlinked, &err);
		if (count > 0)
			delete_entries(gone, count);
		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(outer);
		MemoryContextReset(chunk);
		total += count;
	} while (err == 0 && te_now_ms() < until_ms);
	if (err != 0)
	{
		errno = err;
		ereport(WARNING,
				(errcode_for_file_access(),
				 errmsg("could not remove thumbnail files beneath \"%s\": %m", te_thumbnail_dir),
				 errdetail("They stay listed and will be removed later."),
				 errhint("The operating system user that runs PostgreSQL must be able to write to the folder \"thumbexif.thumbnail_dir\".")));
	}
	return total;
}

/* Push a snapshot unless there is one: in the worker there is none. */
static bool
push_snapshot(void)
{
	if (ActiveSnapshotSet())
		return false;
	PushActiveSnapshot(GetTransactionSnapshot());
	return true;
}

/* Is any entry due? */
static bool
any_entry(void)
{
	TimestampTz next = te_thumbnail_next_removal();

	return next != 0 && next <= GetCurrentTimestamp();
}

/* Open a cursor on the entries that are due, in their order: many may be listed that are not. */
static Portal
open_cursor(void)
{
	char	   *sql = psprintf("SELECT removal, attachment, file, xmin FROM %s WHERE replaced_at <= $1"
							   " ORDER BY replaced_at FOR UPDATE SKIP LOCKED", te_internal_name("thumbexif_removal"));
	Oid			type = TIMESTAMPTZOID;
	Datum		due = TimestampTzGetDatum(due_if_replaced_at());
	int			level = NewGUCNestLevel();
	Portal		cursor;

	te_set_index_only();
	cursor = SPI_cursor_open_with_args(NULL, sql, 1, &type, &due, NULL, false, 0);
	AtEOXact_GUC(false, level);
	return cursor;
}

/* Can files be removed?  If not, WARNING, but only once until they can be removed again. */
static bool
check_folders(void)
{
	static bool warned = false;
	bool		usable = te_thumbnail_folders_to_clean(false) != NULL;

	if (!usable && !warned)
		te_thumbnail_folders_warn();
	warned = !usable;
	return usable;
}

/* What one call unlinks. */
typedef struct Removal
{
	int64		until_ms;		/* no longer than that */
	int64		total;			/* entries deleted */
	int64		unlinked;		/* files */
} Removal;

/*
 * Where the clock has been set back, entries are from the future.  It is not known any more when their files were replaced, so these
 * are kept from now on.  What is locked is for the next call.
 */
static void
keep_from_now(void)
{
	const char *name = te_internal_name("thumbexif_removal");
	TeArgs		args = {0};

	if (IsolationUsesXactSnapshot())
		return;					/* others may have removed them since */
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(GetCurrentTimestamp()));
	if (te_sql_by_index(psprintf("SELECT FROM %s WHERE replaced_at > $1 LIMIT 1", name), &args) > 0)
		te_sql_by_index(psprintf("UPDATE %s SET replaced_at = $1 WHERE removal IN"
								 " (SELECT removal FROM %s WHERE replaced_at > $1 FOR UPDATE SKIP LOCKED)", name, name), &args);
	te_sql_free();
}

static void
process_due_entries(void *arg)
{
	Removal    *removal = arg;
	Portal		cursor = open_cursor();

	removal->total = process_entries(cursor, removal->until_ms, &removal->unlinked);
	SPI_cursor_close(cursor);
}

/*
 * The same where the transaction has one snapshot, so that an entry that another session has deleted since is a
 * serialization failure: that session removes the files then, and the entries stay for the next call.
 */
static void
process_in_old_snapshot(Removal *removal)
{
	ErrorData  *error = te_subtransaction(process_due_entries, removal);

	if (error != NULL && error->sqlerrcode != ERRCODE_T_R_SERIALIZATION_FAILURE)
		ReThrowError(error);
}

int64
te_thumbnail_process_removals(int limit_ms, int64 *unlinked)
{
	bool		pushed = push_snapshot();
	TeRunAs		save;
	Removal		removal = {.until_ms = limit_ms > 0 ? te_now_ms() + limit_ms : PG_INT64_MAX};

	te_run_as_extension(&save);
	SPI_connect();
	keep_from_now();
	if (te_thumbnail_dir != NULL && te_thumbnail_dir[0] != '\0' && any_entry() && check_folders())
	{
		if (IsolationUsesXactSnapshot())
			process_in_old_snapshot(&removal);
		else
			process_due_entries(&removal);
	}
	SPI_finish();
	te_run_as_end(&save);
	if (pushed)
		PopActiveSnapshot();
	if (unlinked != NULL)
		*unlinked += removal.unlinked;
	return removal.total;
}
