/*
 * file_removal.c
 *		Between two turns of the worker: unlinks what is no longer wanted.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "file_removal.h"
#include "pg/base/backoff.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/files/thumbnail_store.h"
#include "worker_xact.h"

#define REMOVE_MOST		1000	/* files to unlink in a turn */
#define REMOVE_MS		60000	/* after files could not be unlinked */
#define REMOVE_LOCKED_MS	1000	/* after their table could not be read */
#define REMOVE_MAX_MS	3600000

typedef struct Removed
{
	int64		count;
	bool		left;			/* there are more */
} Removed;

static void
remove_some(void *arg)
{
	Removed    *removed = arg;
	TeArgs		none = {0};

	te_worker_xact_begin();
	removed->count = te_thumbnail_empty_removals(REMOVE_MOST, NULL);
	removed->left = te_sql_as_extension(psprintf("SELECT FROM %s LIMIT 1", te_internal_name("thumbexif_removal")), &none) > 0;
	te_sql_free();
	te_worker_xact_end();
}

void
te_file_removal_empty(TimestampTz *due)
{
	static int	failures = 0;
	static TimestampTz not_before = 0;
	TimestampTz now = GetCurrentTimestamp();
	Removed		removed = {0};
	ErrorData  *error;
	bool		left;

	if (now < not_before)
	{
		te_sooner(due, not_before);
		return;
	}
	error = te_worker_xact_guarded(remove_some, &removed);
	if (error != NULL)
		ereport(LOG,
				(errmsg("removal of thumbnail files is suspended: %s", error->message)));
	left = removed.left || error != NULL;

	if (error == NULL && (removed.count > 0 || !left))
		failures = 0;
	else
		failures++;
	not_before = failures == 0 ? 0 :
		TimestampTzPlusMilliseconds(now, te_backoff_ms(failures, error != NULL ? REMOVE_LOCKED_MS : REMOVE_MS, REMOVE_MAX_MS, 0));
	if (left)
		te_sooner(due, Max(now, not_before));
}
