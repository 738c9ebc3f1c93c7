/*
 * thumbnail_store.c
 *		Writes thumbnail files, syncs their folders, and unlinks them if the transaction rolls back.
 *
 * The files that this transaction has written are kept in a list until it ends.  A rollback unlinks them, a rollback to
 * a savepoint those of the subtransaction.  PREPARE TRANSACTION drops the list: after a ROLLBACK PREPARED, the files
 * are left to thumbexif_clean().
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

#include "cluster_folder.h"
#include "pg/base/guc.h"
#include "pg/shared/shmem.h"
#include "pg/shared/wakeup.h"
#include "thumbnail_folder.h"
#include "thumbnail_path.h"
#include "thumbnail_store.h"
#include "wire/message.h"

#define FILE_MODE		0644
#define MAX_KNOWN_FOLDERS	65536	/* number of folders remembered as synced */

/* A file that this transaction has written. */
typedef struct WrittenFile
{
	slist_node	node;
	SubTransactionId subid;
	int			attachment;
	char		folder[TE_FOLDER_NAME_SIZE];
	char		name[FLEXIBLE_ARRAY_MEMBER];
} WrittenFile;

static slist_head written = SLIST_STATIC_INIT(written);

/* Folders written to and not yet synced: palloc'd paths below thumbnail_dir, in TopTransactionContext like the files. */
static List *unsynced = NIL;

/*
 * Folders for which this process has synced the parents up to thumbnail_dir.  Each process syncs them once, since another
 * process may have created a folder but not yet synced its parent.
 */
static HTAB *known_folders = NULL;
static uint32 known_since = 0;	/* te_thumbnail_folder_changes() when it was created */

static bool full = false;		/* there was no room for the last file; without shared memory */
static bool callbacks_registered = false;

/* Unlink the files of a subtransaction, or all with InvalidSubTransactionId.  Must not throw. */
static void
unlink_written(SubTransactionId subid)
{
	slist_mutable_iter iter;
	int			base;

	te_thumbnail_folder_forget_noted();
	te_cluster_folder_forget_noted();
	if (slist_is_empty(&written))
		return;
	base = te_thumbnail_open_base();
	slist_foreach_modify(iter, &written)
	{
		WrittenFile *file = slist_container(WrittenFile, node, iter.cur);

		if (subid != InvalidSubTransactionId && file->subid != subid)
			continue;
		/* after a failure, the file is left to thumbexif_clean() */
		if (base >= 0)
			(void) te_thumbnail_unlink(base, file->folder, file->attachment, file->name);
		slist_delete_current(&iter);
	}
	if (base >= 0)
		close(base);
}

static void
on_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
			unlink_written(InvalidSubTransactionId);
			break;
		case XACT_EVENT_PREPARE:
			te_thumbnail_folder_forget_noted();
			te_cluster_folder_forget_noted();
			break;
		case XACT_EVENT_COMMIT:
			break;
		default:
			return;
	}
	slist_init(&written);
	unsynced = NIL;
}

static void
on_subtransaction_end(SubXactEvent event, SubTransactionId subid,
					  SubTransactionId parent, void *arg)
{
	slist_iter	iter;

	if (event == SUBXACT_EVENT_ABORT_SUB)
		unlink_written(subid);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		slist_foreach(iter, &written)
		{
			WrittenFile *file = slist_container(WrittenFile, node, iter.cur);

			if (file->subid == subid)
				file->subid = parent;
		}
	}
}

bool
te_thumbnail_is_full(void)
{
	return te_shared != NULL ? pg_atomic_read_u32(&te_shared->thumbnails_full) != 0 : full;
}

/* Tell all processes, and have the worker remove what is kept when the folder becomes full. */
static void
set_full(bool now_full)
{
	if (te_thumbnail_is_full() == now_full)
		return;
	full = now_full;
	if (te_shared != NULL)
		pg_atomic_write_u32(&te_shared->thumbnails_full, now_full ? 1 : 0);
	if (now_full)
		te_wake_database(MyDatabaseId);
}

int
te_file_write_new(int folder, const char *temporary, const char *final, const char *data, Size size)
{
	int			fd = te_thumbnail_open(folder, temporary, O_WRONLY | O_CREAT | O_EXCL, FILE_MODE);
	int			err = 0;

	if (fd < 0)
		return errno;
	while (size > 0 && err == 0)
	{
		ssize_t		n = write(fd, data, size);

		if (n > 0)
		{
			data += n;
			size -= n;
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

/* Write a file into a subfolder of our folder, which is created if needed.  0 or an errno. */
static int
write_below(int folder, const char *path, const char *temporary, const char *final,
			const void *data, Size size)
{
	int			leaf = te_thumbnail_make_folder(folder, path);
	int			err;

	if (leaf < 0)
		return errno;
	err = te_file_write_new(leaf, temporary, final, data, size);
	close(leaf);
	return err;
}

void
te_thumbnail_check_is_set(void)
{
	if (te_thumbnail_dir == NULL || te_thumbnail_dir[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no folder for thumbnails is set"),
				 errhint("Set \"thumbexif.thumbnail_dir\" in postgresql.conf (or by ALTER SYSTEM) to a folder that the operating system user of PostgreSQL may write to, and reload.")));
}

static void
remember_folder(const char *folder)
{
	MemoryContext old;
	ListCell   *cell;

	foreach(cell, unsynced)
	{
		if (strcmp(lfirst(cell), folder) == 0)
			return;
	}
	old = MemoryContextSwitchTo(TopTransactionContext);
	unsynced = lappend(unsynced, pstrdup(folder));
	MemoryContextSwitchTo(old);
}

/* The absolute path of a name, for the column thumbnail_path. */
static char *
absolute_path(const char *folder, int attachment, const char *name)
{
	char	   *dir = te_thumbnail_base_path();
	char	   *path = psprintf("%s/%s/%d/%s", dir, folder, te_folder_number(attachment), name);

	pfree(dir);
	return path;
}

/* Put a file into the list.  Done before it is created, so that no error can occur in between. */
static void
remember_file(const char *folder, int attachment, const char *name)
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
te_thumbnail_write(int attachment, const char *id, int format, const void *data, Size size, char **path)
{
	uint64		xid = U64FromFullTransactionId(GetTopFullTransactionId());
	char		folder[TE_FOLDER_NAME_SIZE];
	char		leaf[TE_FOLDER_PATH_SIZE];
	char		temporary[TE_THUMBNAIL_NAME_SIZE];
	char		name[TE_THUMBNAIL_NAME_SIZE];
	char	   *result;
	int			fd;
	volatile int err = 0;

	te_thumbnail_check_is_set();
	if (!callbacks_registered)
	{
		RegisterXactCallback(on_transaction_end, NULL);
		RegisterSubXactCallback(on_subtransaction_end, NULL);
		callbacks_registered = true;
	}

	te_thumbnail_new_name(name, id, xid);
	strlcpy(temporary, name, sizeof(temporary));
	strlcat(temporary, TE_THUMBNAIL_TEMPORARY, sizeof(temporary));
	strlcat(name, te_format_suffix(format), sizeof(name));
	result = pstrdup(name);

	fd = attachment < 0 ? te_cluster_folder_open(folder) : te_thumbnail_folder_open(folder);
	PG_TRY();
	{
		remember_file(folder, attachment, name);
		*path = absolute_path(folder, attachment, name);
		snprintf(leaf, sizeof(leaf), "%s/%d/%.5s", folder, te_folder_number(attachment), name);
		err = write_below(fd, leaf + strlen(folder) + 1, temporary + 6, name + 6, data, size);
		if (err == 0)
			remember_folder(leaf);
	}
	PG_FINALLY();
	{
		close(fd);
	}
	PG_END_TRY();
	set_full(err == ENOSPC || err == EDQUOT);
	if (err != 0)
		te_thumbnail_io_failed(err);
	return result;
}

/* Sync thumbnail_dir and all parents of "<folder>/<attachment>/ab/cd".  0 or an errno. */
static int
sync_parents(int base, const char *leaf)
{
	char		parent[TE_FOLDER_PATH_SIZE];
	char	   *slash;
	int			err = 0;

	strlcpy(parent, leaf, sizeof(parent));
	while (err == 0 && (slash = strrchr(parent, '/')) != NULL)
	{
		*slash = '\0';
		err = te_thumbnail_sync_folder(base, parent);
	}
	return err != 0 ? err : te_thumbnail_sync_folder(base, ".");
}

static void
prepare_known_folders(void)
{
	HASHCTL		control = {.keysize = TE_FOLDER_PATH_SIZE, .entrysize = TE_FOLDER_PATH_SIZE};

	if (known_folders != NULL &&
		(hash_get_num_entries(known_folders) > MAX_KNOWN_FOLDERS || known_since != te_thumbnail_folder_changes()))
	{
		hash_destroy(known_folders);
		known_folders = NULL;
	}
	if (known_folders == NULL)
		known_folders = hash_create("thumbexif folders", 256, &control, HASH_ELEM | HASH_STRINGS);
	known_since = te_thumbnail_folder_changes();
}

void
te_thumbnail_sync(void)
{
	ListCell   *cell;
	int			base;

	if (unsynced == NIL)
		return;
	prepare_known_folders();
	base = te_thumbnail_open_base();
	if (base < 0)
		te_thumbnail_io_failed(errno);
	foreach(cell, unsynced)
	{
		const char *leaf = lfirst(cell);
		bool		known = hash_search(known_folders, leaf, HASH_FIND, NULL) != NULL;
		int			err = te_thumbnail_sync_folder(base, leaf);

		if (err == 0 && !known)
			err = sync_parents(base, leaf);
		if (err != 0)
		{
			close(base);
			te_thumbnail_io_failed(err);
		}
	}
	close(base);

	foreach(cell, unsynced)
		(void) hash_search(known_folders, lfirst(cell), HASH_ENTER, NULL);
	list_free_deep(unsynced);
	unsynced = NIL;
}

bool
te_thumbnail_has_folder(int attachment)
{
	const TeThumbnailFolders *folders = te_thumbnail_folders();
	bool		has = false;
	int			base = te_thumbnail_open_base();

	for (int i = 0; i < folders->count && base >= 0 && !has; i++)
	{
		char		path[TE_FOLDER_PATH_SIZE];
		int			folder;

		snprintf(path, sizeof(path), "%s/%d", folders->name[i], attachment);
		folder = te_thumbnail_open(base, path, O_PATH, 0);
		has = folder >= 0;
		if (has)
			close(folder);
	}
	if (base >= 0)
		close(base);
	return has;
}

void
te_thumbnail_check(void)
{
	int			base;
	int			err = 0;

	te_thumbnail_check_is_set();
	te_thumbnail_folder_check();
	base = te_thumbnail_open_base();
	if (base < 0)
		te_thumbnail_io_failed(errno);
	if (faccessat(base, ".", W_OK | X_OK, AT_EACCESS) != 0)
		err = errno;
	close(base);
	if (err != 0)
		te_thumbnail_io_failed(err);
}
