/*
 * upload_store.c
 *		Writes originals that were uploaded, and unlinks them if the transaction rolls back.
 *
 * Two transactions may be given the same picture.  The second one finds the file of the first, which must not unlink it after
 * the second has committed a row that names it: so a lock on the hash is held until the transaction ends.  It is one of the whole
 * server, as databases may share the folder, and a rollback unlinks before locks are released.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"

#include "pg/base/guc.h"
#include "pg/base/system_check.h"
#include "root_path.h"
#include "thumbnail_path.h"
#include "thumbnail_store.h"
#include "upload_store.h"

#define HASH_LENGTH		(2 * PG_SHA256_DIGEST_LENGTH)
#define LEAF_LENGTH		5		/* of "ab/cd" */
#define NAME_SIZE		(LEAF_LENGTH + 1 + HASH_LENGTH + 32)

/* A file that this transaction has created. */
typedef struct CreatedFile
{
	slist_node	node;
	SubTransactionId subid;
	char		name[NAME_SIZE];	/* beneath "dir" */
	char		dir[FLEXIBLE_ARRAY_MEMBER];
} CreatedFile;

static slist_head created = SLIST_STATIC_INIT(created);
static bool callbacks_registered = false;

/* --- rollback */

/* Unlink the files of a subtransaction, or all with InvalidSubTransactionId.  Must not throw. */
static void
unlink_created(SubTransactionId subid)
{
	slist_mutable_iter iter;

	slist_foreach_modify(iter, &created)
	{
		CreatedFile *file = slist_container(CreatedFile, node, iter.cur);
		int			base;

		if (subid != InvalidSubTransactionId && file->subid != subid)
			continue;
		base = open(file->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (base >= 0)
		{
			char		leaf[LEAF_LENGTH + 1];
			int			folder;

			strlcpy(leaf, file->name, sizeof(leaf));
			folder = te_thumbnail_open(base, leaf, O_PATH | O_DIRECTORY, 0);
			if (folder >= 0)
			{
				(void) unlinkat(folder, file->name + LEAF_LENGTH + 1, 0);
				close(folder);
			}
			close(base);
		}
		slist_delete_current(&iter);
	}
}

static void
on_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_ABORT:
			unlink_created(InvalidSubTransactionId);
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			break;
		default:
			return;
	}
	slist_init(&created);
}

static void
on_subtransaction_end(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	slist_iter	iter;

	if (event == SUBXACT_EVENT_ABORT_SUB)
		unlink_created(subid);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		slist_foreach(iter, &created)
		{
			CreatedFile *file = slist_container(CreatedFile, node, iter.cur);

			if (file->subid == subid)
				file->subid = parent;
		}
	}
}

/* Put a file into the list.  Done before it is created, so that no error can occur in between. */
static void
remember(const char *dir, const char *name)
{
	CreatedFile *file = MemoryContextAlloc(TopTransactionContext, offsetof(CreatedFile, dir) + strlen(dir) + 1);

	if (!callbacks_registered)
	{
		RegisterXactCallback(on_transaction_end, NULL);
		RegisterSubXactCallback(on_subtransaction_end, NULL);
		callbacks_registered = true;
	}
	file->subid = GetCurrentSubTransactionId();
	strlcpy(file->name, name, sizeof(file->name));
	strcpy(file->dir, dir);
	slist_push_head(&created, &file->node);
}

/* --- the folder */

/* The folder without "..", palloc'd. */
static char *
upload_folder(void)
{
	char	   *dir = pstrdup(te_upload_dir);

	canonicalize_path(dir);
	return dir;
}

void
te_upload_check(void)
{
	const char *below;

	if (te_upload_dir == NULL || te_upload_dir[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("uploads are not accepted: no folder is set for them"),
				 errhint("Have a superuser set \"thumbexif.upload_dir\" to a folder beneath one of \"thumbexif.image_roots\".")));
	if (te_path_find_root(psprintf("%s/x", upload_folder()), &below) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the folder for uploads, \"%s\", lies beneath no image root", te_upload_dir),
				 errhint("Files there could not be read: set \"thumbexif.upload_dir\" to a folder beneath one of \"thumbexif.image_roots\".")));
}

pg_noreturn static void
throw_io_failed(const char *dir, int err)
{
	errno = err;
	ereport(ERROR,
			(err == EDQUOT ? errcode(ERRCODE_DISK_FULL) : errcode_for_file_access(),
			 errmsg("could not store an original in \"%s\": %m", dir),
			 errhint("%s", te_system_hint("The operating system user that runs PostgreSQL must be able to write to \"thumbexif.upload_dir\", and there must be room."))));
}

/* --- writing */

static void
hash_content(const void *data, Size size, char hex[HASH_LENGTH + 1], uint32 *number)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	if (pg_cryptohash_init(context) < 0 || pg_cryptohash_update(context, data, size) < 0 ||
		pg_cryptohash_final(context, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute a SHA-256: %s", pg_cryptohash_error(context));
	pg_cryptohash_free(context);
	for (int i = 0; i < PG_SHA256_DIGEST_LENGTH; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	memcpy(number, digest, sizeof(*number));
}

/* Is there a whole file of that name already? */
static bool
is_stored(int folder, const char *file, Size size)
{
	struct stat st;

	return fstatat(folder, file, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && (Size) st.st_size == size;
}

/* Write a file into an open folder and sync both.  0 or an errno; after a failure there is no file. */
static int
write_file(int folder, const char *file, const char *data, Size size)
{
	char		temporary[NAME_SIZE];

	snprintf(temporary, sizeof(temporary), "%s.%d." TE_THUMBNAIL_TEMPORARY, file, MyProcPid);
	(void) unlinkat(folder, temporary, 0);	/* of a process that has died, as the hash is locked */
	return te_file_write_new(folder, temporary, file, data, size);
}

/* Store a file beneath the open folder for uploads.  0 or an errno.  Must not throw. */
static int
store_below(int base, const char *name, const void *data, Size size, bool *was_stored)
{
	char		leaf[LEAF_LENGTH + 1];
	int			folder;
	int			err = 0;

	strlcpy(leaf, name, sizeof(leaf));
	folder = te_thumbnail_make_folder(base, leaf);
	if (folder < 0)
		return errno;
	*was_stored = is_stored(folder, name + LEAF_LENGTH + 1, size);
	if (!*was_stored)
		err = write_file(folder, name + LEAF_LENGTH + 1, data, size);
	close(folder);
	if (err == 0)
		err = te_thumbnail_sync_folder(base, leaf);
	leaf[2] = '\0';
	if (err == 0)
		err = te_thumbnail_sync_folder(base, leaf);
	if (err == 0)
		err = te_thumbnail_sync_folder(base, ".");
	return err;
}

/* The file was there before: a rollback keeps it. */
static void
forget_last(void)
{
	slist_pop_head_node(&created);
}

char *
te_upload_write(const void *data, Size size, const char *suffix)
{
	char	   *dir = upload_folder();
	char		hash[HASH_LENGTH + 1];
	char		name[NAME_SIZE];
	uint32		number;
	bool		was_stored = false;
	int			base;
	int			err;

	hash_content(data, size, hash, &number);
	snprintf(name, sizeof(name), "%.2s/%.2s/%s.%s", hash, hash + 2, hash, suffix);
	LockSharedObject(ExtensionRelationId, number, 0, ExclusiveLock);

	remember(dir, name);
	base = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (base < 0)
		err = errno;
	else
	{
		err = store_below(base, name, data, size, &was_stored);
		close(base);
	}
	if (was_stored || base < 0)
		forget_last();
	if (err != 0)
		throw_io_failed(dir, err);
	return psprintf("%s/%s", dir, name);
}
