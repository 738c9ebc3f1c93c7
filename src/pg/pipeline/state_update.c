/*
 * state_update.c
 *		The UPDATE of an asset's state with the result of an examination.
 *
 * src/README.md describes the states and their transitions.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "pg/base/backoff.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/statement.h"
#include "pg/files/thumbnail_store.h"
#include "state_update.h"

/* Waits before the next try: after a transient failure, and for a missing file. */
#define RETRY_MS		(10 * 1000)
#define RETRY_MAX_MS	(60 * 60 * 1000)
#define MISSING_MS		(60 * 1000)
#define MISSING_MAX_MS	(24 * 60 * 60 * 1000)

/* The new state row. */
typedef struct NewState
{
	TeState		state;
	bool		has_next_try;
	TimestampTz next_try;
	const char *path;			/* of a failure */
} NewState;

static void
set_next_try(NewState *result, int64 first_ms, int64 max_ms)
{
	int64		wait_ms = te_backoff_ms(Max(result->state.attempts, 1), first_ms, max_ms,
										pg_prng_uint32(&pg_global_prng_state));

	result->has_next_try = true;
	result->next_try = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), wait_ms);
}

/* Set path, size and mtime of the file; parts made from another file become stale. */
static void
set_source(const TeJob *job, NewState *result)
{
	TeState    *state = &result->state;
	const TeSource *source = &job->source;
	int64		hash = te_path_hash(job->asset.path);

	if (te_source_changed(&job->asset, source))
	{
		state->exif_settings = NULL;
		state->thumbnail_settings = NULL;
	}
	if (source->status == TE_OK || source->status == TE_EMPTY || source->status == TE_FILE_TOO_LARGE)
	{
		state->source_size = source->size;
		state->source_mtime = source->mtime;
	}
	else if (state->has_path_hash && state->path_hash != hash)
		state->source_size = state->source_mtime = -1;
	state->has_path_hash = true;
	state->path_hash = hash;
}

static void
set_done(const TeJob *job, const TeSettings *settings, NewState *result)
{
	TeState    *state = &result->state;
	TeAsset		after = job->asset;

	state->attempts = state->interruptions = 0;
	if (job->parts & TE_PART_THUMBNAIL)
	{
		state->file = job->file;
		state->thumbnail_settings = settings->thumbnail;
		state->file_size = job->task.reply.thumbnail_bytes;
		after.thumbnail_path = job->file_path;
		after.thumbnail_lost = false;
	}
	if (job->parts & TE_PART_EXIF)
	{
		state->exif_settings = settings->exif;
		state->exif_error = te_job_exif_failed(job) ? te_job_exif_error(job) : NULL;
	}

	/* with parts => 'exif', the thumbnail may still be missing */
	after.state = *state;
	if (te_missing_parts(&after, settings, NULL) == 0)
		state->status = TE_ASSET_DONE;
	else if (state->status != TE_ASSET_QUEUED && state->status != TE_ASSET_DONE)
		state->status = TE_ASSET_NEW;
}

static void
set_failed(const TeJob *job, const TeSettings *settings, NewState *result)
{
	TeState    *state = &result->state;

	state->error = te_job_error(job);
	result->path = job->asset.path;
	switch (te_job_verdict(job))
	{
		case TE_VERDICT_MISSING:
			state->status = TE_ASSET_MISSING;
			set_next_try(result, MISSING_MS, MISSING_MAX_MS);
			return;
		case TE_VERDICT_UNSUPPORTED:
			state->status = TE_ASSET_UNSUPPORTED;
			break;
		case TE_VERDICT_TRANSIENT:
			if (state->attempts < te_max_attempts)
			{
				state->status = TE_ASSET_QUEUED;
				set_next_try(result, RETRY_MS, RETRY_MAX_MS);
				return;
			}
			/* fall through */
		default:
			state->status = TE_ASSET_FAILED;
			break;
	}
	state->tried_settings = settings->both;
	state->limit_hit = te_status_limit(job->status);
}

static void
arg_int8_or_null(TeArgs *args, int64 value)
{
	if (value < 0)
		te_arg_null(args, INT8OID);
	else
		te_arg_int8(args, value);
}

static void
write_state(const TeAsset *asset, const NewState *result)
{
	const TeState *state = &result->state;
	Oid			type = te_key_state_type(asset->attachment->key_type);
	TeArgs		args = {0};
	char	   *sql;

	sql = psprintf("UPDATE %s SET version = version + 1, claim = NULL, claimed_from = NULL, finished_at = clock_timestamp(),"
				   " status = $4::%s, next_try = $5, path_hash = $6, source_size = $7, source_mtime = $8,"
				   " limit_hit = $9, attempts = $10, interruptions = $11, verdict = $12, wrote = $13,"
				   " thumbnail_settings = $14, exif_settings = $15, tried_settings = $16, file = $17,"
				   " path = $18, error = $19, exif_error = $20, file_size = $21"
				   " WHERE attachment = $1 AND id = $2 AND version = $3",
				   asset->attachment->state, te_internal_name("thumbexif_asset_status"));
	te_arg_int4(&args, asset->attachment->number);
	te_arg(&args, type, te_key_datum(type, &asset->key));
	te_arg_int8(&args, asset->state.version);
	te_arg_text(&args, te_asset_status_name(state->status));
	if (result->has_next_try)
		te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(result->next_try));
	else
		te_arg_null(&args, TIMESTAMPTZOID);
	te_arg_int8(&args, state->path_hash);
	arg_int8_or_null(&args, state->source_size);
	if (state->source_size < 0) /* an mtime before 1970 is negative and valid */
		te_arg_null(&args, INT8OID);
	else
		te_arg_int8(&args, state->source_mtime);
	arg_int8_or_null(&args, state->limit_hit);
	te_arg_int4(&args, state->attempts);
	te_arg_int4(&args, state->interruptions);
	te_arg_int4(&args, state->verdict);
	te_arg_int4(&args, state->wrote);
	te_arg_text(&args, state->thumbnail_settings);
	te_arg_text(&args, state->exif_settings);
	te_arg_text(&args, state->tried_settings);
	te_arg_text(&args, state->file);
	te_arg_text(&args, result->path);
	te_arg_text(&args, state->error);
	te_arg_text(&args, state->exif_error);
	arg_int8_or_null(&args, state->file != NULL ? state->file_size : -1);
	if (te_sql_as_extension(sql, &args) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("the update has changed the state of its own asset"),
				 errhint("A trigger must not change the path or the key when thumbexif writes a row.")));
}

void
te_state_update(const TeJob *job, const TeSettings *settings, const TeRowUpdate *update)
{
	const TeState *before = &job->asset.state;
	NewState	result = {.state = *before};

	result.state.status = te_asset_status(before);
	result.state.verdict = job->status;
	result.state.wrote = update->wrote;
	result.state.limit_hit = -1;
	result.state.tried_settings = NULL;
	result.state.error = NULL;
	set_source(job, &result);
	if (te_job_verdict(job) == TE_VERDICT_DONE)
		set_done(job, settings, &result);
	else
		set_failed(job, settings, &result);

	write_state(&job->asset, &result);
	if (job->file != NULL && before->file != NULL)
		te_thumbnail_discard(job->asset.attachment->number, before->file);
}
