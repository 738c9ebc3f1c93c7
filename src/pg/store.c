/*
 * store.c
 *		Thumbnail files: writing them, syncing their folders, and taking them
 *		back when the transaction that wrote them does not commit.
 *
 * What this transaction has written is in a list until the transaction's end.  A
 * rollback, also to a savepoint, unlinks its part of it.  PREPARE TRANSACTION forgets the
 * list, as the files are no longer ours: a ROLLBACK PREPARED leaves them to thumbexif_clean().
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "access/transam.h"
#include "access/xact.h"
#include "lib/ilist.h"
#include "nodes/pg_list.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "guc.h"
#include "store.h"
#include "store_folder.h"
#include "store_path.h"
#include "wire/message.h"

#define FILE_MODE		0644
#define KNOWN_FOLDERS	65536	/* so many are remembered as reachable after a crash */

/* A file that this transaction has written. */
typedef struct WrittenFile
{
	slist_node	node;
	SubTransactionId subid;
	int			attachment;
	char		folder[TE_FOLDER_NAME];
	char		name[FLEXIBLE_ARRAY_MEMBER];
} WrittenFile;

static slist_head written = SLIST_STATIC_INIT(written);

/* Folders (palloc'd paths from thumbnail_dir) written to and not yet synced; in TopTransactionContext like the above. */
static List *touched = NIL;

/*
 * Folders whose entries in their parents, up to thumbnail_dir, this process
 * has synced or seen synced.  Another process may have created them an instant ago,
 * so each process does it once for itself.
 */
static HTAB *known_folders = NULL;
static uint32 known_since = 0;	/* te_folder_changes() when it was begun */

static bool callbacks_registered = false;

/* Unlink what was written in a subtransaction, or all with InvalidSubTransactionId.  Must not throw. */
static void
take_back(SubTransactionId subid)
{
	slist_mutable_iter iter;
	int			base;

	te_folder_forget_noted();
	if (slist_is_empty(&written))
		return;
	base = te_store_open_base();
	slist_foreach_modify(iter, &written)
	{
		WrittenFile *file = slist_container(WrittenFile, node, iter.cur);

		if (subid != InvalidSubTransactionId && file->subid != subid)
			continue;
		/* what cannot be removed now is left to thumbexif_clean() */
		if (base >= 0)
			(void) te_store_unlink(base, file->folder, file->attachment, file->name);
		slist_delete_current(&iter);
	}
	if (base >= 0)
		close(base);
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
			take_back(InvalidSubTransactionId);
			break;
		case XACT_EVENT_PREPARE:
			te_folder_forget_noted();
			break;
		case XACT_EVENT_COMMIT:
			break;
		default:
			return;
	}
	slist_init(&written);
	touched = NIL;
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subid,
					  SubTransactionId parent, void *arg)
{
	slist_iter	iter;

	if (event == SUBXACT_EVENT_ABORT_SUB)
		take_back(subid);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		slist_foreach(iter, &written)
		{
			WrittenFile *file = slist_container(WrittenFile, node, iter.cur);

			if (file->subid == subid)
				file->subid = parent;
		}
}

/* Write a new file into an open folder and sync it.  0 or an errno; in trouble nothing is left. */
static int
write_file(int folder, const char *temporary, const char *final, const char *data, Size length)
{
	int			fd = te_store_open(folder, temporary, O_WRONLY | O_CREAT | O_EXCL, FILE_MODE);
	int			err = 0;

	if (fd < 0)
		return errno;
	while (length > 0 && err == 0)
	{
		ssize_t		n = write(fd, data, length);

		if (n > 0)
		{
			data += n;
			length -= n;
		}
		else if (n == 0)
			err = ENOSPC;
		else if (errno != EINTR)
			err = errno;
	}
	if (err == 0 && pg_fsync(fd) != 0)
		err = errno;
	if (close(fd) != 0 && err == 0)
		err = errno;
	if (err == 0 && renameat(folder, temporary, folder, final) != 0)
		err = errno;
	if (err != 0)
		unlinkat(folder, temporary, 0);
	return err;
}

/* Where te_store_write writes: beneath our own folder, and what is made for it is closed again.  0 or an errno. */
static int
write_beneath(int folder, const char *path, const char *temporary, const char *final,
			  const void *data, Size length)
{
	int			leaf = te_store_make_folder(folder, path);
	int			err;

	if (leaf < 0)
		return errno;
	err = write_file(leaf, temporary, final, data, length);
	close(leaf);
	return err;
}

void
te_store_check_is_set(void)
{
	if (te_thumbnail_dir == NULL || te_thumbnail_dir[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no folder for thumbnails is set"),
				 errhint("Set \"thumbexif.thumbnail_dir\" in postgresql.conf (or by ALTER SYSTEM) to a folder that the operating system user of PostgreSQL may write to, and reload.")));
}

static void
remember_touched(const char *folder)
{
	MemoryContext old;
	ListCell   *cell;

	foreach(cell, touched)
		if (strcmp(lfirst(cell), folder) == 0)
			return;
	old = MemoryContextSwitchTo(TopTransactionContext);
	touched = lappend(touched, pstrdup(folder));
	MemoryContextSwitchTo(old);
}

/* The absolute path of a name, as it goes into thumbnail_path. */
static char *
absolute_path(const char *folder, int attachment, const char *name)
{
	char	   *dir = te_store_dir();
	char	   *path = psprintf("%s/%s/%d/%s", dir, folder, attachment, name);

	pfree(dir);
	return path;
}

/* Into the list before it is there, so that nothing can throw in between. */
static void
will_write(const char *folder, int attachment, const char *name)
{
	WrittenFile *file = MemoryContextAlloc(TopTransactionContext,
										   offsetof(WrittenFile, name) + strlen(name) + 1);

	file->subid = GetCurrentSubTransactionId();
	file->attachment = attachment;
	strlcpy(file->folder, folder, sizeof(file->folder));
	strcpy(file->name, name);
	slist_push_head(&written, &file->node);
}

char *
te_store_write(int attachment, const char *id, int format, const void *data, Size length, char **path)
{
	uint64		xid = U64FromFullTransactionId(GetTopFullTransactionId());
	char		folder[TE_FOLDER_NAME];
	char		leaf[TE_FOLDER_PATH];
	char		temporary[TE_STORE_NAME];
	char		name[TE_STORE_NAME];
	char	   *result;
	int			fd;
	volatile int err = 0;

	te_store_check_is_set();
	if (!callbacks_registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		callbacks_registered = true;
	}

	te_store_new_name(name, id, xid);
	strlcpy(temporary, name, sizeof(temporary));
	strlcat(temporary, TE_STORE_TEMPORARY, sizeof(temporary));
	strlcat(name, te_format_suffix(format), sizeof(name));
	result = pstrdup(name);

	fd = te_folder_open(folder);
	PG_TRY();
	{
		will_write(folder, attachment, name);
		*path = absolute_path(folder, attachment, name);
		snprintf(leaf, sizeof(leaf), "%s/%d/%.5s", folder, attachment, name);
		err = write_beneath(fd, leaf + strlen(folder) + 1, temporary + 6, name + 6, data, length);
		if (err == 0)
			remember_touched(leaf);
	}
	PG_FINALLY();
	{
		close(fd);
	}
	PG_END_TRY();
	if (err != 0)
		te_store_throw(err);
	return result;
}

/* Sync thumbnail_dir itself and the folders on the way to "<folder>/<attachment>/ab/cd".  0 or an errno. */
static int
sync_parents(int base, const char *leaf)
{
	char		parent[TE_FOLDER_PATH];
	char	   *slash;
	int			err = 0;

	strlcpy(parent, leaf, sizeof(parent));
	while (err == 0 && (slash = strrchr(parent, '/')) != NULL)
	{
		*slash = '\0';
		err = te_store_sync_folder(base, parent);
	}
	return err != 0 ? err : te_store_sync_folder(base, ".");
}

static void
prepare_known_folders(void)
{
	HASHCTL		control = {.keysize = TE_FOLDER_PATH, .entrysize = TE_FOLDER_PATH};

	if (known_folders != NULL &&
		(hash_get_num_entries(known_folders) > KNOWN_FOLDERS || known_since != te_folder_changes()))
	{
		hash_destroy(known_folders);
		known_folders = NULL;
	}
	if (known_folders == NULL)
		known_folders = hash_create("thumbexif folders", 256, &control, HASH_ELEM | HASH_STRINGS);
	known_since = te_folder_changes();
}

void
te_store_sync(void)
{
	ListCell   *cell;
	int			base;

	if (touched == NIL)
		return;
	prepare_known_folders();
	base = te_store_open_base();
	if (base < 0)
		te_store_throw(errno);
	foreach(cell, touched)
	{
		const char *leaf = lfirst(cell);
		bool		known = hash_search(known_folders, leaf, HASH_FIND, NULL) != NULL;
		int			err = te_store_sync_folder(base, leaf);

		if (err == 0 && !known)
			err = sync_parents(base, leaf);
		if (err != 0)
		{
			close(base);
			te_store_throw(err);
		}
	}
	close(base);

	foreach(cell, touched)
		(void) hash_search(known_folders, lfirst(cell), HASH_ENTER, NULL);
	list_free_deep(touched);
	touched = NIL;
}

bool
te_store_has_folder(int attachment)
{
	const TeFolders *folders = te_folders();
	bool		has = false;
	int			base = te_store_open_base();

	for (int i = 0; i < folders->count && base >= 0 && !has; i++)
	{
		char		path[TE_FOLDER_PATH];
		int			folder;

		snprintf(path, sizeof(path), "%s/%d", folders->name[i], attachment);
		folder = te_store_open(base, path, O_PATH, 0);
		has = folder >= 0;
		if (has)
			close(folder);
	}
	if (base >= 0)
		close(base);
	return has;
}

void
te_store_check(void)
{
	int			base;
	int			err = 0;

	te_store_check_is_set();
	te_folder_check();
	base = te_store_open_base();
	if (base < 0)
		te_store_throw(errno);
	if (faccessat(base, ".", W_OK | X_OK, AT_EACCESS) != 0)
		err = errno;
	close(base);
	if (err != 0)
		te_store_throw(err);
}
