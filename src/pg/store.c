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
#include "store_path.h"
#include "wire/message.h"

#define FILE_MODE		0644
#define FOLDER_PATH		24		/* "<attachment>/ab/cd" with its NUL */
#define KNOWN_FOLDERS	65536	/* so many are remembered as reachable after a crash */

/* A file that this transaction has written. */
typedef struct WrittenFile
{
	slist_node	node;
	SubTransactionId subid;
	int			attachment;
	char		name[FLEXIBLE_ARRAY_MEMBER];
} WrittenFile;

static slist_head written = SLIST_STATIC_INIT(written);

/* Folders (palloc'd paths) written to and not yet synced; in TopTransactionContext like the above. */
static List *touched = NIL;

/*
 * Folders whose entries in their parents, up to thumbnail_dir, this process
 * has synced or seen synced.  Another process may have created them an instant ago,
 * so each process does it once for itself.
 */
static HTAB *known_folders = NULL;

static bool callbacks_registered = false;

/* Unlink what was written in a subtransaction, or all with InvalidSubTransactionId.  Must not throw. */
static void
take_back(SubTransactionId subid)
{
	slist_mutable_iter iter;
	int			root;

	if (slist_is_empty(&written))
		return;
	root = te_store_open_root(false);
	slist_foreach_modify(iter, &written)
	{
		WrittenFile *file = slist_container(WrittenFile, node, iter.cur);

		if (subid != InvalidSubTransactionId && file->subid != subid)
			continue;
		/* what cannot be removed now is left to thumbexif_clean() */
		if (root >= 0)
			(void) te_store_unlink(root, file->attachment, file->name);
		slist_delete_current(&iter);
	}
	if (root >= 0)
		close(root);
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
			take_back(InvalidSubTransactionId);
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
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

/* Where te_store_write writes, with every descriptor closed again.  0 or an errno. */
static int
write_beneath(const char *folder_path, const char *temporary, const char *final,
			  const void *data, Size length)
{
	int			root = te_store_open_root(true);
	int			folder;
	int			err;

	if (root < 0)
		return errno;
	folder = te_store_make_folder(root, folder_path);
	if (folder < 0)
		err = errno;
	else
	{
		err = write_file(folder, temporary, final, data, length);
		close(folder);
	}
	close(root);
	return err;
}

static void
check_is_set(void)
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

char *
te_store_write(int attachment, const char *id, int format, const void *data, Size length)
{
	uint64		xid = U64FromFullTransactionId(GetTopFullTransactionId());
	char		folder[FOLDER_PATH];
	char		temporary[TE_STORE_NAME];
	char		name[TE_STORE_NAME];
	WrittenFile *file;
	int			err;

	check_is_set();
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
	snprintf(folder, sizeof(folder), "%d/%.5s", attachment, name);

	/* In the list before it is there, so that nothing can throw in between. */
	file = MemoryContextAlloc(TopTransactionContext,
							  offsetof(WrittenFile, name) + strlen(name) + 1);
	file->subid = GetCurrentSubTransactionId();
	file->attachment = attachment;
	strcpy(file->name, name);
	slist_push_head(&written, &file->node);

	err = write_beneath(folder, temporary + 6, name + 6, data, length);
	if (err != 0)
		te_store_throw(err);
	remember_touched(folder);
	return pstrdup(name);
}

/* fsync a folder beneath the root ("." is the root itself), or with root -1 thumbnail_dir.  0 or an errno. */
static int
sync_folder(int root, const char *path)
{
	int			flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int			fd = root < 0 ? open(te_thumbnail_dir, flags) : te_store_open(root, path, flags, 0);
	int			err = 0;

	if (fd < 0)
		return errno;
	/* some file systems cannot sync a folder and need not */
	if (pg_fsync(fd) != 0 && errno != EBADF && errno != EINVAL)
		err = errno;
	close(fd);
	return err;
}

/* Sync the folders on the way to "<attachment>/ab/cd".  0 or an errno. */
static int
sync_parents(int root, const char *folder)
{
	char		parent[FOLDER_PATH];
	char	   *slash;
	int			err = 0;

	strlcpy(parent, folder, sizeof(parent));
	while (err == 0 && (slash = strrchr(parent, '/')) != NULL)
	{
		*slash = '\0';
		err = sync_folder(root, parent);
	}
	if (err == 0)
		err = sync_folder(root, ".");
	if (err == 0)
		err = sync_folder(-1, NULL);
	return err;
}

static void
prepare_known_folders(void)
{
	HASHCTL		control = {.keysize = FOLDER_PATH, .entrysize = FOLDER_PATH};

	if (known_folders != NULL && hash_get_num_entries(known_folders) > KNOWN_FOLDERS)
	{
		hash_destroy(known_folders);
		known_folders = NULL;
	}
	if (known_folders == NULL)
		known_folders = hash_create("thumbexif folders", 256, &control, HASH_ELEM | HASH_STRINGS);
}

void
te_store_sync(void)
{
	ListCell   *cell;
	int			root;

	if (touched == NIL)
		return;
	prepare_known_folders();
	root = te_store_open_root(false);
	if (root < 0)
		te_store_throw(errno);
	foreach(cell, touched)
	{
		const char *folder = lfirst(cell);
		bool		known = hash_search(known_folders, folder, HASH_FIND, NULL) != NULL;
		int			err = sync_folder(root, folder);

		if (err == 0 && !known)
			err = sync_parents(root, folder);
		if (err != 0)
		{
			close(root);
			te_store_throw(err);
		}
	}
	close(root);

	foreach(cell, touched)
		(void) hash_search(known_folders, lfirst(cell), HASH_ENTER, NULL);
	list_free_deep(touched);
	touched = NIL;
}

char *
te_store_path(int attachment, const char *name)
{
	char	   *folder = pstrdup(te_thumbnail_dir);
	char	   *path;

	canonicalize_path(folder);
	path = psprintf("%s/%u/%d/%s", folder, MyDatabaseId, attachment, name);
	pfree(folder);
	return path;
}

bool
te_store_has_folder(int attachment)
{
	int			root = te_store_open_root(false);
	char		name[FOLDER_PATH];
	int			folder;

	if (root < 0)
		return false;
	snprintf(name, sizeof(name), "%d", attachment);
	folder = te_store_open(root, name, O_PATH, 0);
	close(root);
	if (folder >= 0)
		close(folder);
	return folder >= 0;
}

void
te_store_check(void)
{
	int			folder;
	int			err = 0;

	check_is_set();
	folder = open(te_thumbnail_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		te_store_throw(errno);
	if (faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) != 0)
		err = errno;
	close(folder);
	if (err != 0)
		te_store_throw(err);
}
