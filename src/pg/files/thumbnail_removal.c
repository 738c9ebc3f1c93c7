/*
 * thumbnail_removal.c
 *		Thumbnail files that are no longer wanted.
 *
 * They are listed in thumbexif_removal by the transaction that stops naming them,
 * and unlinked once that has committed and its commit is on disk: were the server
 * to lose the commit in a crash, the rows would name the files again.  First the file
 * goes, then its entry, so an entry is lost only when its file is gone.
 *
 * Looked for only in folders that carry our marker (thumbnail_folder.h).  What a copy of the database lists is in the
 * folder of its origin, and stays there.
 */
#include "postgres.h"

#include <unistd.h>

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "pg/base/clock.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/compat.h"
#include "thumbnail_folder.h"
#include "thumbnail_store.h"

#define AT_ONCE		100			/* entries that are locked, and in memory */

void
te_thumbnail_discard(int attachment, const char *name)
{
	TeArgs		args = {0};

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	te_arg_int4(&args, attachment);
	te_arg_text(&args, name);
	te_sql_as_extension(psprintf("INSERT INTO %s (attachment, file) VALUES ($1, $2)",
								 te_internal_name("thumbexif_removal")), &args);
	SPI_finish();
}

typedef struct Entry
{
	int64		removal;
	int			attachment;
	char	   *name;
} Entry;

/*
 * The entries of the query's rows (in SPI_tuptable) that may be acted on, with the wait for their
 * transactions to be on disk behind us.  Returns how many.
 */
static int
take_entries(Entry *entries)
{
	XLogRecPtr	last = InvalidXLogRecPtr;
	TupleDesc	desc = SPI_tuptable->tupdesc;
	int			count = 0;
	bool		isnull;

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TransactionId xmin = DatumGetTransactionId(SPI_getbinval(row, desc, 4, &isnull));

		/* What we listed ourselves may yet be rolled back. */
		if (TransactionIdIsCurrentTransactionId(xmin))
			continue;
		/* invalid if known to be on disk; of those long ago the server knows no more than that */
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

/*
 * Unlink, and collect the entries whose files are gone.  Stops at the first
 * trouble (*err), when the time is over, and at an interrupt, which the caller serves.
 */
static int
unlink_entries(const TeThumbnailFolders *folders, const Entry *entries, int count, int64 until_ms,
			   Datum *gone, int64 *unlinked, int *err)
{
	int			base = te_thumbnail_open_base();
	int			done = 0;

	if (base < 0)
		*err = errno;
	while (done < count && *err == 0 && !InterruptPending)
	{
		int			result = 0;

		for (int i = 0; i < folders->count && result == 0; i++)
			result = te_thumbnail_unlink(base, folders->name[i], entries[done].attachment, entries[done].name);
		if (result < 0)
			*err = errno;
		else
		{
			gone[done] = Int64GetDatum(entries[done].removal);
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
delete_entries(Datum *removals, int count)
{
	TeArgs		args = {0};

	te_arg(&args, INT8ARRAYOID,
		   PointerGetDatum(construct_array(removals, count, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)));
	te_sql_as_extension(psprintf("DELETE FROM %s WHERE removal = ANY ($1)", te_internal_name("thumbexif_removal")), &args);
}

/* Inside SPI, with the extension's rights: go through the entries with a cursor. */
static int64
empty_all(Portal cursor, int64 until_ms, int64 *unlinked)
{
	Entry	   *entries = palloc(AT_ONCE * sizeof(Entry));
	Datum	   *gone = palloc(AT_ONCE * sizeof(Datum));
	MemoryContext chunk = AllocSetContextCreate(CurrentMemoryContext, "thumbexif removal",
												ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = CurrentMemoryContext;
	int64		total = 0;
	int			err = 0;

	do
	{
		const TeThumbnailFolders *folders = te_thumbnail_folders_to_clean(false);
		int			count;

		if (folders == NULL)
			break;				/* another server has claimed it just now */
		SPI_cursor_fetch(cursor, true, AT_ONCE);
		if (SPI_processed == 0)
			break;
		MemoryContextSwitchTo(chunk);
		count = take_entries(entries);
		SPI_freetuptable(SPI_tuptable);
		count = unlink_entries(folders, entries, count, until_ms, gone, unlinked, &err);
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
				 errdetail("They stay listed and will be tried again."),
				 errhint("The operating system user that runs PostgreSQL must be able to write to the folder \"thumbexif.thumbnail_dir\".")));
	}
	return total;
}

/* A snapshot for what follows, unless there is one: outside of a function's call (in the worker) there is none. */
static bool
push_snapshot(void)
{
	if (ActiveSnapshotSet())
		return false;
	PushActiveSnapshot(GetTransactionSnapshot());
	return true;
}

/* Is anything listed? */
static bool
any_listed(void)
{
	TeArgs		none = {0};
	bool		any = te_sql(psprintf("SELECT FROM %s LIMIT 1", te_internal_name("thumbexif_removal")), &none) > 0;

	te_sql_free();
	return any;
}

/* May we remove files now?  The WARNING if not comes once, until it is over. */
static bool
may_remove(void)
{
	static bool said = false;
	bool		may = te_thumbnail_folders_to_clean(false) != NULL;

	if (!may && !said)
		te_thumbnail_folders_warn();
	said = !may;
	return may;
}

int64
te_thumbnail_empty_removals(int most_ms, int64 *unlinked)
{
	char	   *sql = psprintf("SELECT removal, attachment, file, xmin FROM %s FOR UPDATE SKIP LOCKED",
							   te_internal_name("thumbexif_removal"));
	bool		pushed = push_snapshot();
	TeRunAs		save;
	int64		files = 0;
	int64		total = 0;

	te_run_as_extension(&save);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (te_thumbnail_dir != NULL && te_thumbnail_dir[0] != '\0' && any_listed() && may_remove())
	{
		Portal		cursor = SPI_cursor_open_with_args(NULL, sql, 0, NULL, NULL, NULL, false, 0);

		total = empty_all(cursor, most_ms > 0 ? te_now_ms() + most_ms : PG_INT64_MAX, unlinked != NULL ? unlinked : &files);
		SPI_cursor_close(cursor);
	}
	SPI_finish();
	te_run_as_end(&save);
	if (pushed)
		PopActiveSnapshot();
	return total;
}
