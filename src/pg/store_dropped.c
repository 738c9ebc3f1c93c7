/*
 * store_dropped.c
 *		Folders that databases which were dropped have left in thumbnail_dir.
 *
 * A folder is looked at only if it carries this server's marker for the database it is named after.  Its database is gone
 * if there is no such entry in pg_database while we hold a lock that everybody who connects to a database needs: nobody
 * is connected to it then and nobody can be, also should one with the same OID be created just now.
 *
 * Databases that were made from a dropped one (TEMPLATE, a restored dump) may go on naming its files.  Nobody can ask them
 * all, so this is not part of thumbexif_clean(), but done only when the administrator asks for it.
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

#include "guc.h"
#include "store_marker.h"
#include "store_note.h"
#include "store_path.h"
#include "store_sweep.h"

#define HASH_DIGITS 16

typedef struct Removal
{
	bool		dry_run;
	int64		files;
} Removal;

/* The names in a folder, palloc'd. */
static List *
names_in(const char *path)
{
	DIR		   *folder = te_store_open_folder(path);
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
	int			base = te_store_open_base();

	if (base < 0)
		te_store_throw(errno);
	return base;
}

/* Is it the name of a database's folder: "<oid>" or "<oid>-<hash>"? */
static bool
parse_name(const char *name, Oid *database)
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
	int			folder = te_store_open(base, name, O_PATH | O_DIRECTORY, 0);
	TeMarker	marker;
	bool		ours = false;

	close(base);
	if (folder >= 0)
	{
		ours = te_marker_read(folder, &marker) == 1 && te_marker_is_ours(&marker, database);
		close(folder);
	}
	return ours;
}

static bool
exists(Oid database)
{
	AcceptInvalidationMessages();
	return SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database));
}

/* Unlink, or only count, the thumbnails in a folder. */
static void
empty_leaf(const char *path, void *arg)
{
	Removal    *removal = arg;
	List	   *names = names_in(path);
	ListCell   *cell;
	int			base;
	int			folder;
	int			err = 0;

	CHECK_FOR_INTERRUPTS();
	base = open_base();
	folder = te_store_open(base, path, O_PATH | O_DIRECTORY, 0);
	close(base);
	foreach(cell, names)
	{
		uint64		xid;

		if (folder < 0 || err != 0 || !te_store_parse(lfirst(cell), &xid))
			continue;
		if (removal->dry_run || unlinkat(folder, lfirst(cell), 0) == 0)
			removal->files++;
		else if (!te_store_is_absence(errno))
			err = errno;
	}
	if (folder >= 0)
		close(folder);
	list_free_deep(names);
	if (err != 0)
		te_store_throw(err);
}

/* Remove the marker and the folder of a database, if nothing else is in it. */
static void
remove_top(const char *name)
{
	List	   *names = names_in(name);
	ListCell   *cell;
	bool		only_ours = true;
	int			base;
	int			folder;

	foreach(cell, names)
		only_ours = only_ours && strncmp(lfirst(cell), TE_MARKER, strlen(TE_MARKER)) == 0;
	if (!only_ours)
		return;
	base = open_base();
	folder = te_store_open(base, name, O_PATH | O_DIRECTORY, 0);
	foreach(cell, names)
		if (folder >= 0)
			(void) unlinkat(folder, lfirst(cell), 0);
	if (folder >= 0)
		close(folder);
	(void) unlinkat(base, name, AT_REMOVEDIR);
	close(base);
}

/* All that is in the folder of a dropped database. */
static void
empty_database(const char *name, Removal *removal)
{
	List	   *attachments = names_in(name);
	ListCell   *cell;

	foreach(cell, attachments)
	{
		const char *number = lfirst(cell);
		char		top[TE_FOLDER_PATH];

		if (strspn(number, "0123456789") != strlen(number) || strlen(number) > 10)
			continue;
		snprintf(top, sizeof(top), "%s/%s", name, number);
		te_store_each_leaf(top, empty_leaf, removal);
		if (!removal->dry_run)
			(void) te_store_remove_folders(top);
	}
	list_free_deep(attachments);
	if (!removal->dry_run)
		remove_top(name);
}

/* Is it the folder of a database of this server that is no more, going by a look without a lock? */
static bool
is_left(const char *name, Oid *database)
{
	return parse_name(name, database) && *database != MyDatabaseId && !exists(*database) && has_our_marker(name, *database);
}

/* This database is a copy of the dropped one and may name its files. */
static void
warn_copy(const char *name)
{
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("thumbnail folder \"%s/%s\" of a dropped database was left alone", te_thumbnail_dir, name),
			 errdetail("This database was made from the dropped one, and its rows may name files there."),
			 errhint("Once they do not any more, call thumbexif_clean_dropped() in another database.")));
}

int64
te_store_clean_dropped(bool dry_run)
{
	Removal		removal = {.dry_run = dry_run};
	List	   *names = names_in(".");
	ListCell   *cell;

	(void) te_server_id();		/* may throw: not with a folder open */
	foreach(cell, names)
	{
		const char *name = lfirst(cell);
		Oid			database;
		LOCKTAG		tag;

		if (!is_left(name, &database))
			continue;
		if (te_folder_is_noted(name))
		{
			warn_copy(name);
			continue;
		}
		SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, database, 0);
		if (LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
			continue;
		/* only now does it stay as it is */
		if (is_left(name, &database))
			empty_database(name, &removal);
		LockRelease(&tag, ExclusiveLock, false);
	}
	list_free_deep(names);
	return removal.files;
}

bool
te_store_any_dropped(void)
{
	List	   *names = names_in(".");
	ListCell   *cell;
	bool		any = false;

	(void) te_server_id();
	foreach(cell, names)
	{
		Oid			database;

		any = any || is_left(lfirst(cell), &database);
	}
	list_free_deep(names);
	return any;
}
