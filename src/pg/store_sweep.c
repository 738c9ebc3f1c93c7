/*
 * store_sweep.c
 *		Finding and removing thumbnail files that nothing names any more.
 *
 * A crash, or a rolled-back prepared transaction, leaves files behind.  All of an
 * attachment's names are read into a tuplestore, so that memory stays bounded however
 * many there are, and compared with the states by one anti-join; an asset whose key has
 * changed keeps its file, so the key in a name says nothing.
 *
 * Why that is safe: a file whose transaction is below the snapshot's horizon is
 * named in that snapshot if it is ever to be named at all.  What is listed for removal is
 * left to that list: its transaction may not be on disk yet.
 */
#include "postgres.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "extension.h"
#include "store_path.h"
#include "store_sweep.h"

#define AT_ONCE		1000		/* names in memory */
#define FOLDERS		256			/* "00" to "ff" */
#define FOLDER_PATH	24			/* "<attachment>/ab/cd" with its NUL */

typedef struct Sweep
{
	int			attachment;
	uint64		horizon;
	Tuplestorestate *names;
	TupleDesc	desc;
} Sweep;

/* Open a folder to be read; NULL if there is none of ours.  ERROR on other trouble, with nothing left open. */
static DIR *
open_folder(const char *path)
{
	int			root = te_store_open_root(false);
	int			fd;
	DIR		   *folder;
	int			err;

	if (root < 0)
	{
		if (errno == ENOENT)
			return NULL;
		te_store_throw(errno);
	}
	fd = te_store_open(root, path, O_RDONLY | O_DIRECTORY, 0);
	err = errno;
	close(root);
	if (fd < 0)
	{
		if (te_store_is_absence(err))
			return NULL;
		te_store_throw(err);
	}
	folder = fdopendir(fd);
	if (folder == NULL)
	{
		err = errno;
		close(fd);
		te_store_throw(err);
	}
	return folder;
}

/* Which folders of two hex digits are in a folder? */
static void
list_folders(const char *path, bool *present)
{
	DIR		   *folder = open_folder(path);
	struct dirent *entry;

	memset(present, 0, FOLDERS);
	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		if (strlen(entry->d_name) == 2 && strspn(entry->d_name, "0123456789abcdef") == 2)
			present[strtol(entry->d_name, NULL, 16)] = true;
	closedir(folder);
}

/* Put the names of one folder's files that are old enough into the tuplestore. */
static void
read_names(const Sweep *sweep, int upper, int lower)
{
	char		path[FOLDER_PATH];
	DIR		   *folder;
	struct dirent *entry;

	snprintf(path, sizeof(path), "%d/%02x/%02x", sweep->attachment, upper, lower);
	folder = open_folder(path);
	if (folder == NULL)
		return;
	PG_TRY();
	{
		while ((entry = readdir(folder)) != NULL)
		{
			char		name[TE_STORE_NAME];
			uint64		xid;
			Datum		value;
			bool		isnull = false;

			CHECK_FOR_INTERRUPTS();
			if (!te_store_parse(entry->d_name, &xid) || xid >= sweep->horizon)
				continue;
			snprintf(name, sizeof(name), "%02x/%02x/%s", upper, lower, entry->d_name);
			value = CStringGetTextDatum(name);
			tuplestore_putvalues(sweep->names, sweep->desc, &value, &isnull);
			pfree(DatumGetPointer(value));
		}
	}
	PG_FINALLY();
	{
		closedir(folder);
	}
	PG_END_TRY();
}

static void
read_all_names(const Sweep *sweep)
{
	bool		upper[FOLDERS];
	bool		lower[FOLDERS];
	char		path[FOLDER_PATH];

	snprintf(path, sizeof(path), "%d", sweep->attachment);
	list_folders(path, upper);
	for (int i = 0; i < FOLDERS; i++)
	{
		if (!upper[i])
			continue;
		snprintf(path, sizeof(path), "%d/%02x", sweep->attachment, i);
		list_folders(path, lower);
		for (int j = 0; j < FOLDERS; j++)
			if (lower[j])
				read_names(sweep, i, j);
	}
}

/* Let SPI know the tuplestore as a relation "thumbexif_file" with one column "file". */
static void
register_names(Sweep *sweep)
{
	EphemeralNamedRelation relation = palloc0(sizeof(EphemeralNamedRelationData));

	relation->md.name = "thumbexif_file";
	relation->md.reliddesc = InvalidOid;
	relation->md.tupdesc = sweep->desc;
	relation->md.enrtype = ENR_NAMED_TUPLESTORE;
	relation->md.enrtuples = tuplestore_tuple_count(sweep->names);
	relation->reldata = sweep->names;
	if (SPI_register_relation(relation) != SPI_OK_REL_REGISTER)
		elog(ERROR, "could not register the names of files");
}

/* Unlink the files the query's rows (in SPI_tuptable) name.  An interrupt ends it early. */
static int64
unlink_rows(int attachment)
{
	char	   *names[AT_ONCE];
	int			count = (int) SPI_processed;
	int64		removed = 0;
	int			root;
	int			err = 0;

	for (int i = 0; i < count; i++)
		names[i] = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
	root = te_store_open_root(false);
	if (root < 0)
		te_store_throw(errno);
	for (int i = 0; i < count && err == 0 && !InterruptPending; i++)
	{
		int			result = te_store_unlink(root, attachment, names[i]);

		if (result < 0)
			err = errno;
		else
			removed += result;
	}
	close(root);
	if (err != 0)
		te_store_throw(err);
	for (int i = 0; i < count; i++)
		pfree(names[i]);
	CHECK_FOR_INTERRUPTS();
	return removed;
}

/* Compare the names with what is named, and remove or count the rest. */
static int64
remove_unnamed(const Sweep *sweep, bool dry_run)
{
	char	   *sql = psprintf("SELECT f.file FROM thumbexif_file f "
							   "WHERE NOT EXISTS (SELECT FROM %s s WHERE s.attachment = $1 AND s.file = f.file) "
							   "AND NOT EXISTS (SELECT FROM %s r WHERE r.attachment = $1 AND r.file = f.file)",
							   te_our("thumbexif_asset"), te_our("thumbexif_removal"));
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(sweep->attachment);
	Portal		cursor = SPI_cursor_open_with_args(NULL, sql, 1, &type, &value, NULL, true, 0);
	int64		total = 0;

	for (;;)
	{
		SPI_cursor_fetch(cursor, true, AT_ONCE);
		if (SPI_processed == 0)
			break;
		total += dry_run ? (int64) SPI_processed : unlink_rows(sweep->attachment);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(cursor);
	return total;
}

int64
te_store_sweep(int attachment, uint64 horizon, bool dry_run)
{
	Sweep		sweep = {.attachment = attachment, .horizon = horizon};
	int64		total = 0;

	sweep.names = tuplestore_begin_heap(false, false, work_mem);
	sweep.desc = CreateTemplateTupleDesc(1);
	TupleDescInitEntry(sweep.desc, 1, "file", TEXTOID, -1, 0);
	read_all_names(&sweep);

	if (tuplestore_tuple_count(sweep.names) > 0)
	{
		register_names(&sweep);
		total = remove_unnamed(&sweep, dry_run);
		SPI_unregister_relation("thumbexif_file");
	}
	tuplestore_end(sweep.names);
	return total;
}

/* rmdir a folder, by its name in another one.  False if it is still there. */
static bool
remove_folder(const char *parent, const char *name)
{
	int			root = te_store_open_root(false);
	int			folder;
	bool		gone;

	if (root < 0)
		return false;
	folder = te_store_open(root, parent, O_PATH | O_DIRECTORY, 0);
	gone = (folder >= 0 && unlinkat(folder, name, AT_REMOVEDIR) == 0) || errno == ENOENT;
	if (folder >= 0)
		close(folder);
	close(root);
	return gone;
}

bool
te_store_remove_folders(int attachment)
{
	bool		upper[FOLDERS];
	bool		lower[FOLDERS];
	char		top[FOLDER_PATH];
	char		path[FOLDER_PATH];
	char		name[8];

	snprintf(top, sizeof(top), "%d", attachment);
	list_folders(top, upper);
	for (int i = 0; i < FOLDERS; i++)
	{
		if (!upper[i])
			continue;
		snprintf(path, sizeof(path), "%d/%02x", attachment, i);
		list_folders(path, lower);
		for (int j = 0; j < FOLDERS; j++)
		{
			snprintf(name, sizeof(name), "%02x", j);
			if (lower[j])
				(void) remove_folder(path, name);
		}
		snprintf(name, sizeof(name), "%02x", i);
		(void) remove_folder(top, name);
	}
	return remove_folder(".", top);
}
