/*
 * process_report.c
 *		What thumbexif_process() tells of an asset beside its result.
 */
#include "postgres.h"

#include "pg/pipeline/job.h"
#include "pg/pipeline/status_error.h"
#include "process_report.h"

static void
report_damage(const TeJob *job)
{
	const char *state = te_status_sqlstate((int) job->task.reply.damage);

	ereport(WARNING,
			(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
			 errmsg("asset %s is damaged: %s", job->id, te_job_damage(job)),
			 errdetail("The thumbnail of \"%s\" shows what is left of it.", job->asset.path),
			 errhint("%s", te_status_hint((int) job->task.reply.damage))));
}

void
te_process_report(const TeJob *job)
{
	const char *state = te_status_sqlstate(job->status);
	const char *hint = te_status_hint(job->status);

	if (te_job_damage(job) != NULL)
		report_damage(job);
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

void
te_process_report_earlier(const TeJob *job)
{
	if (job->asset.state.error != NULL)
		ereport(WARNING,
				(errmsg("asset %s has failed before: %s", job->id, job->asset.state.error),
				 errhint("It is tried again when its file, its path or a setting that matters changes, or with force => true.")));
}
