/*
 * process.c
 *		thumbexif_process(): one asset now, in the caller's transaction.
 *
 * The user's table is read as the caller, with the caller's rights and row security.  It is written as its
 * owner, as the background worker does it, once the caller is known to have the rights: what
 * the table's owner has attached to it must not run with the rights of whoever calls.  Only the owner, and a
 * caller whom row security limits, write as themselves.  No row is locked while the decoder works; then the user's row is
 * locked and after it the state, for which we may wait: the same order as that of the
 * triggers.  Whoever else had claimed the asset finds another version and drops its result.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "pg/base/code_rights.h"
#include "pg/base/statement.h"
#include "pg/compat.h"
#include "pg/files/thumbnail_store.h"
#include "pg/pipeline/status_error.h"
#include "pg/pipeline/row_update.h"
#include "pg/pipeline/state_update.h"
#include "pg/pool/pool.h"

#define MAX_TRIES 5				/* while somebody changes the path again and again */

enum							/* the columns of the result */
{
	OUT_STATUS, OUT_ERROR, OUT_EXIF_ERROR, OUT_ROW, OUT_COLUMNS = OUT_ROW + TE_COL_GPS_LONGITUDE + 1
};

typedef struct Process
{
	TeAttachment *attachment;
	TeSettings	settings;
	TeKey		key;
	bool		force;
	bool		as_caller;		/* written as the caller, or else as the table's owner */
} Process;

/* A statement that writes or locks the row, with the rights it is written with. */
static uint64
write_sql(const Process *process, const char *sql, const TeArgs *args)
{
	const TeAttachment *attachment = process->attachment;

	if (process->as_caller)
		return te_sql_as_caller(attachment->relation, sql, args);
	return te_sql_as_owner(attachment->relation, attachment->owner, sql, args);
}

/* Read the row as the caller; ERROR if there is none that the caller can see. */
static void
read_row(const Process *process, TeAsset *asset)
{
	const TeAttachment *attachment = process->attachment;
	const char *thumbnail = attachment->column[TE_COL_THUMBNAIL_PATH];
	TeArgs		args = {0};
	char	   *sql;

	te_arg(&args, attachment->key_type, te_key_datum(attachment->key_type, &process->key));
	sql = psprintf("SELECT " TE_PATH_SQL ", " TE_PATH_SQL " FROM ONLY %s AS t WHERE t.%s OPERATOR(pg_catalog.=) $1",
				   quote_identifier(attachment->path), thumbnail ? quote_identifier(thumbnail) : "NULL",
				   attachment->name, quote_identifier(attachment->key));
	if (te_sql_as_caller(attachment->relation, sql, &args) == 0)
		te_key_unknown(attachment, te_key_text(attachment->key_type, &process->key));
	asset->has_row = true;
	asset->path = te_out_text(0, 1);
	asset->thumbnail_path = te_out_text(0, 2);
	te_sql_free();
}

static void
throw_denied(const TeAttachment *attachment)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for table %s", get_rel_name(attachment->relation)),
			 errhint("thumbexif_process() needs the caller's rights on the row: grant SELECT and UPDATE.")));
}

/* Before the decode, and in words of our own; what exactly is missing is for the UPDATE to say. */
static void
check_may_update(const TeAttachment *attachment)
{
	if (pg_class_aclcheck(attachment->relation, GetUserId(), ACL_UPDATE) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(attachment->relation, GetUserId(), ACL_UPDATE, ACLMASK_ANY) != ACLCHECK_OK)
		throw_denied(attachment);
}

/* The same for the columns that are about to be written. */
static void
check_may_write(const TeAttachment *attachment, const TeRowUpdate *update)
{
	if (pg_class_aclcheck(attachment->relation, GetUserId(), ACL_UPDATE) == ACLCHECK_OK)
		return;
	for (int i = 0; i < TE_COLUMNS; i++)
	{
		if (update->set[i] &&
			pg_attribute_aclcheck(attachment->relation, get_attnum(attachment->relation, attachment->column[i]),
								  GetUserId(), ACL_UPDATE) != ACLCHECK_OK)
			throw_denied(attachment);
	}
}

/* Look at the file, and decode it if something is lacking.  True if there is anything to be written. */
static bool
examine(const Process *process, TeJob *job)
{
	int			parts = te_parts_kept(process->attachment);
	int			lacks = process->force ? parts : te_stale_parts(&job->asset, &process->settings, parts, NULL);
	TeJobStart	start;

	if (lacks != 0)
		check_may_update(process->attachment);
	/* before the file is open, which nobody would close; if it is the file that has changed, writing will tell */
	if (lacks & TE_PART_THUMBNAIL)
		te_thumbnail_check();
	start = te_job_open(job, &process->settings, parts, process->force);
	if (start == TE_JOB_HELD_OFF)
		te_root_report(job->source.trouble);
	if (start == TE_JOB_DECODE)
	{
		job->source.fd = -1;	/* the pool's from here on */
		job->task.role = GetUserId();
		te_pool_run(&job->task);
		te_job_collect(job);
		return true;
	}
	if (job->status == TE_OK)	/* nothing is lacking; but does the state say so? */
		return te_stale_parts(&job->asset, &process->settings, parts, &job->source) != 0;
	return process->force || te_stale_parts(&job->asset, &process->settings, parts, &job->source) != 0;
}

/* The state, locked, inserted if there is none.  Waits for whoever has it. */
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

/* No row was found with the path that was decoded: why?  One that was deleted and inserted again is worth another try. */
static void
check_row(const Process *process, const TeJob *job, bool tried_before)
{
	TeAsset		now = {.attachment = process->attachment, .key = process->key};

	read_row(process, &now);
	if (tried_before && te_path_hash(now.path) == te_path_hash(job->asset.path))
		throw_not_updated(process, job);
}

/* Write file, row and state.  False if the row is not what it was: then nothing was written. */
static bool
write_result(const Process *process, TeJob *job, bool tried_before)
{
	const TeAttachment *attachment = process->attachment;
	TeRowUpdate update = {0};	/* at first of nothing: that locks the row */
	TeArgs		args;
	uint64		rows;

	check_may_update(attachment);	/* also for the state alone, which a changed file may come to */
	if ((job->parts & TE_PART_THUMBNAIL) && te_job_verdict(job) == TE_VERDICT_DONE)
	{
		job->file = te_thumbnail_write(attachment->number, job->id, job->task.request.format,
									   job->task.thumbnail, job->task.reply.thumbnail_bytes, &job->file_path);
		te_thumbnail_sync();
	}

	rows = write_sql(process, te_row_update_sql(job, &update, &args), &args);
	te_sql_free();
	if (rows == 0)
	{
		check_row(process, job, tried_before);
		if (job->file != NULL)
			te_thumbnail_discard(attachment->number, job->file);
		return false;
	}
	te_attachment_check_same(attachment);
	LockRelationOid(attachment->relation, RowExclusiveLock);	/* nobody adds a trigger from here on */
	te_code_rights_check_table(attachment->relation, process->as_caller ? GetUserId() : attachment->owner);

	/* only now: another may have written what he had found, and what of it goes is for the state to say */
	lock_state(&job->asset);
	te_row_update_plan(job, &update);
	if (!process->as_caller)
		check_may_write(attachment, &update);
	if (update.any && write_sql(process, te_row_update_sql(job, &update, &args), &args) != 1)
		throw_not_updated(process, job);
	if (job->asset.state.status != TE_ASSET_RUNNING)	/* else its claim has counted the attempt */
		job->asset.state.attempts = Min(job->asset.state.attempts + 1, PG_INT16_MAX);
	job->asset.state.interruptions = 0;
	te_state_update(job, &process->settings, &update);
	return true;
}

/* What there is to say about it. */
static void
tell(const TeJob *job)
{
	const char *state = te_status_sqlstate(job->status);
	const char *hint = te_status_hint(job->status);

	if (te_job_verdict(job) != TE_VERDICT_DONE)
		ereport(WARNING,
				(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
				 errmsg("asset %s failed: %s", job->id, te_job_error(job)),
				 job->asset.path ? errdetail("Its path is \"%s\".", job->asset.path) : 0,
				 hint ? errhint("%s", hint) : 0));
	else if (te_job_exif_failed(job))
		ereport(WARNING,
				(errmsg("Failed to extract EXIF data: %s", te_job_exif_error(job))));
	else if (te_job_exif_found(job))
		ereport(LOG,
				(errmsg("Extracted EXIF data for asset %s", job->id)));
}

/* An asset that failed before and is as it was then. */
static void
tell_known(const TeJob *job)
{
	if (job->asset.state.error != NULL)
		ereport(WARNING,
				(errmsg("asset %s has failed before: %s", job->id, job->asset.state.error),
				 errhint("It is tried again when its file, its path or a setting that matters changes, or with force => true.")));
}

/* The row of the result: our state and, as the caller may see it, the user's row. */
static HeapTuple
result(const Process *process, const TeJob *job, TupleDesc desc)
{
	const TeAttachment *attachment = process->attachment;
	TeAsset		now = {.attachment = attachment, .key = process->key};
	Datum		values[OUT_COLUMNS] = {0};
	bool		nulls[OUT_COLUMNS];
	TeArgs		args = {0};
	StringInfoData sql;
	HeapTuple	tuple;

	memset(nulls, true, sizeof(nulls));
	te_assets_fill_states(attachment, &now, 1, TE_STATE_READ);
	values[OUT_STATUS] = CStringGetTextDatum(te_asset_status_name(te_asset_status(&now.state)));
	nulls[OUT_STATUS] = false;
	if (now.state.error != NULL)
		values[OUT_ERROR] = CStringGetTextDatum(now.state.error);
	nulls[OUT_ERROR] = now.state.error == NULL;
	if (now.state.exif_error != NULL)
		values[OUT_EXIF_ERROR] = CStringGetTextDatum(now.state.exif_error);
	nulls[OUT_EXIF_ERROR] = now.state.exif_error == NULL;

	initStringInfo(&sql);
	for (int i = 0; i <= TE_COL_GPS_LONGITUDE; i++)
		appendStringInfo(&sql, "%s CAST(%s%s AS %s)", i == 0 ? "SELECT" : ",",
						 attachment->column[i] ? "t." : "",
						 attachment->column[i] ? quote_identifier(attachment->column[i]) : "NULL",
						 format_type_be_qualified(TupleDescAttr(desc, OUT_ROW + i)->atttypid));
	appendStringInfo(&sql, " FROM ONLY %s AS t WHERE t.%s OPERATOR(pg_catalog.=) $1",
					 attachment->name, quote_identifier(attachment->key));
	te_arg(&args, attachment->key_type, te_key_datum(attachment->key_type, &process->key));
	if (te_sql_as_caller(attachment->relation, sql.data, &args) == 0)
		te_key_unknown(attachment, job->id);
	for (int i = 0; i <= TE_COL_GPS_LONGITUDE; i++)
	{
		values[OUT_ROW + i] = te_out(0, 1 + i);
		nulls[OUT_ROW + i] = te_out_null(0, 1 + i);
	}
	tuple = heap_form_tuple(desc, values, nulls);
	te_sql_free();
	return tuple;
}

static HeapTuple
process_asset(const Process *process, TupleDesc desc)
{
	for (int i = 0; i < MAX_TRIES; i++)
	{
		TeAsset		asset = {.attachment = process->attachment, .key = process->key};
		TeJob	   *job;

		read_row(process, &asset);
		te_assets_fill_states(process->attachment, &asset, 1, TE_STATE_READ);
		job = te_job_create(CurrentMemoryContext, &asset);
		if (!examine(process, job))
		{
			tell_known(job);
			return result(process, job, desc);
		}
		if (write_result(process, job, i > 0))
		{
			tell(job);
			return result(process, job, desc);
		}
		te_job_destroy(job);
	}
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("path of asset %s is being changed again and again",
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
				 errhint("Give the key of a row of the attached table.")));
	process->attachment = te_attachment_get(PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1));
	process->force = PG_GETARG_BOOL(2);
	process->as_caller = GetUserId() == process->attachment->owner ||
		check_enable_rls(process->attachment->relation, InvalidOid, true) == RLS_ENABLED ||
		check_enable_rls(process->attachment->relation, process->attachment->owner, true) == RLS_ENABLED;
	te_settings_now(&process->settings);
	if (!te_key_from_argument(process->attachment, type, PG_GETARG_DATUM(0), &process->key))
		te_key_unknown(process->attachment, te_key_text(INT8OID, &process->key));
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
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	tuple = process_asset(&process, desc);
	MemoryContextSwitchTo(caller);
	tuple = heap_copytuple(tuple);
	SPI_finish();
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}

/* One for each type of key: see queue.c. */
PG_FUNCTION_INFO_V1(thumbexif_process_bigint);

Datum
thumbexif_process_bigint(PG_FUNCTION_ARGS)
{
	return process_as(fcinfo, INT8OID);
}

PG_FUNCTION_INFO_V1(thumbexif_process_uuid);

Datum
thumbexif_process_uuid(PG_FUNCTION_ARGS)
{
	return process_as(fcinfo, UUIDOID);
}

PG_FUNCTION_INFO_V1(thumbexif_process_text);

Datum
thumbexif_process_text(PG_FUNCTION_ARGS)
{
	return process_as(fcinfo, TEXTOID);
}
