/*
 * thumbnail_folder.c
 *		Which folder beneath thumbnail_dir belongs to this database.
 *
 * This is determined by the markers (thumbnail_marker.h) of the two possible folders.  If neither has a marker, the table
 * thumbexif_folder says whether that is expected: if this database has written thumbnails here, there was a marker, so
 * the file system may not be mounted, and nothing must be created.
 *
 * The result is cached in the process while the marker is the same file, which costs one fstatat() per use.
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/base/guc.h"
#include "thumbnail_folder.h"
#include "thumbnail_folder_note.h"
#include "thumbnail_marker.h"

#define MAX_TRIES	10			/* other sessions may create or claim the folder meanwhile */

#define CLAIM_HINT	"call thumbexif_claim_folder()"

/* The last result, valid while thumbnail_dir and the marker of the first folder are the same. */
typedef struct FolderCache
{
	TeThumbnailFolders folders;
	char	   *dir;			/* in TopMemoryContext; NULL = cache is empty */
	struct stat marker;
	bool		noted;			/* the table has the folder */
	uint32		changes;
} FolderCache;

static FolderCache cached;

typedef enum Mark
{
	MARK_NO_FOLDER, MARK_NONE, MARK_OURS, MARK_FOREIGN, MARK_TROUBLE
} Mark;

static void
plain_folder_name(char name[TE_FOLDER_NAME_SIZE])
{
	snprintf(name, TE_FOLDER_NAME_SIZE, "%u", MyDatabaseId);
}

/* The folder that is used if the plain one belongs to another server. */
static void
own_folder_name(char name[TE_FOLDER_NAME_SIZE])
{
	char		hash[17];

	te_server_hash(hash);
	snprintf(name, TE_FOLDER_NAME_SIZE, "%u-%s", MyDatabaseId, hash);
}

void
te_thumbnail_folder_forget_noted(void)
{
	cached.noted = false;
}

/* --- finding the folders */

static Mark
read_mark(int base, const char *name, TeThumbnailMarker *marker)
{
	int			folder = te_thumbnail_open(base, name, O_PATH | O_DIRECTORY, 0);
	int			result;

	if (folder < 0)
		return errno == ENOENT ? MARK_NO_FOLDER : MARK_TROUBLE;
	result = te_thumbnail_marker_read(folder, marker);
	te_thumbnail_close(folder);
	if (result < 0)
		return MARK_TROUBLE;
	if (result == 0)
		return MARK_NONE;
	return te_thumbnail_marker_is_ours(marker, MyDatabaseId) ? MARK_OURS : MARK_FOREIGN;
}

/* Examine both folders, but not the table: a lost folder is returned as NEW or UNMARKED. */
static void
examine_folders(TeThumbnailFolders *folders, struct stat *file)
{
	char		plain[TE_FOLDER_NAME_SIZE];
	char		own[TE_FOLDER_NAME_SIZE];
	TeThumbnailMarker plain_marker;
	TeThumbnailMarker own_marker;
	Mark		plain_mark = MARK_TROUBLE;
	Mark		own_mark = MARK_TROUBLE;
	int			base;

	memset(folders, 0, sizeof(*folders));
	folders->state = TE_FOLDER_TROUBLE;
	plain_folder_name(plain);
	own_folder_name(own);
	base = te_thumbnail_open_base();
	if (base >= 0)
	{
		plain_mark = read_mark(base, plain, &plain_marker);
		if (plain_mark != MARK_TROUBLE)
			own_mark = read_mark(base, own, &own_marker);
		te_thumbnail_close(base);
	}
	folders->err = errno;
	if (plain_mark == MARK_TROUBLE || (own_mark == MARK_TROUBLE && plain_mark != MARK_OURS))
		return;

	folders->err = 0;
	folders->foreign = plain_mark == MARK_FOREIGN;
	folders->state = plain_mark == MARK_NO_FOLDER ? TE_FOLDER_NEW : TE_FOLDER_UNMARKED;
	if (folders->foreign)
		folders->state = TE_FOLDER_FOREIGN;
	if (plain_mark == MARK_OURS || own_mark == MARK_OURS)
	{
		folders->state = TE_FOLDER_OURS;
		*file = plain_mark == MARK_OURS ? plain_marker.file : own_marker.file;
	}
	if (plain_mark == MARK_OURS || folders->state == TE_FOLDER_UNMARKED)
		strcpy(folders->name[folders->count++], plain);
	if (own_mark == MARK_OURS)
		strcpy(folders->name[folders->count++], own);
}

/* Open (O_PATH) the first cached folder if its marker has not changed; otherwise -1. */
static int
open_cached(void)
{
	struct stat file;
	int			base;
	int			folder;

	if (cached.dir == NULL || strcmp(cached.dir, te_thumbnail_dir) != 0)
		return -1;
	base = te_thumbnail_open_base();
	if (base < 0)
		return -1;
	folder = te_thumbnail_open(base, cached.folders.name[0], O_PATH | O_DIRECTORY, 0);
	close(base);
	if (folder < 0)
		return -1;
	if (fstatat(folder, TE_MARKER, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
		file.st_dev == cached.marker.st_dev && file.st_ino == cached.marker.st_ino &&
		file.st_mtim.tv_sec == cached.marker.st_mtim.tv_sec && file.st_mtim.tv_nsec == cached.marker.st_mtim.tv_nsec)
		return folder;
	close(folder);
	return -1;
}

static void
set_cache(const TeThumbnailFolders *folders, const struct stat *marker)
{
	char	   *dir = MemoryContextStrdup(TopMemoryContext, te_thumbnail_dir);

	if (cached.dir != NULL)
		pfree(cached.dir);
	cached.dir = dir;
	cached.folders = *folders;
	cached.marker = *marker;
	cached.noted = false;
	cached.changes++;
}

uint32
te_thumbnail_folder_changes(void)
{
	return cached.changes;
}

const TeThumbnailFolders *
te_thumbnail_folders(void)
{
	static TeThumbnailFolders folders;
	struct stat marker = {0};
	char		own[TE_FOLDER_NAME_SIZE];
	int			folder = open_cached();

	if (folder >= 0)
	{
		close(folder);
		return &cached.folders;
	}
	examine_folders(&folders, &marker);
	if (folders.state == TE_FOLDER_OURS)
		set_cache(&folders, &marker);
	else if (folders.state == TE_FOLDER_NEW || folders.state == TE_FOLDER_UNMARKED)
	{
		char		plain[TE_FOLDER_NAME_SIZE];

		plain_folder_name(plain);
		own_folder_name(own);
		if (te_thumbnail_folder_is_noted(plain) || te_thumbnail_folder_is_noted(own))
		{
			folders.state = TE_FOLDER_LOST;
			folders.count = 0;
		}
	}
	return &folders;
}

/* --- creating */

/* Create a folder unless it exists, with our marker.  0 or an errno. */
static int
create_folder(const char *name, bool replace)
{
	return te_thumbnail_marked_folder_create(name, te_thumbnail_marker_of_database(), replace);
}

pg_noreturn static void
report_lost(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg("thumbnail folder \"%s/%u\" of this database or its file \"" TE_MARKER "\" is missing", te_thumbnail_dir, MyDatabaseId),
			 errdetail("This database has written thumbnails there before."),
			 errhint("Mount the file system of \"thumbexif.thumbnail_dir\" if it is not mounted. If the folder was emptied or moved on purpose, " CLAIM_HINT ".")));
}

int
te_thumbnail_folder_open(char name[TE_FOLDER_NAME_SIZE])
{
	for (int i = 0; i < MAX_TRIES; i++)
	{
		const TeThumbnailFolders *folders;
		int			folder = cached.noted ? open_cached() : -1;
		int			err = 0;

		if (folder >= 0)
		{
			strlcpy(name, cached.folders.name[0], TE_FOLDER_NAME_SIZE);
			return folder;
		}
		folders = te_thumbnail_folders();
		switch (folders->state)
		{
			case TE_FOLDER_OURS:
				cached.noted = cached.noted || te_thumbnail_folder_note(cached.folders.name[0], false);
				folder = open_cached();
				if (folder < 0)
					break;
				strlcpy(name, cached.folders.name[0], TE_FOLDER_NAME_SIZE);
				return folder;
			case TE_FOLDER_NEW:
			case TE_FOLDER_UNMARKED:
				plain_folder_name(name);
				err = create_folder(name, false);
				break;
			case TE_FOLDER_FOREIGN:
				own_folder_name(name);
				err = create_folder(name, false);
				break;
			case TE_FOLDER_LOST:
				report_lost();
			case TE_FOLDER_TROUBLE:
				te_thumbnail_io_failed(folders->err);
		}
		/* another session may have been faster */
		if (err != 0 && err != EEXIST)
			te_thumbnail_io_failed(err);
	}
	te_thumbnail_io_failed(EAGAIN);
}

void
te_thumbnail_folders_warn(void)
{
	const TeThumbnailFolders *folders = te_thumbnail_folders();

	if (!folders->foreign && folders->state != TE_FOLDER_LOST && folders->state != TE_FOLDER_TROUBLE)
		return;
	if (folders->state == TE_FOLDER_TROUBLE)
	{
		errno = folders->err;
		ereport(WARNING,
				(errcode_for_file_access(),
				 errmsg("could not use the thumbnail folder \"%s\": %m", te_thumbnail_dir),
				 errdetail("No thumbnail files were removed."),
				 errhint("Check the folder \"thumbexif.thumbnail_dir\" and its file system.")));
	}
	else
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no thumbnail files were removed from folder \"%s/%u\"", te_thumbnail_dir, MyDatabaseId),
				 folders->state == TE_FOLDER_LOST ?
				 errdetail("This database has written thumbnails there before, and the folder or its file \"" TE_MARKER "\" is missing.") :
				 errdetail("The folder belongs to another server, or to another copy of this one."),
				 folders->state == TE_FOLDER_LOST ?
				 errhint("Mount the file system if it is not mounted. If the folder was emptied or moved on purpose, " CLAIM_HINT ".") :
				 errhint("If that server will not use it again, " CLAIM_HINT ".")));
}

const TeThumbnailFolders *
te_thumbnail_folders_to_clean(bool dry_run)
{
	const TeThumbnailFolders *folders = te_thumbnail_folders();
	int			err = 0;

	if (folders->state == TE_FOLDER_UNMARKED && !dry_run)
	{
		err = create_folder(folders->name[0], false);
		folders = te_thumbnail_folders();
	}
	if (err != 0 && err != EEXIST)
		te_thumbnail_io_failed(err);
	if (folders->state == TE_FOLDER_OURS || folders->state == TE_FOLDER_NEW || folders->state == TE_FOLDER_UNMARKED)
		return folders;
	return NULL;
}

void
te_thumbnail_folder_check(void)
{
	const TeThumbnailFolders *folders = te_thumbnail_folders();

	if (folders->state == TE_FOLDER_LOST)
		report_lost();
	if (folders->state == TE_FOLDER_TROUBLE)
		te_thumbnail_io_failed(folders->err);
}

char *
te_thumbnail_folder_claim(void)
{
	char		name[TE_FOLDER_NAME_SIZE];
	const TeThumbnailFolders *folders = te_thumbnail_folders();

	plain_folder_name(name);
	if (folders->state != TE_FOLDER_OURS || strcmp(folders->name[0], name) != 0)
	{
		int			err = create_folder(name, true);

		if (err != 0)
			te_thumbnail_io_failed(err);
	}
	(void) te_thumbnail_folder_note(name, true);
	return psprintf("%s/%s", te_thumbnail_base_path(), name);
}
