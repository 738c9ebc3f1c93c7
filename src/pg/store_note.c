/*
 * store_note.c
 *		The table thumbexif_folder: which folders beneath thumbnail_dir this database has written to.
 */
#include "postgres.h"

#include "access/xact.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"

#include "extension.h"
#include "statement.h"
#include "store_note.h"
#include "store_path.h"

/* Run one statement about a folder ($1 thumbnail_dir, $2 name); %s stands for the table.  How many rows. */
static uint64
about_folder(const char *format, const char *name)
{
	TeArgs		args = {0};
	uint64		rows;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	te_arg_text(&args, te_store_dir());
	te_arg_text(&args, name);
	rows = te_sql_as_extension(psprintf(format, te_our("thumbexif_folder")), &args);
	SPI_finish();
	return rows;
}

bool
te_folder_is_noted(const char *name)
{
	return about_folder("SELECT FROM %s WHERE thumbnail_dir = $1 AND folder = $2", name) > 0;
}

bool
te_folder_note(const char *name, bool wait)
{
	TeExtension extension;
	Oid			table;

	if (te_folder_is_noted(name))
		return true;
	te_extension_get(&extension);
	table = get_relname_relid("thumbexif_folder", extension.schema);
	/* a lock that only others who note something want */
	if (!wait && (IsolationUsesXactSnapshot() || !ConditionalLockRelationOid(table, ShareUpdateExclusiveLock)))
		return false;
	(void) about_folder("INSERT INTO %s (thumbnail_dir, folder) VALUES ($1, $2) ON CONFLICT DO NOTHING", name);
	return true;
}
