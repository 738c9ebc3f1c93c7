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
#include "utils/fmgrprotos.h"
#include "utils/json.h"

#include "finish_notify.h"

#define MAX_PAYLOAD (BLCKSZ - NAMEDATALEN - 128 - 1)	/* bytes, without NUL: what NOTIFY takes */
#define MAX_QUEUE_USAGE 0.9

static bool
is_finished(const TeJob *job)
{
	return job->finished && job->outcome != TE_OUTCOME_LOST && job->outcome != TE_OUTCOME_RELEASE;
}

/* Is there room in the server's queue?  Where there is none, the commit fails, and storing must not depend on who listens. */
static bool
has_room(void)
{
	static bool warned = false;
	bool		room = DatumGetFloat8(DirectFunctionCall1(pg_notification_queue_usage, (Datum) 0)) < MAX_QUEUE_USAGE;

	if (!room && !warned)
		ereport(WARNING,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("no notifications of finished assets are sent"),
				 errdetail("The server's queue of notifications is nearly full."),
				 errhint("End the transactions of sessions that listen: pg_notification_queue_usage() shows how full it is.")));
	warned = !room;
	return room;
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

	if (attachment->notify == NULL || !has_room())
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
			escape_json(&payload, attachment->named_name);
			appendStringInfoString(&payload, ", \"ids\": [");
		}
		appendBinaryStringInfo(&payload, id.data, id.len);
	}
	if (payload.len > 0)
		send(attachment, &payload);
	pfree(payload.data);
	pfree(id.data);
}
