/*
 * file_removal.c
 *		Unlinks the files listed in thumbexif_removal, between two turns of the worker.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "file_removal.h"
#include "pg/base/backoff.h"
#include "pg/base/clock.h"
#include "pg/files/thumbnail_store.h"
#include "worker_xact.h"

#define REMOVE_TURN_MS	500		/* to unlink files, after a turn of a table */
#define RETRY_MS		60000	/* after files could not be unlinked, twice: at first they may have been listed a moment ago, or be locked */
#define RETRY_SOON_MS	1000	/* until then, and after their table could not be read */
#define RETRY_MAX_MS	3600000

typedef struct Removal
{
	int64		count;
	TimestampTz next;			/* when the next of the others is due, 0 = there are none */
} Removal;

static void
remove_some(void *arg)
{
	Removal    *removal = arg;

	te_worker_xact_begin();
	removal->count = te_thumbnail_process_removals(REMOVE_TURN_MS, NULL);
	removal->next = te_thumbnail_next_removal();
	te_worker_xact_end();
}

void
te_file_removal_process(TimestampTz *due)
{
	static int	failures = 0;
	static int64 not_before_ms = 0;
	int64		wait_ms = not_before_ms - te_now_ms();
	Removal		removal = {0};
	ErrorData  *error;
	bool		more;

	if (wait_ms > 0)
	{
		te_sooner_in(due, wait_ms);
		return;
	}
	error = te_worker_xact_guarded(remove_some, &removal);
	if (error != NULL)
		ereport(LOG,
				(errmsg("removal of thumbnail files is suspended: %s", error->message)));
	more = error != NULL || (removal.next != 0 && removal.next <= GetCurrentTimestamp());

	if (error == NULL && (removal.count > 0 || !more))
		failures = 0;
	else
		failures++;
	wait_ms = failures == 0 ? 0 : te_backoff_ms(failures, error != NULL || failures == 1 ? RETRY_SOON_MS : RETRY_MS, RETRY_MAX_MS, 0);
	not_before_ms = te_now_ms() + wait_ms;
	if (more)
		te_sooner_in(due, wait_ms);
	else
		te_sooner(due, removal.next);	/* a replaced file is still kept */
}
