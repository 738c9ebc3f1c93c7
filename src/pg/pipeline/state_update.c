/*
 * state_update.c
 *		The UPDATE of assets' states with the results of their examination.
 *
 * One statement writes all states that are alike: most assets of a batch end in the same way.
 *
 * src/README.md describes the states and their transitions.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "job_thumbnails.h"
#include "pg/base/backoff.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/statement.h"
#include "pg/files/thumbnail_store.h"
#include "pg/shared/metrics.h"
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

/* Set path, size and mtime of the file, and its sidecar; parts made from others become stale, and the thumbnail is kept until it is replaced. */
static void
set_source(const TeJob *job, NewState *result)
{
	TeState    *state = &result->state;
	const TeSource *source = &job->source;
	int64		hash = te_path_hash(job->asset.path);

	if (te_source_changed(&job->asset, source))
	{
		state->exif_settings = NULL;
		state->thumbnail_settings = te_settings_again(state->thumbnail_settings);
	}
	if (te_sidecar_changed(&job->asset, source))
		state->exif_settings = NULL;
	if (source->status == TE_OK || source->status == TE_EMPTY || source->status == TE_FILE_TOO_LARGE)
	{
		state->source_size = source->size_bytes;
		state->source_mtime = source->mtime_ns;
		if (source->sidecar_known)
			state->sidecar = source->sidecar;
	}
	else if (state->has_path_hash && state->path_hash != hash)
	{
		state->source_size = state->source_mtime = -1;
		state->sidecar = 0;
	}
	state->has_path_hash = true;
	state->path_hash = hash;
}

/* EXIF was examined, with these settings. */
static void
set_exif(const TeJob *job, const TeSettings *settings, TeState *state)
{
	state->exif_settings = settings->exif;
	/* there may be XMP or IPTC beside EXIF that cannot be read */
	state->exif_error = te_job_exif_failed(job) || job->task.texts.exif_error != NULL || job->source.sidecar_error != NULL ?
		te_job_exif_error(job) : NULL;
}

static void
set_done(const TeJob *job, const TeSettings *settings, NewState *result)
{
	TeState    *state = &result->state;
	TeAsset		after = job->asset;

	state->attempts = state->interruptions = 0;
	if (te_job_has_thumbnail(job))
	{
		state->file = job->file;	/* NULL if it is in the row */
		state->file_size = job->task.reply.thumbnail_bytes;
		after.thumbnail_path = job->file_path;
		after.has_thumbnail = true;
	}
	if (job->parts & TE_PART_THUMBNAIL)
	{
		if (job->task.request.want & TE_WANT_THUMBNAIL)
			state->damage = te_job_damage(job);
		state->thumbnail_settings = state->damage != NULL ? settings->damaged : settings->thumbnail;
		after.thumbnail_lost = false;
	}
	if (job->parts & TE_PART_EXIF)
		set_exif(job, settings, state);

	if (state->damage != NULL)
		result->path = job->asset.path; /* for the view of failures */

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
	if (te_job_exif_of_failed(job))
		set_exif(job, settings, state);
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

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Do the states differ only in what arg_differing() passes? */
static bool
alike(const NewState *a, const NewState *b)
{
	const TeState *left = &a->state;
	const TeState *right = &b->state;

	return left->status == right->status && left->limit_hit == right->limit_hit &&
		left->attempts == right->attempts && left->interruptions == right->interruptions && left->verdict == right->verdict &&
		same_text(left->thumbnail_settings, right->thumbnail_settings) &&
		same_text(left->exif_settings, right->exif_settings) &&
		same_text(left->tried_settings, right->tried_settings) &&
		same_text(left->error, right->error) && same_text(left->exif_error, right->exif_error) &&
		same_text(left->damage, right->damage);
}

/* Add what nearly every asset has of its own, as arrays: $1 to $13. */
static void
arg_differing(TeArgs *args, TeJob *const *jobs, const NewState *const *results, int count)
{
	enum
	{
		VERSION, PATH_HASH, SIZE, MTIME, WROTE, FILE_NAME, FILE_SIZE, NEXT_TRY, PATH,
					SIDECAR,
					COLUMNS
	};
	const Oid	types[COLUMNS] = {INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, TEXTOID, INT8OID,
	TIMESTAMPTZOID, TEXTOID, INT8OID};
	Datum	   *values[COLUMNS];
	bool	   *nulls[COLUMNS];
	TeKey	   *keys = palloc(sizeof(TeKey) * count);

	for (int column = 0; column < COLUMNS; column++)
	{
		values[column] = palloc0(sizeof(Datum) * count);
		nulls[column] = palloc0(sizeof(bool) * count);
	}
	for (int i = 0; i < count; i++)
	{
		const TeState *state = &results[i]->state;

		keys[i] = jobs[i]->asset.key;
		values[VERSION][i] = Int64GetDatum(jobs[i]->asset.state.version);
		values[PATH_HASH][i] = Int64GetDatum(state->path_hash);
		values[SIZE][i] = Int64GetDatum(state->source_size);
		values[MTIME][i] = Int64GetDatum(state->source_mtime);
		nulls[SIZE][i] = nulls[MTIME][i] = state->source_size < 0;	/* an mtime before 1970 is negative and valid */
		values[WROTE][i] = Int64GetDatum(state->wrote);
		nulls[FILE_NAME][i] = state->file == NULL;
		nulls[FILE_SIZE][i] = state->file_size < 0 || (state->file == NULL && !(state->wrote & TE_WROTE_THUMBNAIL));
		if (state->file != NULL)
			values[FILE_NAME][i] = CStringGetTextDatum(state->file);
		values[FILE_SIZE][i] = Int64GetDatum(state->file_size);
		nulls[NEXT_TRY][i] = !results[i]->has_next_try;
		values[NEXT_TRY][i] = TimestampTzGetDatum(results[i]->next_try);
		values[SIDECAR][i] = Int64GetDatum(state->sidecar);
		nulls[SIDECAR][i] = state->sidecar == 0;
		nulls[PATH][i] = results[i]->path == NULL;
		if (results[i]->path != NULL)
			values[PATH][i] = CStringGetTextDatum(results[i]->path);
	}
	te_arg_state_keys(args, jobs[0]->asset.attachment, keys, count);
	for (int column = 0; column < COLUMNS; column++)
		te_arg_array(args, types[column], values[column], nulls[column], count);
}

/* Update the states of some jobs, which are alike. */
static void
write_states(TeJob *const *jobs, const NewState *const *results, int count)
{
	const TeAttachment *attachment = jobs[0]->asset.attachment;
	const TeState *state = &results[0]->state;
	TeArgs		args = {0};
	char	   *sql;

	sql = psprintf("UPDATE %s AS s SET version = s.version + 1, claim = NULL, claimed_from = NULL, finished_at = clock_timestamp(),"
				   " path_hash = ($5)[n], source_size = ($6)[n], source_mtime = ($7)[n],"
				   " wrote = ($8)[n], file = ($9)[n], file_size = ($10)[n], next_try = ($11)[n], path = ($12)[n], sidecar = ($13)[n],"
				   " status = $14::%s, limit_hit = $15, attempts = $16, interruptions = $17, verdict = $18,"
				   " thumbnail_settings = $19, exif_settings = $20, tried_settings = $21, error = $22, exif_error = $23, damage = $24"
				   " FROM " TE_STATE_KEYS_SQL " AND s.version = ($4)[n]",
				   attachment->state, te_internal_name("thumbexif_asset_status"));
	arg_differing(&args, jobs, results, count);
	te_arg_text(&args, te_asset_status_name(state->status));
	if (state->limit_hit < 0)
		te_arg_null(&args, INT8OID);
	else
		te_arg_int8(&args, state->limit_hit);
	te_arg_int4(&args, state->attempts);
	te_arg_int4(&args, state->interruptions);
	te_arg_int4(&args, state->verdict);
	te_arg_text(&args, state->thumbnail_settings);
	te_arg_text(&args, state->exif_settings);
	te_arg_text(&args, state->tried_settings);
	te_arg_text(&args, state->error);
	te_arg_text(&args, state->exif_error);
	te_arg_text(&args, state->damage);
	if (te_sql_by_index(sql, &args) != (uint64) count)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("the update has changed the state of its own asset"),
				 errhint("A trigger must not change the path or the key when thumbexif writes a row.")));
}

static void
set_result(const TeJob *job, const TeSettings *settings, const TeRowUpdate *update, NewState *result)
{
	const TeState *before = &job->asset.state;

	*result = (NewState) {.state = *before};
	result->state.status = te_asset_status(before);
	result->state.verdict = job->status;
	result->state.wrote = update->wrote;
	result->state.limit_hit = -1;
	result->state.tried_settings = NULL;
	result->state.error = NULL;
	set_source(job, result);
	if (te_job_verdict(job) == TE_VERDICT_DONE)
		set_done(job, settings, result);
	else
		set_failed(job, settings, result);
}

/* Does the asset now stay as it is, unless its file, its path or a setting changes?  Not if it was missing before, too. */
static bool
is_finished(const TeJob *job, TeAssetStatus status)
{
	if (status == TE_ASSET_MISSING)
		return te_asset_status(&job->asset.state) != TE_ASSET_MISSING || te_source_changed(&job->asset, NULL);
	return status != TE_ASSET_NEW && status != TE_ASSET_QUEUED;
}

/* Count what was written. */
static void
count_end(const TeJob *job, TeAssetStatus status)
{
	static const TeAssetEnd ends[] = {
		[TE_ASSET_QUEUED] = TE_ENDED_RETRY, [TE_ASSET_FAILED] = TE_ENDED_FAILED,
		[TE_ASSET_MISSING] = TE_ENDED_MISSING, [TE_ASSET_UNSUPPORTED] = TE_ENDED_UNSUPPORTED
	};
	bool		done = te_job_verdict(job) == TE_VERDICT_DONE;
	int64		bytes = 0;

	for (int i = 0; done && i < job->num_made; i++)
		bytes += Max(job->made[i].bytes, 0);
	te_metrics_asset(done ? TE_ENDED_DONE : ends[status], job->status, bytes);
}

void
te_states_update(TeJob *const *jobs, const TeRowUpdate *updates, int count, const TeSettings *settings)
{
	NewState   *results = palloc(sizeof(NewState) * count);
	bool	   *written = palloc0(sizeof(bool) * count);
	TeJob	  **same = palloc(sizeof(TeJob *) * count);
	const NewState **same_results = palloc(sizeof(NewState *) * count);

	for (int i = 0; i < count; i++)
		set_result(jobs[i], settings, &updates[i], &results[i]);
	for (int first = 0; first < count; first++)
	{
		int			n = 0;

		for (int i = first; i < count; i++)
		{
			if (written[i] || !alike(&results[first], &results[i]))
				continue;
			same[n] = jobs[i];
			same_results[n++] = &results[i];
			written[i] = true;
		}
		if (n > 0)
			write_states(same, same_results, n);
	}
	for (int i = 0; i < count; i++)
	{
		const TeAsset *asset = &jobs[i]->asset;

		jobs[i]->finished = is_finished(jobs[i], results[i].state.status);
		count_end(jobs[i], results[i].state.status);
		if (asset->state.file == NULL || results[i].state.file == asset->state.file)
			continue;
		te_thumbnail_discard(asset->attachment->folder, asset->state.file, true);
		jobs[i]->replaced++;
	}
	te_job_thumbnails_store(jobs, count, settings);
}
