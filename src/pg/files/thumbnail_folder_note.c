/*
 * thumbnail_folder_note.c
 *		The table thumbexif_folder: the folders beneath thumbnail_dir that this database has written to.
 */
#include "postgres.h"

#include "access/xact.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"

#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "thumbnail_folder_note.h"
#include "thumbnail_path.h"

/* Run a statement about a folder ($1 thumbnail_dir, $2 name); %s stands for the table.  Returns the number of rows. */
static uint64
run_for_folder(const char *format, const char *name)
{
	TeArgs		args = {0};
	uint64		rows;

	SPI_connect();
	te_arg_text(&args, te_thumbnail_base_path());
	te_arg_text(&args, name);
	rows = te_sql_as_extension(psprintf(format, te_internal_name("thumbexif_folder")), &args);
	SPI_finish();
	return rows;
}

bool
te_thumbnail_folder_is_noted(const char *name)
{
	return run_for_folder("SELECT FROM %s WHERE thumbnail_dir = $1 AND folder = $2", name) > 0;
}

bool
te_thumbnail_folder_note(const char *name, bool wait)
{
	TeExtension extension;
	Oid			table;

	if (te_thumbnail_folder_is_noted(name))
		return true;
	te_extension_get(&extension);
	table = get_relname_relid("thumbexif_folder", extension.schema);
	/* only sessions that note a folder take this lock */
	if (!wait && (IsolationUsesXactSnapshot() || !ConditionalLockRelationOid(table, ShareUpdateExclusiveLock)))
		return false;
	(void) run_for_folder("INSERT INTO %s (thumbnail_dir, folder) VALUES ($1, $2) ON CONFLICT DO NOTHING", name);
	return true;
}
