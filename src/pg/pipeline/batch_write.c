/*
 * batch_write.c
 *		Writing what came of a batch of claimed assets: files, rows and states.
 *
 * Order: first all files, which takes long (fsync) and needs no lock; then, with the
 * table locked against ALTER and DROP, the states and the users' rows are locked,
 * both with SKIP LOCKED, and written.  State before row is the other way round than
 * triggers and thumbexif_process() do it, and does no harm since nothing here waits for a row.
 *
 * All rows of a batch are written in one subtransaction.  If that fails because of
 * what the table says, each is written in one of its own.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "batch_write.h"
#include "claim.h"
#include "pg/base/clock.h"
#include "pg/base/code_rights.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "pg/base/time_limit.h"
#include "pg/files/thumbnail_store.h"
#include "pg/pool/process.h"
#include "reply_values.h"
#include "row_update.h"
#include "state_update.h"

static bool owners_code = false;	/* at work since the last beginning of a write, or when it failed */

typedef struct Finish
{
	const TeAttachment *attachment;
	const TeSettings *settings;
	TeJob	   *at_work;		/* whose row is, or was last, written */
	int64		since_ms;		/* when that began, 0 = the budget has been charged for it */
} Finish;

static bool
came_from_interrupts(const ErrorData *error)
{
	return error->funcname != NULL && strcmp(error->funcname, "ProcessInterrupts") == 0;
}

/* Did PostgreSQL's own files of tables and its log raise it?  Memory and temporary files are what code has asked for. */
static bool
came_from_storage(const ErrorData *error)
{
	static const char *const files[] = {"md.c", "smgr.c", "bufmgr.c", "bulk_write.c", "xlog.c", "slru.c"};

	for (int i = 0; error->filename != NULL && i < (int) lengthof(files); i++)
	{
		if (strcmp(error->filename, files[i]) == 0)
			return true;
	}
	return false;
}

/*
 * Did PostgreSQL itself raise it because somebody asked for it: a cancel, a statement_timeout, the end of the session?
 * What user code raises comes from elsewhere, and what it catches and raises again was asked for.
 */
bool
te_error_is_interrupt(const ErrorData *error)
{
	return came_from_interrupts(error) && error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE;
}

bool
te_error_is_servers(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	/* a table that somebody has locked is no asset's fault either */
	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		return came_from_interrupts(error) || !owners_code;
	if (category != ERRCODE_INSUFFICIENT_RESOURCES && category != ERRCODE_SYSTEM_ERROR)
		return false;
	return !owners_code || came_from_storage(error);
}

static void
write_files(TeJob **jobs, int count, TeBatchWriteHook between, void *arg)
{
	for (int i = 0; i < count; i++)
	{
		TeJob	   *job = jobs[i];
		MemoryContext caller;

		if (!(job->need & TE_PART_THUMBNAIL) || te_job_verdict(job) != TE_VERDICT_DONE)
			continue;
		caller = MemoryContextSwitchTo(job->context);
		job->file = te_thumbnail_write(job->asset.attachment->number, job->id, job->task.request.format,
									   job->task.thumbnail, job->task.reply.thumbnail_bytes, &job->file_path);
		MemoryContextSwitchTo(caller);
		if (between != NULL)
			between(arg);
	}
	te_thumbnail_sync();
}

/* The new file is not needed after all. */
static void
drop_file(TeJob *job)
{
	if (job->file != NULL)
		te_thumbnail_discard(job->asset.attachment->number, job->file);
}

/*
 * Lock the states of jobs, which are sorted.  Those taken over by somebody, or deleted, are
 * lost; those locked by somebody go back.  The others get TE_OUTCOME_NONE.
 */
static void
lock_states(const Finish *finish, TeJob **jobs, int count)
{
	TeAsset    *locked = palloc(sizeof(TeAsset) * count);
	TeAsset    *seen = palloc(sizeof(TeAsset) * count);
	TeKey	   *keys = palloc(sizeof(TeKey) * count);
	int			missing = 0;

	for (int i = 0; i < count; i++)
		keys[i] = jobs[i]->asset.key;
	te_assets_of_keys(finish->attachment, keys, count, locked);
	for (int i = 0; i < count; i++)
		locked[i].state.version = jobs[i]->asset.state.version;
	te_assets_fill_states(finish->attachment, locked, count, TE_STATE_LOCK_FREE);
	for (int i = 0; i < count; i++)
		missing += !locked[i].state.exists;
	te_assets_of_keys(finish->attachment, keys, count, seen);
	if (missing > 0)
		te_assets_fill_states(finish->attachment, seen, count, TE_STATE_READ);

	for (int i = 0; i < count; i++)
	{
		const TeState *state = locked[i].state.exists ? &locked[i].state : &seen[i].state;

		if (!state->exists || state->version != jobs[i]->asset.state.version)
			jobs[i]->outcome = TE_OUTCOME_LOST;
		else
			jobs[i]->outcome = locked[i].state.exists ? TE_OUTCOME_NONE : TE_OUTCOME_BACK;
	}
	pfree(locked);
	pfree(seen);
	pfree(keys);
}

/* Run a statement on the user's table: triggers, checks and expressions of indexes run with it. */
static uint64
run_owners_code(const TeAttachment *attachment, const char *sql, const TeArgs *args)
{
	uint64		count;

	owners_code = true;
	count = te_sql_as_owner(attachment->relation, attachment->owner, sql, args);
	owners_code = false;
	return count;
}

/*
 * Lock the user's row of one job, whose state is locked, with the path that was decoded.
 * Rows that are locked, gone or have another path get their outcome.
 */
static bool
lock_row(const Finish *finish, TeJob *job)
{
	const TeAttachment *attachment = finish->attachment;
	TeRowUpdate nothing = {0};
	TeArgs		args;
	char	   *sql = psprintf("%s SKIP LOCKED", te_row_update_sql(job, &nothing, &args));
	TeAsset		now;

	if (run_owners_code(attachment, sql, &args) == 1)
	{
		te_sql_free();
		return true;
	}
	te_sql_free();
	te_assets_of_keys(attachment, &job->asset.key, 1, &now);
	te_assets_fill_rows(attachment, &now, 1);
	job->outcome = now.has_row ? TE_OUTCOME_BACK : TE_OUTCOME_LOST;
	return false;
}

/* The row is gone and no trigger has told us: the state goes too, and with it our old file. */
static void
forget_state(const Finish *finish, TeJob *job)
{
	const TeAttachment *attachment = finish->attachment;
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};

	te_arg_int4(&args, attachment->number);
	te_arg(&args, type, te_key_datum(type, &job->asset.key));
	te_sql_as_extension(psprintf("DELETE FROM %s WHERE attachment = $1 AND id = $2", attachment->state), &args);
	if (job->asset.state.file != NULL)
		te_thumbnail_discard(attachment->number, job->asset.state.file);
}

/* Row and state of one job, whose state is locked. */
static void
write_job(const Finish *finish, TeJob *job)
{
	TeRowUpdate update;
	TeArgs		args;

	if (!lock_row(finish, job))
	{
		if (job->outcome == TE_OUTCOME_LOST)
			forget_state(finish, job);
		return;
	}
	te_row_update_plan(job, &update);
	if (update.any &&
		run_owners_code(finish->attachment, te_row_update_sql(job, &update, &args), &args) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
				 errmsg("a trigger or rule has suppressed the update"),
				 errhint("Let it pass updates by thumbexif.")));
	te_state_update(job, finish->settings, &update);
	job->outcome = te_job_outcome(job);
}

/* The row at work is written, or not: what it took counts. */
static void
charge_row(Finish *finish)
{
	if (finish->since_ms != 0)
		te_time_limit_spend(finish->since_ms);
	finish->since_ms = 0;
}

static void
write_jobs(Finish *finish, TeJob **jobs, int count)
{
	lock_states(finish, jobs, count);
	for (int i = 0; i < count; i++)
	{
		if (i > 0 && jobs[i]->outcome == TE_OUTCOME_NONE && te_time_limit_spent())
			jobs[i]->outcome = TE_OUTCOME_BACK;
		if (jobs[i]->outcome == TE_OUTCOME_NONE)
		{
			finish->at_work = jobs[i];
			finish->since_ms = te_now_ms();
			write_job(finish, jobs[i]);
			charge_row(finish);
		}
		if (jobs[i]->outcome == TE_OUTCOME_LOST || jobs[i]->outcome == TE_OUTCOME_BACK)
			drop_file(jobs[i]);
	}
}

/* Jobs that are written together. */
typedef struct WriteSet
{
	Finish	   *finish;
	TeJob	  **jobs;
	int			count;
} WriteSet;

static void
write_set(void *arg)
{
	WriteSet   *set = arg;

	owners_code = false;
	te_time_limit_forget();
	write_jobs(set->finish, set->jobs, set->count);
}

/* Write jobs in a subtransaction.  Returns NULL, or an ERROR that the table's code has caused. */
static ErrorData *
try_write(Finish *finish, TeJob **jobs, int count)
{
	WriteSet	set = {finish, jobs, count};
	ErrorData  *error = te_subtransaction(write_set, &set);

	if (error == NULL)
		return NULL;
	charge_row(finish);
	if ((te_error_is_interrupt(error) && !te_time_limit_hit()) || te_error_is_servers(error))
		ReThrowError(error);
	return error;
}

/* A message as our tables take it: what the server's encoding does not know becomes '?'. */
static char *
valid_text(MemoryContext context, const char *message)
{
	char	   *text = MemoryContextStrdup(context, message);
	int			length = (int) strlen(text);

	for (int good = 0; good < length;)
	{
		good += pg_encoding_verifymbstr(GetDatabaseEncoding(), text + good, length - good);
		if (good < length)
			text[good++] = '?';
	}
	return text;
}

/* The table has refused the row of a job: that becomes its failure. */
static void
write_refused(Finish *finish, TeJob *job, ErrorData *error)
{
	drop_file(job);
	job->file = NULL;
	job->status = TE_NOT_WRITTEN;
	job->words = NULL;
	if (te_time_limit_hit())
		job->refusal = "its triggers took too long";
	else
		job->refusal = valid_text(job->context, error->message);
	error = try_write(finish, &job, 1);
	if (error != NULL)
		ReThrowError(error);	/* nothing of the table's was touched this time */
}

/* One job by itself. */
static void
write_alone(Finish *finish, TeJob *job)
{
	ErrorData  *error = try_write(finish, &job, 1);

	if (error != NULL)
		write_refused(finish, job, error);
}

/* All but one are to be given back. */
static void
give_back_others(const TeJob *one, TeJob **jobs, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (jobs[i] == one)
			continue;
		drop_file(jobs[i]);
		jobs[i]->outcome = TE_OUTCOME_BACK;
	}
}

void
te_batch_write(const TeAttachment *attachment, TeJob **jobs, int count, const TeSettings *settings,
			   TeBatchWriteHook between, void *arg)
{
	Finish		finish = {attachment, settings, NULL, 0};
	ErrorData  *error;

	for (int i = 0; i < count; i++)
		jobs[i]->file = NULL;
	if (te_time_limit_spent())
	{
		/* by the batch before */
		give_back_others(NULL, jobs, count);
		return;
	}
	write_files(jobs, count, between, arg);

	/* before the states: TRUNCATE and DELETE lock the table first too */
	LockRelationOid(attachment->relation, RowExclusiveLock);
	te_attachment_check_same(attachment);
	te_code_rights_check_table(attachment->relation, attachment->owner);
	error = try_write(&finish, jobs, count);
	if (error == NULL)
		return;
	if (te_time_limit_hit() && finish.at_work != NULL)
	{
		/* one row has taken all the time that there is: it pays for it */
		give_back_others(finish.at_work, jobs, count);
		write_refused(&finish, finish.at_work, error);
		return;
	}
	if (count == 1)
	{
		write_refused(&finish, jobs[0], error);
		return;
	}
	for (int i = 0; i < count; i++)
	{
		if (i > 0 && te_time_limit_spent())
		{
			drop_file(jobs[i]);
			jobs[i]->outcome = TE_OUTCOME_BACK;
		}
		else
			write_alone(&finish, jobs[i]);
	}
}
