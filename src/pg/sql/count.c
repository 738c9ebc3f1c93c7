/*
 * count.c
 *		The triggers of the state tables, which keep the numbers of assets by status.
 *
 * The condition of the triggers counts: see sql/13-counts.sql.
 */
#include "postgres.h"

#include "fmgr.h"

#include "pg/catalog/asset_count.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_count_change);
PG_FUNCTION_INFO_V1(thumbexif_counted);

/*
 * thumbexif_count_change(old_attachment integer, old_status thumbexif_asset_status, old_finished_at timestamptz,
 *		new_attachment, new_status, new_finished_at) RETURNS boolean
 */
Datum
thumbexif_count_change(PG_FUNCTION_ARGS)
{
	int			old_status = PG_ARGISNULL(1) ? -1 : te_count_status(PG_GETARG_OID(1));
	int			new_status = PG_ARGISNULL(4) ? -1 : te_count_status(PG_GETARG_OID(4));

	te_count_state_changed(PG_ARGISNULL(0) ? 0 : PG_GETARG_INT32(0), old_status,
						   PG_ARGISNULL(3) ? 0 : PG_GETARG_INT32(3), new_status);

	/* of an inserted state it is not known when this database finished it: it may come from a dump */
	if (old_status >= 0 && new_status >= 0 && !PG_ARGISNULL(5) &&
		(PG_ARGISNULL(2) || PG_GETARG_TIMESTAMPTZ(2) != PG_GETARG_TIMESTAMPTZ(5)))
		te_count_finished(PG_GETARG_INT32(3), PG_GETARG_TIMESTAMPTZ(5));
	PG_RETURN_BOOL(false);
}

/* thumbexif_counted() RETURNS trigger */
Datum
thumbexif_counted(PG_FUNCTION_ARGS)
{
	elog(ERROR, "a trigger was called whose condition is never true");
	PG_RETURN_NULL();
}
