/*
 * thumbnail_dropped.c
 *		Removes the thumbnail folders of dropped databases.
 *
 * A folder is considered only if it has this server's marker for the database in its name.  The database is dropped if
 * pg_database has no such entry while we hold a lock on it that every connection to a database takes: no session is or
 * can get connected to it, even if a database with the same OID is just being created.
 *
 * Databases that were copied from a dropped one (TEMPLATE, a restored dump) may still name its files.  They cannot all
 * be checked, so this is not part of thumbexif_clean() but a function of its own.
 */
#include "postgres.h"

#include <ctype.h>
#include <fcntl.h>
#include <unistd.h>

#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "storage/lock.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "pg/base/guc.h"
#include "thumbnail_folder_note.h"
#include "thumbnail_marker.h"
#include "thumbnail_path.h"
#include "thumbnail_sweep.h"

#define HASH_DIGITS 16

typedef struct DroppedRemoval
{
	bool		dry_run;
	int64		files;
} DroppedRemoval;

/* The names in a folder, a palloc'd list of palloc'd strings. */
static List *
list_names(const char *path)
{
	DIR		   *folder = te_thumbnail_open_folder(path);
	struct dirent *entry;
	List	   *volatile names = NIL;

	if (folder == NULL)
		return NIL;
	PG_TRY();
	{
		while ((entry = readdir(folder)) != NULL)
		{
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				names = lappend(names, pstrdup(entry->d_name));
		}
	}
	PG_FINALLY();
	{
		closedir(folder);
	}
	PG_END_TRY();
	return names;
}

static int
open_base(void)
{
	int			base = te_thumbnail_open_base();

	if (base < 0)
		te_thumbnail_io_failed(errno);
	return base;
}

/* Parse the name of a database's folder, "<oid>" or "<oid>-<hash>".  False if it is something else. */
static bool
parse_folder_name(const char *name, Oid *database)
{
	size_t		digits = strspn(name, "0123456789");
	const char *rest = name + digits;

	if (digits == 0 || digits > 10 || name[0] == '0')
		return false;
	*database = (Oid) strtoul(name, NULL, 10);
	return rest[0] == '\0' ||
		(rest[0] == '-' && strspn(rest + 1, "0123456789abcdef") == HASH_DIGITS && rest[1 + HASH_DIGITS] == '\0');
}

static bool
has_our_marker(const char *name, Oid database)
{
	int			base = open_base();
	int			folder = te_thumbnail_open(base, name, O_PATH | O_DIRECTORY, 0);
	TeThumbnailMarker marker;
	bool		ours = false;

	close(base);
	if (folder >= 0)
	{
		ours = te_thumbnail_marker_read(folder, &marker) == 1 && te_thumbnail_marker_is_ours(&marker, database);
		close(folder);
	}
	return ours;
}

static bool
database_exists(Oid database)
{
	AcceptInvalidationMessages();
	return SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database));
}

/* Unlink, or in a dry run only count, the thumbnails in a folder. */
static void
remove_leaf_files(const char *path, void *arg)
{
	DroppedRemoval *removal = arg;
	List	   *names = list_names(path);
	ListCell   *cell;
	int			base;
	int			folder;
	int			err = 0;

	CHECK_FOR_INTERRUPTS();
	base = open_base();
	folder = te_thumbnail_open(base, path, O_PATH | O_DIRECTORY, 0);
	close(base);
	foreach(cell, names)
	{
		uint64		xid;

		if (folder < 0 || err != 0 || !te_thumbnail_parse(lfirst(cell), &xid))
			continue;
		if (removal->dry_run || unlinkat(folder, lfirst(cell), 0) == 0)
			removal->files++;
		else if (!te_thumbnail_is_absence(errno))
			err = errno;
	}
	if (folder >= 0)
		close(folder);
	list_free_deep(names);
	if (err != 0)
		te_thumbnail_io_failed(err);
}

/* Remove the folder of a database with its marker, if it contains nothing else. */
static void
remove_database_folder(const char *name)
{
	List	   *names = list_names(name);
	ListCell   *cell;
	bool		only_ours = true;
	int			base;
	int			folder;

	foreach(cell, names)
		only_ours = only_ours && strncmp(lfirst(cell), TE_MARKER, strlen(TE_MARKER)) == 0;
	if (!only_ours)
		return;
	base = open_base();
	folder = te_thumbnail_open(base, name, O_PATH | O_DIRECTORY, 0);
	if (folder >= 0)
	{
		foreach(cell, names)
			(void) unlinkat(folder, lfirst(cell), 0);
		close(folder);
	}
	(void) unlinkat(base, name, AT_REMOVEDIR);
	close(base);
}

/* Unlink or count the thumbnails in the folder of a dropped database. */
static void
remove_database_files(const char *name, DroppedRemoval *removal)
{
	List	   *attachments = list_names(name);
	ListCell   *cell;

	foreach(cell, attachments)
	{
		const char *number = lfirst(cell);
		char		top[TE_FOLDER_PATH_SIZE];

		if (strspn(number, "0123456789") != strlen(number) || strlen(number) > 10)
			continue;
		snprintf(top, sizeof(top), "%s/%s", name, number);
		te_thumbnail_each_leaf(top, remove_leaf_files, removal);
		if (!removal->dry_run)
			(void) te_thumbnail_remove_folders(top);
	}
	list_free_deep(attachments);
	if (!removal->dry_run)
		remove_database_folder(name);
}

/* Is it the folder of a dropped database of this server?  Only final if the database is locked. */
static bool
is_dropped(const char *name, Oid *database)
{
	return parse_folder_name(name, database) && *database != MyDatabaseId && !database_exists(*database) && has_our_marker(name, *database);
}

static void
warn_database_is_copy(const char *name)
{
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("thumbnail folder \"%s/%s\" of a dropped database was left alone", te_thumbnail_dir, name),
			 errdetail("This database was made from the dropped one, and its rows may name files there."),
			 errhint("When they no longer do, call thumbexif_clean_dropped() in another database.")));
}

int64
te_thumbnail_clean_dropped(bool dry_run)
{
	DroppedRemoval removal = {.dry_run = dry_run};
	List	   *names = list_names(".");
	ListCell   *cell;

	(void) te_server_id();		/* may throw, so call it before a folder is open */
	foreach(cell, names)
	{
		const char *name = lfirst(cell);
		Oid			database;
		LOCKTAG		tag;

		if (!is_dropped(name, &database))
			continue;
		if (te_thumbnail_folder_is_noted(name))
		{
			warn_database_is_copy(name);
			continue;
		}
		SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, database, 0);
		if (LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
			continue;
		/* check again, now under the lock */
		if (is_dropped(name, &database))
			remove_database_files(name, &removal);
		LockRelease(&tag, ExclusiveLock, false);
	}
	list_free_deep(names);
	return removal.files;
}

bool
te_thumbnail_any_dropped(void)
{
	List	   *names = list_names(".");
	ListCell   *cell;
	bool		any = false;

	(void) te_server_id();
	foreach(cell, names)
	{
		Oid			database;

		any = any || is_dropped(lfirst(cell), &database);
	}
	list_free_deep(names);
	return any;
}
