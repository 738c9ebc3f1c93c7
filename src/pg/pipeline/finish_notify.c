/*
 * finish_notify.c
 *		NOTIFY for assets that are finished, if their attachment asks for it.
 *
 * A payload is {"relation": "public.photos", "ids": [1, 2, 3]}; the relation as regclass takes it, keys that are no numbers
 * as strings.  A batch has several notifications if its keys do not fit into one.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/async.h"
#include "lib/stringinfo.h"
#include "utils/json.h"

#include "finish_notify.h"
#include "pg/base/guc.h"

#define MAX_PAYLOAD (BLCKSZ - NAMEDATALEN - 128 - 1)	/* bytes, without NUL: what NOTIFY takes */

/* Has the asset reached an outcome that stays, unless its file, its path or a setting changes? */
static bool
is_finished(const TeJob *job)
{
	switch (job->outcome)
	{
		case TE_OUTCOME_UPDATED:
		case TE_OUTCOME_SKIPPED:
			return true;
		case TE_OUTCOME_FAILED:
			return te_job_verdict(job) != TE_VERDICT_TRANSIENT || job->asset.state.attempts >= te_max_attempts;
		default:
			return false;
	}
}

static void
send(const TeAttachment *attachment, StringInfo payload)
{
	appendStringInfoString(payload, "]}");
	Async_Notify(attachment->notify, payload->data);
	resetStringInfo(payload);
}

void
te_notify_finished(TeJob *const *jobs, int count)
{
	const TeAttachment *attachment = jobs[0]->asset.attachment;
	bool		quoted = attachment->key_type == UUIDOID || attachment->key_type == TEXTOID;
	StringInfoData payload;
	StringInfoData id;

	if (attachment->notify == NULL)
		return;
	initStringInfo(&payload);
	initStringInfo(&id);
	for (int i = 0; i < count; i++)
	{
		if (!is_finished(jobs[i]))
			continue;
		resetStringInfo(&id);
		if (quoted)
			escape_json(&id, jobs[i]->id);
		else
			appendStringInfoString(&id, jobs[i]->id);
		if (payload.len > 0 && payload.len + id.len + (int) strlen(", ]}") > MAX_PAYLOAD)
			send(attachment, &payload);
		if (payload.len > 0)
			appendStringInfoString(&payload, ", ");
		else
		{
			appendStringInfoString(&payload, "{\"relation\": ");
			escape_json(&payload, attachment->name);
			appendStringInfoString(&payload, ", \"ids\": [");
		}
		appendBinaryStringInfo(&payload, id.data, id.len);
	}
	if (payload.len > 0)
		send(attachment, &payload);
	pfree(payload.data);
	pfree(id.data);
}
