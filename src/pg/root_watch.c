/*
 * root_watch.c
 *		Is a root folder really there, or has its mount gone?
 *
 * What this process knows of the roots' devices is kept in a small list and compared
 * with the table thumbexif_root only when something does not fit: another process may have found files on a new
 * device meanwhile.
 */
#include "postgres.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "extension.h"
#include "root_watch.h"
#include "run_as.h"

typedef struct Root
{
	char	   *name;
	int64		device;			/* files were last found on */
	bool		saved;			/* so in the table */
	bool		saving;			/* saved, but not committed yet */
} Root;

static List *roots = NIL;		/* of Root *, in TopMemoryContext */

static Root *
find_root(const char *name)
{
	ListCell   *cell;

	foreach(cell, roots)
	{
		Root	   *root = lfirst(cell);

		if (strcmp(root->name, name) == 0)
			return root;
	}
	return NULL;
}

static void
remember(const char *name, int64 device, bool saved)
{
	Root	   *root = find_root(name);

	if (root == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

		root = palloc0(sizeof(Root));
		root->name = pstrdup(name);
		roots = lappend(roots, root);
		MemoryContextSwitchTo(caller);
	}
	root->device = device;
	root->saved = saved;
}

/* --- the table */

/* Run one statement on our table; %s stands for its name.  Returns the rows it gave or changed. */
static uint64
execute(const char *format, int nargs, Datum *values)
{
	static Oid	types[] = {TEXTOID, INT8OID};	/* root, device */
	char	   *statement = psprintf(format, te_our("thumbexif_root"));
	TeRunAs		save;

	te_run_as_extension(&save);
	if (SPI_execute_with_args(statement, nargs, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not use the table of image folders");
	te_run_as_end(&save);
	return SPI_processed;
}

/* The device in the table.  False if it has none for this root. */
static bool
load_device(const char *name, int64 *device)
{
	bool		own_transaction = !IsTransactionState();
	TeExtension extension;
	Datum		root = CStringGetTextDatum(name);
	bool		found = false;

	if (own_transaction)
		StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (te_extension_find(&extension))
	{
		SPI_connect();
		if (execute("SELECT device FROM %s WHERE root = $1", 1, &root) > 0)
		{
			bool		isnull;

			*device = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
												  SPI_tuptable->tupdesc, 1, &isnull));
			found = true;
		}
		SPI_finish();
	}
	PopActiveSnapshot();
	if (own_transaction)
		CommitTransactionCommand();
	return found;
}

/* What was rolled back is not in the table: it is to be saved again. */
static void
end_saving(bool committed)
{
	ListCell   *cell;

	foreach(cell, roots)
	{
		Root	   *root = lfirst(cell);

		if (root->saving && !committed)
			root->saved = false;
		root->saving = false;
	}
}

static void
on_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT)
		end_saving(event == XACT_EVENT_COMMIT);
}

static void
on_subtransaction_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		end_saving(false);		/* saving once too often does no harm */
}

void
te_root_save(void)
{
	static bool registered = false;
	ListCell   *cell;

	if (!registered)
	{
		RegisterXactCallback(on_transaction_end, NULL);
		RegisterSubXactCallback(on_subtransaction_end, NULL);
		registered = true;
	}
	foreach(cell, roots)
	{
		Root	   *root = lfirst(cell);
		Datum		values[2];

		if (root->saved)
			continue;
		values[0] = CStringGetTextDatum(root->name);
		values[1] = Int64GetDatum(root->device);
		PushActiveSnapshot(GetTransactionSnapshot());
		SPI_connect();
		execute("INSERT INTO %s AS kept (root, device) VALUES ($1, $2) "
				"ON CONFLICT (root) DO UPDATE SET device = EXCLUDED.device, seen = pg_catalog.now() "
				"WHERE kept.device <> EXCLUDED.device",
				2, values);
		SPI_finish();
		PopActiveSnapshot();
		root->saved = root->saving = true;
	}
}

/* --- the folders */

void
te_root_gone(const char *root, int err)
{
	errno = err;
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not open image folder \"%s\": %m", root),
			 errhint("Check that the folder is there and mounted, or change \"thumbexif.image_roots\".")));
}

/* Is there anything in the folder?  True as well if we may not look. */
static bool
has_entries(const char *root, int root_fd)
{
	int			fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR		   *dir;
	struct dirent *entry;
	bool		any = false;
	int			err;

	if (fd < 0)
	{
		if (errno == EACCES || errno == EPERM || errno == EMFILE || errno == ENFILE)
			return true;
		te_root_gone(root, errno);
	}
	dir = fdopendir(fd);
	if (dir == NULL)
	{
		close(fd);
		return true;
	}
	errno = 0;
	while (!any && (entry = readdir(dir)) != NULL)
		any = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	err = errno;
	closedir(dir);
	if (!any && err != 0)
		te_root_gone(root, err);
	return any;
}

void
te_root_check(const char *root, int root_fd)
{
	struct stat st;
	Root	   *known = find_root(root);
	int64		device;

	if (fstat(root_fd, &st) != 0)
		te_root_gone(root, errno);
	if (!has_entries(root, root_fd))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("image folder \"%s\" is empty", root),
				 errhint("An empty folder may be a file system that is not mounted. Mount it, or change \"thumbexif.image_roots\".")));

	if (known && known->device == (int64) st.st_dev)
		return;
	if (!load_device(root, &device))
		return;
	remember(root, device, true);
	if (device != (int64) st.st_dev)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("image folder \"%s\" lies on another device than the images found in it so far", root),
				 errhint("Check that its file system is mounted. The folder is accepted again as soon as an image is found in it.")));
}

void
te_root_found(const char *root, int root_fd)
{
	struct stat st;
	Root	   *known = find_root(root);

	if (fstat(root_fd, &st) != 0)
		return;
	if (known == NULL || known->device != (int64) st.st_dev)
		remember(root, (int64) st.st_dev, false);
}
