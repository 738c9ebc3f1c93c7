/*
 * thumbnail_sweep.c
 *		Finds and removes thumbnail files that nothing refers to.
 *
 * Crashes and rolled-back prepared transactions leave files behind.  All names in the folder of an attachment are read
 * into a tuplestore, which bounds memory, and compared with the states by one anti-join.  The key in a name cannot be
 * used for that, since an asset keeps its file when its key changes.
 *
 * This is safe: if a file was created by a transaction below the horizon of the snapshot and will ever be referenced,
 * then it is referenced in that snapshot.  Files that are listed for removal are left to thumbnail_removal.c, since the
 * commit that listed them may not be flushed yet.
 */
#include "postgres.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "cluster_folder.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "thumbnail_path.h"
#include "thumbnail_sweep.h"

#define BATCH_SIZE	1000		/* names in memory */
#define SUBFOLDERS	256			/* "00" to "ff" */

typedef struct Sweep
{
	const char *folder;
	int			attachment;
	uint64		horizon;
	TeKeepFiles keep;
	Tuplestorestate *names;
	TupleDesc	desc;
} Sweep;

DIR *
te_thumbnail_open_folder(const char *path)
{
	int			base = te_thumbnail_open_base();
	int			fd;
	DIR		   *folder;
	int			err;

	if (base < 0)
		te_thumbnail_io_failed(errno);
	fd = te_thumbnail_open(base, path, O_RDONLY | O_DIRECTORY, 0);
	err = errno;
	close(base);
	if (fd < 0)
	{
		if (te_thumbnail_is_absence(err))
			return NULL;
		te_thumbnail_io_failed(err);
	}
	folder = fdopendir(fd);
	if (folder == NULL)
	{
		err = errno;
		close(fd);
		te_thumbnail_io_failed(err);
	}
	return folder;
}

/* Find the subfolders with names of two hexadecimal digits. */
static void
list_folders(const char *path, bool *present)
{
	DIR		   *folder = te_thumbnail_open_folder(path);
	struct dirent *entry;

	memset(present, 0, SUBFOLDERS);
	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		if (strlen(entry->d_name) == 2 && strspn(entry->d_name, "0123456789abcdef") == 2)
			present[strtol(entry->d_name, NULL, 16)] = true;
	closedir(folder);
}

void
te_thumbnail_each_leaf(const char *top, void (*leaf) (const char *path, void *arg), void *arg)
{
	bool		upper[SUBFOLDERS];
	bool		lower[SUBFOLDERS];
	char		path[TE_FOLDER_PATH_SIZE];

	list_folders(top, upper);
	for (int i = 0; i < SUBFOLDERS; i++)
	{
		if (!upper[i])
			continue;
		snprintf(path, sizeof(path), "%s/%02x", top, i);
		list_folders(path, lower);
		for (int j = 0; j < SUBFOLDERS; j++)
		{
			snprintf(path, sizeof(path), "%s/%02x/%02x", top, i, j);
			if (lower[j])
				leaf(path, arg);
		}
	}
}

/* Put the names of the files in a folder that are below the horizon into the tuplestore. */
static void
read_names(const char *path, void *arg)
{
	const Sweep *sweep = arg;
	const char *leaf = path + strlen(path) - strlen("ab/cd");
	DIR		   *folder = te_thumbnail_open_folder(path);
	struct dirent *entry;

	if (folder == NULL)
		return;
	PG_TRY();
	{
		while ((entry = readdir(folder)) != NULL)
		{
			char		name[TE_THUMBNAIL_NAME_SIZE];
			uint64		xid;
			Datum		value;
			bool		isnull = false;

			CHECK_FOR_INTERRUPTS();
			if (!te_thumbnail_parse(entry->d_name, &xid) || xid >= sweep->horizon)
				continue;
			snprintf(name, sizeof(name), "%s/%s", leaf, entry->d_name);
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

/* Register the tuplestore with SPI as a relation "thumbexif_file" with one column "file". */
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

/* Unlink files.  Stops at an interrupt. */
static int64
unlink_files(const Sweep *sweep, char **names, int count)
{
	int64		removed = 0;
	int			base = te_thumbnail_open_base();
	int			err = 0;

	if (base < 0)
		te_thumbnail_io_failed(errno);
	for (int i = 0; i < count && err == 0 && !InterruptPending; i++)
	{
		int			result = te_thumbnail_unlink(base, sweep->folder, sweep->attachment, names[i]);

		if (result < 0)
			err = errno;
		else
			removed += result;
	}
	close(base);
	if (err != 0)
		te_thumbnail_io_failed(err);
	CHECK_FOR_INTERRUPTS();
	return removed;
}

/* Remove, or in a dry run count, those of the files named in SPI_tuptable that are not to be kept. */
static int64
remove_rows(const Sweep *sweep, bool dry_run)
{
	char	   *names[BATCH_SIZE];
	bool		keep[BATCH_SIZE] = {false};
	int			count = (int) SPI_processed;
	int			n = 0;
	int64		removed;

	for (int i = 0; i < count; i++)
		names[i] = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
	sweep->keep(sweep->attachment, names, count, keep);
	for (int i = 0; i < count; i++)
	{
		if (keep[i])
			pfree(names[i]);
		else
			names[n++] = names[i];
	}
	removed = dry_run ? n : unlink_files(sweep, names, n);
	for (int i = 0; i < n; i++)
		pfree(names[i]);
	return removed;
}

/* The numbers of an attachment and its members, whose states may name files in its folder, as int4[]. */
static Datum
numbers_of(int attachment)
{
	TeArgs		args = {0};
	Datum		numbers;

	te_arg_int4(&args, attachment);
	te_sql_read(psprintf("SELECT array_agg(a.attachment) || $1 FROM %s AS a WHERE a.parent = $1 OR a.folder_shard = -$1", te_internal_name("thumbexif_attachment")), &args);
	numbers = PointerGetDatum(DatumGetArrayTypePCopy(te_out(0, 1)));
	te_sql_free();
	return numbers;
}

/* Remove, or in a dry run count, the files that neither a state nor the removal table names, nor what is to be kept. */
static int64
remove_unnamed(const Sweep *sweep, bool dry_run)
{
	char	   *sql = psprintf("SELECT f.file FROM thumbexif_file f "
							   "WHERE NOT EXISTS (SELECT FROM %s s WHERE s.attachment = ANY ($2) AND s.file = f.file) "
							   "AND NOT EXISTS (SELECT FROM %s t WHERE t.attachment = ANY ($2) AND t.file = f.file) "
							   "AND NOT EXISTS (SELECT FROM %s r WHERE r.attachment = $1 AND r.file = f.file) "
							   "AND NOT EXISTS (SELECT FROM %s l WHERE l.attachment = $1 AND l.file = f.file)",
							   te_internal_name("thumbexif_asset"), te_internal_name("thumbexif_thumbnail"),
							   te_internal_name("thumbexif_removal"), te_internal_name("thumbexif_released"));
	Oid			types[] = {INT4OID, INT4ARRAYOID};
	Datum		values[] = {Int32GetDatum(sweep->attachment), numbers_of(sweep->attachment)};
	Portal		cursor = SPI_cursor_open_with_args(NULL, sql, lengthof(types), types, values, NULL, true, 0);
	int64		total = 0;

	for (;;)
	{
		SPI_cursor_fetch(cursor, true, BATCH_SIZE);
		if (SPI_processed == 0)
			break;
		total += remove_rows(sweep, dry_run);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(cursor);
	return total;
}

static int64
sweep_folder(const char *folder, int attachment, uint64 horizon, TeKeepFiles keep, bool dry_run)
{
	Sweep		sweep = {.folder = folder, .attachment = attachment, .horizon = horizon, .keep = keep};
	char		top[TE_FOLDER_PATH_SIZE];
	int64		total = 0;

	sweep.names = tuplestore_begin_heap(false, false, work_mem);
	sweep.desc = CreateTemplateTupleDesc(1);
	TupleDescInitEntry(sweep.desc, 1, "file", TEXTOID, -1, 0);
	snprintf(top, sizeof(top), "%s/%d", folder, te_folder_number(attachment));
	te_thumbnail_each_leaf(top, read_names, &sweep);

	if (tuplestore_tuple_count(sweep.names) > 0)
	{
		register_names(&sweep);
		total = remove_unnamed(&sweep, dry_run);
		SPI_unregister_relation("thumbexif_file");
	}
	tuplestore_end(sweep.names);
	return total;
}

int64
te_thumbnail_sweep(const char *folder, int attachment, uint64 horizon, TeKeepFiles keep, bool dry_run)
{
	return sweep_folder(folder, attachment, horizon, keep, dry_run);
}

int64
te_thumbnail_sweep_shard(const TeAttachment *shard, uint64 horizon, TeKeepFiles keep, bool dry_run)
{
	char		folder[TE_FOLDER_NAME_SIZE];

	if (!te_cluster_folder_is_usable() || !te_cluster_folder_name(folder))
		return 0;
	return sweep_folder(folder, shard->folder, horizon, keep, dry_run);
}

int64
te_thumbnail_sweep_former(int shard, TeKeepFiles keep, bool dry_run)
{
	char		folder[TE_FOLDER_NAME_SIZE];

	if (!te_cluster_folder_is_usable() || !te_cluster_folder_name(folder))
		return 0;
	return sweep_folder(folder, -shard, PG_UINT64_MAX, keep, dry_run);
}

/* Remove a folder.  False if it still exists. */
static bool
remove_folder(const char *path)
{
	char		parent[TE_FOLDER_PATH_SIZE];
	char	   *name;
	int			base = te_thumbnail_open_base();
	int			folder;
	bool		gone;

	if (base < 0)
		return false;
	strlcpy(parent, path, sizeof(parent));
	name = strrchr(parent, '/');
	*name++ = '\0';
	folder = te_thumbnail_open(base, parent, O_PATH | O_DIRECTORY, 0);
	gone = (folder >= 0 && unlinkat(folder, name, AT_REMOVEDIR) == 0) || errno == ENOENT;
	if (folder >= 0)
		close(folder);
	close(base);
	return gone;
}

static void
remove_leaf(const char *path, void *arg)
{
	(void) remove_folder(path);
}

bool
te_thumbnail_remove_folders(const char *top)
{
	bool		upper[SUBFOLDERS];
	char		path[TE_FOLDER_PATH_SIZE];

	te_thumbnail_each_leaf(top, remove_leaf, NULL);
	list_folders(top, upper);
	for (int i = 0; i < SUBFOLDERS; i++)
	{
		snprintf(path, sizeof(path), "%s/%02x", top, i);
		if (upper[i])
			(void) remove_folder(path);
	}
	return remove_folder(top);
}
