/*
 * transient_fd.c
 *		Descriptors of images that are closed at the end of their transaction or subtransaction.
 */
#include "postgres.h"

#include <unistd.h>

#include "access/xact.h"
#include "storage/fd.h"

#include "transient_fd.h"

/*
 * A descriptor is recorded from the opener's reply until it is passed to the pool: one at a
 * time and that of its sidecar, more in nested calls.
 */
#define MAX_OPEN 32

static struct
{
	int			fd;
	int			level;			/* transaction nest level */
}			open_files[MAX_OPEN];
static int	nopen;

/* Close the descriptors of a nest level and of deeper ones. */
static void
close_from(int level)
{
	int			kept = 0;

	for (int i = 0; i < nopen; i++)
	{
		if (open_files[i].level < level)
		{
			open_files[kept++] = open_files[i];
			continue;
		}
		(void) close(open_files[i].fd);
		ReleaseExternalFD();
	}
	nopen = kept;
}

static void
on_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT || event == XACT_EVENT_COMMIT)
		close_from(0);
}

static void
on_subtransaction_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
		close_from(level);
	for (int i = 0; i < nopen && event == SUBXACT_EVENT_COMMIT_SUB; i++)
		open_files[i].level = Min(open_files[i].level, level - 1);
}

void
te_transient_fd_prepare(void)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(on_transaction_end, NULL);
		RegisterSubXactCallback(on_subtransaction_end, NULL);
		registered = true;
	}
	if (nopen + 2 > MAX_OPEN)
		elog(ERROR, "too many images are open");
}

int
te_transient_fd_record(int fd)
{
	if (fd >= 0)
	{
		open_files[nopen].fd = fd;
		open_files[nopen].level = GetCurrentTransactionNestLevel();
		nopen++;
	}
	return fd;
}

bool
te_transient_fd_release(int fd)
{
	for (int i = 0; i < nopen; i++)
	{
		if (open_files[i].fd == fd)
		{
			open_files[i] = open_files[--nopen];
			return true;
		}
	}
	return false;
}
