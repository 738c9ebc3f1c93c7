/*
 * asset_state.c
 *		What triggers, attach and the queue functions do to state rows.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"

#include "asset_state.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"

/* So many changes of one asset within one transaction get versions of their own. */
#define VERSION_SHIFT	20

int64
te_asset_state_new_version(void)
{
	return (int64) (U64FromFullTransactionId(GetTopFullTransactionId()) << VERSION_SHIFT);
}

/* Run a statement about one attachment ($1) with the extension's rights. */
static void
run(const char *sql, int attachment)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment);
	te_sql_as_extension(sql, &args);
}

void
te_asset_state_delete_all(int attachment, bool keep_files)
{
	const char *asset = te_internal_name("thumbexif_asset");

	if (keep_files)
		run(psprintf("DELETE FROM %s WHERE attachment = $1", asset), attachment);
	else
		run(psprintf("WITH gone AS (DELETE FROM %s WHERE attachment = $1 RETURNING file) "
					 "INSERT INTO %s (attachment, file) SELECT $1, file FROM gone WHERE file IS NOT NULL",
					 asset, te_internal_name("thumbexif_removal")),
			attachment);
}

void
te_asset_state_forget(int attachment)
{
	te_asset_state_delete_all(attachment, false);
	run(psprintf("INSERT INTO %s VALUES ($1)", te_internal_name("thumbexif_dropped")), attachment);
	run(psprintf("DELETE FROM %s WHERE attachment = $1", te_internal_name("thumbexif_attachment")), attachment);
}
