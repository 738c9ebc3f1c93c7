/*
 * entry.c
 *		The tasks inside the pool.
 */
#include "postgres.h"

#include <unistd.h>

#include "storage/fd.h"

#include "dispatch.h"
#include "output.h"

bool
te_pool_entry_is_small(const TePoolEntry *entry)
{
	return !entry->alone && !(entry->request.want & (TE_WANT_THUMBNAIL | TE_WANT_FILE_HASH));
}

static void
close_fd(int *fd)
{
	if (*fd < 0)
		return;
	close(*fd);
	*fd = -1;
	ReleaseExternalFD();
}

static void
close_image(TePoolEntry *entry)
{
	close_fd(&entry->image_fd);
	close_fd(&entry->sidecar_fd);
}

void
te_pool_entry_free(TePoolEntry *entry)
{
	te_output_close(entry);
	close_image(entry);
	if (entry->scratch)
		pfree(entry->scratch);
	if (entry->thumbnail)
		pfree(entry->thumbnail);
	pfree(entry);
	te_pool.pending--;
}

void
te_pool_entry_finished(TePoolEntry *entry)
{
	close_image(entry);
	dlist_push_tail(&te_pool.finished, &entry->node);
}

void
te_pool_entry_fail(TePoolEntry *entry, TeStatus status, const char *detail)
{
	memset(&entry->reply, 0, sizeof(entry->reply));
	memset(&entry->texts, 0, sizeof(entry->texts));
	entry->reply.status = status;
	strlcpy(entry->detail, detail, sizeof(entry->detail));
	entry->texts.error = entry->detail;
	te_pool_entry_finished(entry);
}
