/*
 * job.c
 *		One asset in the pipeline: its file, its decoder task and its outcome.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "asset_files.h"
#include "claim.h"
#include "job.h"
#include "job_thumbnails.h"
#include "pg/base/guc.h"
#include "status_error.h"

static char *
copy_text(const char *text)
{
	return text != NULL ? pstrdup(text) : NULL;
}

TeJob *
te_job_create(MemoryContext parent, const TeAsset *asset)
{
	MemoryContext context = AllocSetContextCreate(parent, "thumbexif asset", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	TeJob	   *job = palloc0(sizeof(TeJob));

	job->context = context;
	job->asset = *asset;
	job->asset.path = copy_text(asset->path);
	job->asset.thumbnail_path = copy_text(asset->thumbnail_path);
	job->asset.state.thumbnail_settings = copy_text(asset->state.thumbnail_settings);
	job->asset.state.exif_settings = copy_text(asset->state.exif_settings);
	job->asset.state.tried_settings = copy_text(asset->state.tried_settings);
	job->asset.state.file = copy_text(asset->state.file);
	job->asset.state.error = copy_text(asset->state.error);
	job->asset.state.exif_error = copy_text(asset->state.exif_error);
	job->asset.state.damage = copy_text(asset->state.damage);
	job->id = te_key_text(asset->attachment->key_type, &asset->key);
	job->source = (TeSource) {.fd = -1, .sidecar_fd = -1, .status = TE_IO_ERROR};	/* it has not been opened */
	MemoryContextSwitchTo(caller);
	return job;
}

void
te_job_destroy(TeJob *job)
{
	te_source_close(&job->source);
	MemoryContextDelete(job->context);
}

/* Add the sizes of the thumbnails that have to be made. */
static void
add_sizes(TeJob *job, const TeSettings *settings, bool force)
{
	TeRequest  *request = &job->task.request;
	TeSizes		sizes = settings->sizes;

	job->some_sizes = !force && te_stale_sizes(&job->asset, settings, &job->source, &sizes);
	if (sizes.count == 0)
		return;					/* there are too many */
	request->want |= TE_WANT_THUMBNAIL;
	if (job->some_sizes && !(job->asset.state.wrote & TE_WROTE_SIZES))
		request->measure = settings->sizes.side[0]; /* for the row of the first size */
	request->size = sizes.side[0];
	request->more = sizes.count - 1;
	for (int i = 1; i < sizes.count; i++)
		request->more_size[i - 1] = sizes.side[i];
}

/* False if a decoder is not needed. */
static bool
fill_request(TeJob *job, const TeSettings *settings, bool force)
{
	TeRequest  *request = &job->task.request;

	memset(&job->task, 0, sizeof(job->task));
	job->task.owner = job;
	job->task.role = job->asset.attachment->owner;
	job->task.image_fd = job->source.fd;
	if (job->parts & TE_PART_THUMBNAIL)
	{
		add_sizes(job, settings, force);
		if (request->want & TE_WANT_THUMBNAIL)
			request->want |= (te_damaged_images == TE_DAMAGED_SHOW ? TE_WANT_DAMAGED : 0) |
				(job->some_sizes ? 0 : job->asset.attachment->want_thumbnail);
	}
	if (job->parts & TE_PART_EXIF)
	{
		request->want |= TE_WANT_EXIF | (te_exif_gps ? TE_WANT_GPS : 0) | job->asset.attachment->want_exif;
		request->sidecar_size = (uint64) te_source_take_sidecar(&job->source, &job->task.sidecar_fd);
		if (request->sidecar_size > 0)
			request->want |= TE_WANT_SIDECAR;
	}
	else
		te_source_drop_sidecar(&job->source);
	request->format = te_thumbnail_format;
	request->quality = te_thumbnail_quality;
	request->max_pixels = te_max_pixels;
	request->file_size = job->source.size_bytes;
	return request->want != 0;
}

static bool
interrupted_too_often(const TeJob *job)
{
	return job->asset.state.status == TE_ASSET_RUNNING &&
		job->asset.state.interruptions >= TE_MAX_INTERRUPTIONS;
}

static bool
request_file(TeJob *job, int flags)
{
	MemoryContext caller = MemoryContextSwitchTo(job->context);

	if (te_parts_kept(job->asset.attachment) & TE_PART_EXIF)
		flags |= TE_ASK_SIDECAR;
	job->requested = te_source_request(job->asset.path, TE_ASK_READ | flags, &job->source);
	MemoryContextSwitchTo(caller);
	return job->requested;
}

bool
te_job_request(TeJob *job, bool small)
{
	return job->requested || job->asset.path == NULL || interrupted_too_often(job) ||
		request_file(job, TE_ASK_BULK | TE_ASK_AHEAD | (small ? TE_ASK_START : 0));
}

TeJobStart
te_job_open(TeJob *job, const TeSettings *settings, int parts, bool force)
{
	if (interrupted_too_often(job) && !force)
	{
		job->status = TE_CRASHED;
		job->detail = "processing was interrupted by crashes " CppAsString2(TE_MAX_INTERRUPTIONS) " times";
		return TE_JOB_DECIDED;
	}
	if (job->asset.path != NULL)
	{
		if (!job->requested && !request_file(job, 0))
			te_source_no_descriptor();
		te_source_wait(&job->source);
	}
	else
	{
		job->source.status = TE_MISSING;
		job->detail = "the row has no path";
	}
	if (job->source.trouble != NULL)
		return TE_JOB_HELD_OFF;

	job->status = job->source.status;
	if (job->status != TE_OK)
		return TE_JOB_DECIDED;
	te_asset_files_check_thumbnail(&job->asset, parts);
	job->parts = TE_PART_ALL &
		(force ? parts & te_parts_kept(job->asset.attachment) :
		 te_stale_parts(&job->asset, settings, parts, &job->source));
	if (job->parts != 0 && fill_request(job, settings, force))
		return TE_JOB_DECODE;
	te_source_close(&job->source);
	return TE_JOB_DECIDED;
}

void
te_job_collect(TeJob *job)
{
	MemoryContext caller = MemoryContextSwitchTo(job->context);
	TeTask	   *task = &job->task;

	job->source.fd = -1;		/* the pool has closed it */
	job->status = task->reply.status;
	job->detail = copy_text(task->texts.error);
	task->texts.make = copy_text(task->texts.make);
	task->texts.model = copy_text(task->texts.model);
	task->texts.exif_error = copy_text(task->texts.exif_error);
	task->texts.lens = copy_text(task->texts.lens);
	task->texts.title = copy_text(task->texts.title);
	task->texts.description = copy_text(task->texts.description);
	task->texts.keywords = copy_text(task->texts.keywords);
	if (task->thumbnail != NULL)
	{
		Size		length = te_reply_thumbnail_bytes(&task->reply);
		char	   *thumbnail = palloc(length);

		memcpy(thumbnail, task->thumbnail, length);
		task->thumbnail = thumbnail;
		te_job_take_thumbnails(job);
	}
	if (task->texts.json != NULL)
	{
		job->json = te_exif_jsonb(task->texts.json);
		job->has_json = true;
		task->texts.json = NULL;
	}
	if (task->reply.has_taken_at)
		job->has_taken_at = te_taken_at(&task->reply.taken_at, &job->taken_at);
	MemoryContextSwitchTo(caller);
}

TeVerdict
te_job_verdict(const TeJob *job)
{
	TeVerdict	verdict = te_status_verdict(job->status);

	if (verdict == TE_VERDICT_TRANSIENT && job->asset.state.interruptions >= TE_MAX_INTERRUPTIONS)
		return TE_VERDICT_FAILED;
	return verdict;
}

bool
te_job_exif_found(const TeJob *job)
{
	return (job->parts & TE_PART_EXIF) && te_job_verdict(job) == TE_VERDICT_DONE &&
		job->task.reply.exif_status == TE_EXIF_FOUND;
}

bool
te_job_exif_failed(const TeJob *job)
{
	return (job->parts & TE_PART_EXIF) && te_job_verdict(job) == TE_VERDICT_DONE &&
		job->task.reply.exif_status == TE_EXIF_ERROR;
}

bool
te_job_exif_of_failed(const TeJob *job)
{
	/* that the table has refused is not tried again; where no decoder has replied, nothing was found */
	return (job->parts & TE_PART_EXIF) && te_job_verdict(job) != TE_VERDICT_DONE && job->status != TE_NOT_WRITTEN &&
		job->task.reply.exif_status == TE_EXIF_FOUND;
}

TeOutcome
te_job_outcome(const TeJob *job)
{
	if (te_job_verdict(job) != TE_VERDICT_DONE)
		return TE_OUTCOME_FAILED;
	if ((job->parts & TE_PART_THUMBNAIL) || te_job_exif_found(job))
		return TE_OUTCOME_UPDATED;
	return te_job_exif_failed(job) ? TE_OUTCOME_FAILED : TE_OUTCOME_SKIPPED;
}

char *
te_job_error(const TeJob *job)
{
	if (job->table_error != NULL)
		return psprintf("%s: %s", te_status_text(job->status), job->table_error);
	return te_status_message(job->status, job->detail);
}

char *
te_job_exif_error(const TeJob *job)
{
	const char *detail = job->task.texts.exif_error;

	if (detail == NULL && !te_job_exif_failed(job) && job->source.sidecar_error != NULL)
		return pstrdup(job->source.sidecar_error);
	return detail != NULL ? te_text_to_server(detail) : pstrdup("EXIF could not be read");
}

char *
te_job_damage(const TeJob *job)
{
	if (te_job_verdict(job) != TE_VERDICT_DONE || !(job->parts & TE_PART_THUMBNAIL) || job->task.reply.damage == 0)
		return NULL;
	return te_status_message((int) job->task.reply.damage, job->detail);
}
