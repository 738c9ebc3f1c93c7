/*
 * process.c
 *		SQL function thumbexif_process(), which processes one asset in the caller's transaction.
 *
 * The user's table is read as the caller, with the caller's rights and row security.  It is written as its owner, as the
 * background worker does, after the caller's rights were checked: code that the owner has attached to the table must not
 * run with the caller's rights.  The owner writes as itself, and so does a caller to whom row security applies.  No row
 * is locked while the decoder works.  Afterwards the user's row is locked first and the state second, possibly after a
 * wait, in the same order as by the triggers.  Another process that has claimed the asset then finds another version and
 * drops its result.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "asset_reading.h"
#include "cluster_process.h"
#include "process_report.h"
#include "pg/base/code_rights.h"
#include "pg/base/guc.h"
#include "pg/base/statement.h"
#include "pg/catalog/key_sql.h"
#include "pg/catalog/member.h"
#include "pg/compat.h"
#include "pg/files/thumbnail_store.h"
#include "pg/pipeline/finish_notify.h"
#include "pg/pipeline/adopt.h"
#include "pg/pipeline/copies.h"
#include "pg/pipeline/job_thumbnails.h"
#include "pg/pipeline/row_update.h"
#include "pg/pipeline/state_update.h"
#include "pg/pool/pool.h"
#include "pg/shared/wakeup.h"
#include "write_rights.h"

#define MAX_TRIES 5				/* if the path is changed concurrently each time */

enum							/* the columns of the result */
{
	OUT_STATUS, OUT_ERROR, OUT_EXIF_ERROR, OUT_ROW,
	OUT_DAMAGE = OUT_ROW + TE_COL_EXIF_METADATA,	/* in the place of this column, which is not returned */
	OUT_COLUMNS = OUT_ROW + TE_COL_LAST_FACT + 1
};

typedef struct Process
{
	TeAttachment *attachment;
	TeSettings	settings;
	TeKey		key;
	bool		force;
	bool		as_caller;		/* write as the caller, not as the table's owner */
	bool		has_written;	/* the transaction, before this: perhaps the row itself */
} Process;

/* Lock the row with the path that was decoded, as the role that writes it. */
static uint64
lock_row(const Process *process, TeJob *job)
{
	const TeAttachment *attachment = process->attachment;
	TeArgs		args;
	char	   *sql = te_row_lock_sql(&job, 1, &args);

	te_copies_lock(attachment, process->as_caller);
	if (process->as_caller)
		return te_sql_as_caller(attachment->named, attachment->search_path, sql, &args);
	return te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path, sql, &args);
}

/* Read the asset, its row as the caller; ERROR if the caller sees no such row. */
static void
read_asset(const Process *process, TeAsset *asset)
{
	TeAttachment *attachment = process->attachment;

	if (!te_asset_read(attachment, &process->key, true, TE_STATE_READ, asset))
		te_key_unknown(attachment, te_key_text(attachment->key_type, &process->key));
}

/* Open the file, and decode it if parts are absent or stale.  True if there is a result to write. */
static bool
examine(const Process *process, TeJob *job)
{
	int			parts = te_parts_kept(process->attachment);
	bool		force = process->force || (job->asset.attachment->arrived && te_may_adopt(&job->asset));	/* nobody knows whether it is done */
	int			stale_parts = force ? parts : te_stale_parts(&job->asset, &process->settings, parts, NULL);
	TeJobStart	start;

	if (stale_parts != 0)
	{
		te_write_rights_check(process->attachment);
		te_pool_expect();
	}
	/* check before the file is opened; if only the file has changed, te_thumbnail_write() checks */
	if ((stale_parts & TE_PART_THUMBNAIL) && te_attachment_stores_files(process->attachment))
		te_thumbnail_check();
	start = te_job_open(job, &process->settings, parts, force);
	if (start == TE_JOB_HELD_OFF)
		te_root_report(job->source.trouble);
	if (start == TE_JOB_DECODE)
	{
		job->source.fd = -1;	/* the pool closes it */
		job->task.role = GetUserId();
		te_pool_run(&job->task);
		te_job_collect(job);
		return true;
	}
	/* no part is stale, but the state may have to be updated */
	return (force && job->status != TE_OK) ||
		te_stale_parts(&job->asset, &process->settings, parts, &job->source) != 0;
}

/* Lock the state row, waiting if necessary; insert it if it does not exist. */
static void
lock_state(TeAsset *asset)
{
	const TeAttachment *attachment = asset->attachment;
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};

	memset(&asset->state, 0, sizeof(asset->state));
	te_assets_fill_states(attachment, asset, 1, TE_STATE_LOCK);
	if (asset->state.exists)
		return;
	te_arg_int4(&args, attachment->number);
	te_arg(&args, type, te_key_datum(type, &asset->key));
	te_sql_as_extension(psprintf("INSERT INTO %s (attachment, id, status) VALUES ($1, $2, 'new')"
								 " ON CONFLICT DO NOTHING", attachment->state), &args);
	te_assets_fill_states(attachment, asset, 1, TE_STATE_LOCK);
	if (!asset->state.exists)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not lock the state of the asset due to concurrent update"),
				 errhint("Try again.")));
}

static void
throw_not_updated(const Process *process, const TeJob *job)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("row of asset %s could not be updated", job->id),
			 errhint("A row security policy, a trigger or a rule of table %s prevents it.",
					 process->attachment->name)));
}

/*
 * No row has the decoded path.  ERROR if there is no row, or at the second try if it still has this path and so cannot be
 * updated.  At the first try it may have been deleted and inserted again.
 */
static void
check_row(const Process *process, const TeJob *job, bool tried_before)
{
	TeAsset		now;

	read_asset(process, &now);
	if (tried_before && te_path_hash(now.path) == te_path_hash(job->asset.path))
		throw_not_updated(process, job);
}

/* ERROR if the row is not in all copies.  If this transaction has inserted it, no other sees it yet. */
static void
check_copies(const Process *process, TeJob *job)
{
	bool		behind;
	const char *node = process->has_written ? NULL : te_copies_behind(&job, 1, &behind);

	if (node != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the row of asset %s is not the same on node %s", job->id, node),
				 errdetail("Table %s is a reference table, of which each node has a copy.", process->attachment->named_name),
				 errhint("Try again: another transaction may be about to commit there.")));
}

/* Write files, row and state.  False, with nothing written, if the row's path has changed, or a thumbnail to which sizes were to be added. */
static bool
write_result(const Process *process, TeJob *job, bool tried_before)
{
	const TeAttachment *attachment = process->attachment;
	int64		version = job->asset.state.version;
	TeRowUpdate update;
	TeArgs		args;
	uint64		rows;

	te_write_rights_check(attachment);	/* also if only the state changes */
	if (te_job_write_files(job))
		te_thumbnail_sync();
	rows = lock_row(process, job);
	te_sql_free();
	if (rows == 0)
	{
		check_row(process, job, tried_before);
		te_job_discard_files(job);
		return false;
	}
	check_copies(process, job);
	te_attachment_check_same(attachment);
	LockRelationOid(attachment->relation, RowExclusiveLock);	/* no trigger can be added from here on */
	te_code_rights_check_table(attachment->relation, CMD_UPDATE, process->as_caller ? GetUserId() : attachment->owner);
	if (process->as_caller && attachment->named != attachment->relation)
		te_code_rights_check_table(attachment->named, CMD_UPDATE, GetUserId());

	/* plan the update only now: another process may have written values, which the state tells */
	lock_state(&job->asset);
	if (job->some_sizes && job->asset.state.version != version)
	{
		te_job_discard_files(job);	/* the thumbnail beside which these belong may be another one by now */
		return false;
	}
	te_row_update_plan(job, &process->settings, &update);
	if (!process->as_caller)
		te_write_rights_check_columns(attachment, &update);
	if (update.any && te_copies_update(attachment, process->as_caller, te_row_update_sql(&job, &update, 1, &args), &args) != 1)
		throw_not_updated(process, job);
	if (job->asset.state.status != TE_ASSET_RUNNING)	/* otherwise the claim has counted the attempt */
		job->asset.state.attempts = Min(job->asset.state.attempts + 1, PG_INT16_MAX);
	job->asset.state.interruptions = 0;
	te_states_update(&job, &update, 1, &process->settings);
	if (job->replaced > 0)
		te_wake_at_commit();	/* the worker removes the file that was replaced, when it is kept no longer */
	job->outcome = te_job_outcome(job);
	te_notify_finished(&job, 1);
	return true;
}

/* Append a mapped column of the result, as the type in which the function returns it; $2 is the default time zone. */
static void
append_result(StringInfo sql, const TeAttachment *attachment, int column, Oid type)
{
	const char *name = psprintf("t.%s", quote_identifier(attachment->column[column]));

	if (column == TE_COL_TAKEN_AT && attachment->type[column] == TIMESTAMPOID)
		name = psprintf("pg_catalog.timezone($2, %s)", name);	/* written as the wall clock there */
	appendStringInfo(sql, "%s CAST(%s AS %s)", sql->len == 0 ? "SELECT" : ",", name, format_type_be_qualified(type));
}

static void
set_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	values[column] = text != NULL ? CStringGetTextDatum(text) : (Datum) 0;
}

/* The columns of the row that are mapped, read as the caller; ERROR if there is no row. */
static void
read_result(const Process *process, const TeJob *job, TupleDesc desc, Datum *values, bool *nulls)
{
	const TeAttachment *attachment = process->attachment;
	TeArgs		args = {0};
	StringInfoData sql;
	int			count = 0;

	initStringInfo(&sql);
	for (int i = 0; i <= TE_COL_LAST_FACT; i++)
		if (i != TE_COL_EXIF_METADATA && attachment->column[i] != NULL)
			append_result(&sql, attachment, i, TupleDescAttr(desc, OUT_ROW + i)->atttypid);
	appendStringInfo(&sql, "%s FROM %s AS t WHERE %s%s",
					 sql.len == 0 ? "SELECT" : "", attachment->user_rows, te_key_equals_sql(&attachment->key, "t.", "$1"), attachment->user_rows_and);
	te_arg(&args, attachment->key_type, te_key_datum(attachment->key_type, &process->key));
	te_arg_text(&args, te_default_timezone);
	if (te_sql_as_caller(attachment->named, NULL, sql.data, &args) == 0)
		te_key_unknown(attachment, job->id);
	for (int i = 0; i <= TE_COL_LAST_FACT; i++)
	{
		if (i == TE_COL_EXIF_METADATA || attachment->column[i] == NULL)
			continue;
		values[OUT_ROW + i] = te_out(0, ++count);
		nulls[OUT_ROW + i] = te_out_null(0, count);
	}
}

/* Form the result from our state and the user's row. */
static HeapTuple
form_result(const Process *process, const TeJob *job, TupleDesc desc)
{
	const TeAttachment *attachment = process->attachment;
	TeAsset		now = {.attachment = attachment, .key = process->key};
	Datum		values[OUT_COLUMNS] = {0};
	bool		nulls[OUT_COLUMNS];
	HeapTuple	tuple;

	memset(nulls, true, sizeof(nulls));
	te_assets_fill_states(attachment, &now, 1, TE_STATE_READ);
	set_text(values, nulls, OUT_STATUS, te_asset_status_name(te_asset_status(&now.state)));
	set_text(values, nulls, OUT_ERROR, now.state.error);
	set_text(values, nulls, OUT_EXIF_ERROR, now.state.exif_error);
	set_text(values, nulls, OUT_DAMAGE, now.state.damage);
	read_result(process, job, desc, values, nulls);
	tuple = heap_form_tuple(desc, values, nulls);
	te_sql_free();
	return tuple;
}

static HeapTuple
process_asset(const Process *process, TupleDesc desc)
{
	for (int i = 0; i < MAX_TRIES; i++)
	{
		TeAsset		asset;
		TeJob	   *job;

		read_asset(process, &asset);
		job = te_job_create(CurrentMemoryContext, &asset);
		if (!examine(process, job))
		{
			te_process_report_earlier(job);
			return form_result(process, job, desc);
		}
		if (write_result(process, job, i > 0))
		{
			te_process_report(job);
			return form_result(process, job, desc);
		}
		te_job_destroy(job);
	}
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not process asset %s due to concurrent updates of its path",
					te_key_text(process->attachment->key_type, &process->key)),
			 errhint("Try again later.")));
}

static void
read_arguments(FunctionCallInfo fcinfo, Oid type, Process *process)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("parameters \"id\" and \"force\" must not be NULL"),
				 errhint("Pass the key of a row of the attached table.")));
	process->attachment = te_attachment_get(PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1));
	process->force = PG_GETARG_BOOL(2);
	process->has_written = TransactionIdIsValid(GetTopTransactionIdIfAny());
	te_settings_now(process->attachment, &process->settings);
	if (!te_key_from_argument(process->attachment, type, PG_GETARG_DATUM(0), &process->key))
		te_key_unknown(process->attachment, te_key_text(te_key_state_type(process->attachment->key_type), &process->key));
}

/* Find the table that has the row, and who is to write it. */
static void
find_table(Process *process)
{
	TeAttachment *attachment = te_asset_table(process->attachment, &process->key, TE_STATE_READ);
	Oid			named;

	if (attachment == NULL)
		te_key_unknown(process->attachment, te_key_text(process->attachment->key_type, &process->key));
	named = attachment->named;
	process->as_caller = GetUserId() == (named == attachment->relation ? attachment->owner : process->attachment->owner) ||
		check_enable_rls(named, InvalidOid, true) == RLS_ENABLED ||
		check_enable_rls(attachment->relation, attachment->owner, true) == RLS_ENABLED;
	if (OidIsValid(attachment->all_copies) && !process->as_caller && IsTransactionBlock())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("could not process asset %s inside a transaction block", te_key_text(attachment->key_type, &process->key)),
				 errdetail("Table %s is a reference table, whose copies are written as its owner, over other connections than those of this transaction.", attachment->named_name),
				 errhint("Do it outside of BEGIN, or as the owner of the table.")));
	process->attachment = process->as_caller ? te_member_for_user(attachment) : attachment;
}

static Datum
process_as(FunctionCallInfo fcinfo, Oid type)
{
	MemoryContext caller = CurrentMemoryContext;
	Process		process = {0};
	TupleDesc	desc;
	HeapTuple	tuple;

	PreventCommandIfReadOnly("thumbexif_process()");
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	BlessTupleDesc(desc);
	read_arguments(fcinfo, type, &process);
	SPI_connect();
	tuple = te_cluster_process(process.attachment, &process.key, process.force, desc);
	if (tuple == NULL)
	{
		find_table(&process);
		tuple = process_asset(&process, desc);
	}
	MemoryContextSwitchTo(caller);
	tuple = heap_copytuple(tuple);
	SPI_finish();
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}

/* One function for each type of key: see queue.c. */
PG_FUNCTION_INFO_V1(thumbexif_process_bigint);
PG_FUNCTION_INFO_V1(thumbexif_process_uuid);
PG_FUNCTION_INFO_V1(thumbexif_process_text);

Datum
thumbexif_process_bigint(PG_FUNCTION_ARGS)
{
	return process_as(fcinfo, INT8OID);
}

Datum
thumbexif_process_uuid(PG_FUNCTION_ARGS)
{
	return process_as(fcinfo, UUIDOID);
}

Datum
thumbexif_process_text(PG_FUNCTION_ARGS)
{
	return process_as(fcinfo, TEXTOID);
}
