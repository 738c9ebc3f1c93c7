/*
 * batch_write.c
 *		Writes the results of a batch of claimed assets: files, rows and states.
 *
 * First all files are written, which takes long (fsync) and needs no lock.  Then, with the table locked against ALTER and
 * DROP, the states and the user's rows are locked, both with SKIP LOCKED, and updated.  Triggers and thumbexif_process() lock
 * the row before the state; the reverse order here cannot deadlock, because nothing here waits for a row lock.
 *
 * All rows of a batch are written in one subtransaction, by statements over arrays unless the table runs code of its
 * own: the time that code takes is limited for each row.  If the table raises an ERROR, each row is written in a
 * subtransaction of its own.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"

#include "batch_write.h"
#include "copies.h"
#include "job_thumbnails.h"
#include "pg/base/clock.h"
#include "pg/base/code_rights.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "pg/base/time_limit.h"
#include "pg/catalog/asset_state.h"
#include "pg/files/thumbnail_store.h"
#include "row_update.h"
#include "state_update.h"
#include "table_code.h"

#define MAX_MESSAGE	900			/* bytes kept of a message that the table's code has raised */

static bool in_owner_code = false;	/* code of the table's owner runs, or ran when the ERROR was raised */

typedef struct BatchWrite
{
	const TeAttachment *attachment;
	const TeSettings *settings;
	bool		runs_code;		/* of the table's owner, so that rows are written one by one */
	TeJob	   *current;		/* its row is being written, or was the last one; NULL if several are written together */
	int64		started_ms;		/* start of that write; 0 = it is charged to the budget */
} BatchWrite;

bool
te_error_is_storage(const ErrorData *error)
{
	static const char *const files[] = {"md.c", "smgr.c", "bufmgr.c", "bulk_write.c", "xlog.c", "slru.c"};

	for (int i = 0; error->filename != NULL && i < (int) lengthof(files); i++)
	{
		if (strcmp(error->filename, files[i]) == 0)
			return true;
	}
	return false;
}

/* Is the ERROR trouble of the server, rather than the fault of an asset?  A trigger can raise any SQLSTATE. */
static bool
is_server_error(const BatchWrite *batch, const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	if (te_copies_error(batch->attachment, error))
		return true;
	/* a lock on the table is not the asset's fault, unless the owner's code waited for it */
	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		return te_error_by_interrupts(error) || !in_owner_code;
	if (category != ERRCODE_INSUFFICIENT_RESOURCES && category != ERRCODE_SYSTEM_ERROR)
		return false;
	return !in_owner_code || te_error_is_storage(error);
}

static void
write_files(TeJob **jobs, int count, TeBatchWriteHook between, void *arg)
{
	for (int i = 0; i < count; i++)
	{
		if (te_job_write_files(jobs[i]) && between != NULL)
			between(arg);
	}
	te_thumbnail_sync();
}

/*
 * Lock the states of jobs, which are sorted.  A state that is deleted or changed makes the job's outcome LOST, one that is
 * locked makes it RELEASE, and otherwise it is NONE.
 */
static void
lock_states(const BatchWrite *batch, TeJob **jobs, int count)
{
	TeAsset    *seen = palloc(sizeof(TeAsset) * count);
	TeKey	   *keys = palloc(sizeof(TeKey) * count);
	int64	   *versions = palloc(sizeof(int64) * count);
	bool	   *locked = palloc(sizeof(bool) * count);
	int			missing = 0;

	for (int i = 0; i < count; i++)
	{
		keys[i] = jobs[i]->asset.key;
		versions[i] = jobs[i]->asset.state.version;
	}
	te_states_lock(batch->attachment, keys, versions, count, locked);
	for (int i = 0; i < count; i++)
		missing += !locked[i];
	if (missing > 0)
	{
		te_assets_of_keys(batch->attachment, keys, count, seen);
		te_assets_fill_states(batch->attachment, seen, count, TE_STATE_READ);
	}

	for (int i = 0; i < count; i++)
	{
		if (locked[i])
			jobs[i]->outcome = TE_OUTCOME_NONE;
		else if (seen[i].state.exists && seen[i].state.version == versions[i])
			jobs[i]->outcome = TE_OUTCOME_RELEASE;
		else
			jobs[i]->outcome = TE_OUTCOME_LOST;
	}
	pfree(seen);
	pfree(keys);
	pfree(versions);
	pfree(locked);
}

/* Run a statement on the user's table, which runs its triggers, checks and index expressions. */
static uint64
run_on_table(const TeAttachment *attachment, bool update, const char *sql, const TeArgs *args)
{
	uint64		count;

	in_owner_code = true;
	count = update ? te_copies_update(attachment, false, sql, args) :
		te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path, sql, args);
	in_owner_code = false;
	return count;
}

/* The row was deleted while triggers were off: delete its state, and discard the old file. */
static void
forget_state(const BatchWrite *batch, TeJob *job)
{
	const TeAttachment *attachment = batch->attachment;
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};

	te_arg_int4(&args, attachment->number);
	te_arg(&args, type, te_key_datum(type, &job->asset.key));
	te_sql_as_extension(te_asset_state_delete_sql(attachment->state, "WHERE s.attachment = $1 AND s.id = $2"), &args);
}

/* A row is locked, is gone or has another path than the one that was decoded: set the outcome. */
static void
row_not_locked(const BatchWrite *batch, TeJob *job)
{
	TeAsset		now;

	te_assets_of_keys(batch->attachment, &job->asset.key, 1, &now);
	te_assets_fill_rows(batch->attachment, &now, 1);
	job->outcome = now.has_row ? TE_OUTCOME_RELEASE : TE_OUTCOME_LOST;
	if (job->outcome == TE_OUTCOME_LOST)
		forget_state(batch, job);
}

/* Lock the user's rows of jobs whose states are locked.  Removes from the array, and sets the outcome of, those that cannot be. */
static int
lock_rows(const BatchWrite *batch, TeJob **jobs, int count)
{
	bool	   *locked = palloc0(sizeof(bool) * count);
	TeArgs		args;
	char	   *sql = psprintf("%s SKIP LOCKED", te_row_lock_sql(jobs, count, &args));
	uint64		found = run_on_table(batch->attachment, false, sql, &args);
	int			kept = 0;

	for (uint64 row = 0; row < found; row++)
		locked[te_out_int((int) row, 1, 1) - 1] = true;
	te_sql_free();
	for (int i = 0; i < count; i++)
	{
		if (locked[i])
			jobs[kept++] = jobs[i];
		else
			row_not_locked(batch, jobs[i]);
	}
	pfree(locked);
	return kept > 0 ? te_copies_keep(jobs, kept) : 0;
}

/*
 * Update the rows of jobs whose updates are alike.  The values of a statement are copied several times: those of thumbnails are
 * freed after it.
 */
static void
update_rows(const BatchWrite *batch, TeJob **jobs, const TeRowUpdate *updates, int count)
{
	MemoryContext context;
	MemoryContext caller;
	TeArgs		args;

	if (!updates[0].any)
		return;
	context = updates[0].bytes > 0 ? AllocSetContextCreate(CurrentMemoryContext, "thumbexif rows", ALLOCSET_DEFAULT_SIZES) : NULL;
	caller = MemoryContextSwitchTo(context != NULL ? context : CurrentMemoryContext);
	if (run_on_table(batch->attachment, true, te_row_update_sql(jobs, updates, count, &args), &args) != (uint64) count)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
				 errmsg("a trigger or rule has suppressed the update"),
				 errhint("Let it pass updates by thumbexif.")));
	MemoryContextSwitchTo(caller);
	if (context != NULL)
		MemoryContextDelete(context);
}

/* Write rows and states of jobs whose states are locked.  The array is reordered. */
static void
write_rows(const BatchWrite *batch, TeJob **jobs, int count)
{
	TeRowUpdate *updates;

	count = lock_rows(batch, jobs, count);
	if (count == 0)
		return;
	updates = palloc(sizeof(TeRowUpdate) * count);
	for (int i = 0; i < count; i++)
		te_row_update_plan(jobs[i], batch->settings, &updates[i]);
	for (int first = 0, end; first < count; first = end)
	{
		Size		bytes = updates[first].bytes;

		end = first + 1;
		for (int i = end; i < count; i++)
		{
			TeRowUpdate update = updates[i];
			TeJob	   *job = jobs[i];

			if (!te_row_update_alike(&updates[first], &update) || bytes + update.bytes > TE_ROW_UPDATE_BYTES)
				continue;
			bytes += update.bytes;
			updates[i] = updates[end];
			jobs[i] = jobs[end];
			updates[end] = update;
			jobs[end++] = job;
		}
		update_rows(batch, &jobs[first], &updates[first], end - first);
	}
	te_states_update(jobs, updates, count, batch->settings);
	for (int i = 0; i < count; i++)
		jobs[i]->outcome = te_job_outcome(jobs[i]);
	pfree(updates);
}

/* Charge the time of the current row, whether it was written or not, to the budget. */
static void
charge_row(BatchWrite *batch)
{
	if (batch->started_ms != 0)
		te_write_budget_spend(batch->started_ms);
	batch->started_ms = 0;
}

/* Write jobs together; if the table runs code of its own, one after the other. */
static void
write_jobs(BatchWrite *batch, TeJob **jobs, int count)
{
	TeJob	  **ready = palloc(sizeof(TeJob *) * count);
	int			nready = 0;
	int			step;

	lock_states(batch, jobs, count);
	for (int i = 0; i < count; i++)
	{
		if (jobs[i]->outcome == TE_OUTCOME_NONE)
			ready[nready++] = jobs[i];
	}
	step = batch->runs_code ? 1 : nready;
	for (int i = 0; i < nready; i += step)
	{
		if (i > 0 && te_write_budget_spent())
		{
			ready[i]->outcome = TE_OUTCOME_RELEASE;
			continue;
		}
		batch->current = step == 1 ? ready[i] : NULL;
		batch->started_ms = te_now_ms();
		write_rows(batch, &ready[i], step);
		charge_row(batch);
	}
	for (int i = 0; i < count; i++)
	{
		if (jobs[i]->outcome == TE_OUTCOME_LOST || jobs[i]->outcome == TE_OUTCOME_RELEASE)
			te_job_discard_files(jobs[i]);
	}
	pfree(ready);
}

/* Jobs that are written together. */
typedef struct WriteSet
{
	BatchWrite *batch;
	TeJob	  **jobs;
	int			count;
} WriteSet;

static void
write_set(void *arg)
{
	WriteSet   *set = arg;

	in_owner_code = false;
	te_time_limit_forget();
	write_jobs(set->batch, set->jobs, set->count);
}

/* Write jobs in a subtransaction.  Returns the ERROR if the table's own code or definition caused it, or NULL. */
static ErrorData *
try_write(BatchWrite *batch, TeJob **jobs, int count)
{
	WriteSet	set = {batch, jobs, count};
	ErrorData  *error = te_subtransaction(write_set, &set);

	if (error == NULL)
		return NULL;
	charge_row(batch);
	if ((te_error_is_interrupt(error) && !te_time_limit_hit()) || is_server_error(batch, error))
		ReThrowError(error);
	return error;
}

/* A message of bounded length in valid server encoding: replaces invalid bytes by '?'. */
static char *
valid_text(MemoryContext context, const char *message)
{
	int			length = pg_mbcliplen(message, (int) strnlen(message, MAX_MESSAGE + 1), MAX_MESSAGE);
	char	   *text = MemoryContextAllocZero(context, length + 1);

	memcpy(text, message, length);
	for (int good = 0; good < length;)
	{
		good += pg_encoding_verifymbstr(GetDatabaseEncoding(), text + good, length - good);
		if (good < length)
			text[good++] = '?';
	}
	return text;
}

/* Record the table's ERROR as the job's failure. */
static void
write_refused(BatchWrite *batch, TeJob *job, ErrorData *error)
{
	te_job_discard_files(job);
	job->status = TE_NOT_WRITTEN;
	job->detail = NULL;
	if (te_time_limit_hit())
		job->table_error = "its triggers took too long";
	else
		job->table_error = valid_text(job->context, error->message);
	error = try_write(batch, &job, 1);
	if (error != NULL)
		ReThrowError(error);	/* only the state was written, so the table did not cause this */
}

/* Write one job in a subtransaction of its own. */
static void
write_single(BatchWrite *batch, TeJob *job)
{
	ErrorData  *error = try_write(batch, &job, 1);

	if (error != NULL)
		write_refused(batch, job, error);
}

/* Release all jobs but one (NULL: all). */
static void
release_others(const TeJob *except, TeJob **jobs, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (jobs[i] == except)
			continue;
		te_job_discard_files(jobs[i]);
		jobs[i]->outcome = TE_OUTCOME_RELEASE;
	}
}

void
te_batch_write(const TeAttachment *attachment, TeJob **jobs, int count, const TeSettings *settings,
			   TeBatchWriteHook between, void *arg)
{
	BatchWrite	batch = {.attachment = attachment, .settings = settings};
	ErrorData  *error;

	for (int i = 0; i < count; i++)
		te_job_forget_files(jobs[i]);
	if (te_write_budget_spent())
	{
		/* the previous batch has used up the budget */
		release_others(NULL, jobs, count);
		return;
	}
	write_files(jobs, count, between, arg);

	te_copies_lock(attachment, false);
	/* before the states, as TRUNCATE and DELETE do */
	LockRelationOid(attachment->relation, RowExclusiveLock);
	te_attachment_check_same(attachment);
	te_code_rights_check_table(attachment->relation, CMD_UPDATE, attachment->owner);
	batch.runs_code = te_table_runs_code(attachment);
	error = try_write(&batch, jobs, count);
	if (error == NULL)
		return;
	if (te_time_limit_hit() && batch.current != NULL)
	{
		/* fail only the row whose statement exceeded the time limit */
		release_others(batch.current, jobs, count);
		write_refused(&batch, batch.current, error);
		return;
	}
	if (count == 1)
	{
		write_refused(&batch, jobs[0], error);
		return;
	}
	for (int i = 0; i < count; i++)
	{
		if (i > 0 && te_write_budget_spent())
		{
			te_job_discard_files(jobs[i]);
			jobs[i]->outcome = TE_OUTCOME_RELEASE;
		}
		else
			write_single(&batch, jobs[i]);
	}
}
