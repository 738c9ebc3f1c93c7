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

/* The first arguments about the row before and after the change. */
#define OLD_STATE	0
#define NEW_STATE	5

/* The hash of an argument with settings; 0 for NULL. */
static int64
settings_argument(FunctionCallInfo fcinfo, int argument)
{
	text	   *settings;

	if (PG_ARGISNULL(argument))
		return 0;
	settings = PG_GETARG_TEXT_PP(argument);
	return te_count_settings_hash(VARDATA_ANY(settings), VARSIZE_ANY_EXHDR(settings));
}

/* The five arguments about one state row. */
static void
state_arguments(FunctionCallInfo fcinfo, int first, TeCountedState *state)
{
	*state = (TeCountedState) {.status = PG_ARGISNULL(first + 1) ? -1 : te_count_status(PG_GETARG_OID(first + 1))};
	if (state->status < 0)
		return;
	state->attachment = PG_GETARG_INT32(first);
	if (state->status == TE_ASSET_DONE)
		state->settings = (TeCountSettings) {settings_argument(fcinfo, first + 3), settings_argument(fcinfo, first + 4)};
}

/*
 * thumbexif_count_change(old_attachment integer, old_status thumbexif_asset_status, old_finished_at timestamptz,
 *		old_thumbnail_settings text, old_exif_settings text, new_attachment, new_status, new_finished_at,
 *		new_thumbnail_settings, new_exif_settings) RETURNS boolean
 */
Datum
thumbexif_count_change(PG_FUNCTION_ARGS)
{
	TeCountedState before;
	TeCountedState after;

	state_arguments(fcinfo, OLD_STATE, &before);
	state_arguments(fcinfo, NEW_STATE, &after);
	te_count_state_changed(&before, &after);

	/* of an inserted state it is not known when this database finished it: it may come from a dump */
	if (before.status >= 0 && after.status >= 0 && !PG_ARGISNULL(NEW_STATE + 2) &&
		(PG_ARGISNULL(OLD_STATE + 2) || PG_GETARG_TIMESTAMPTZ(OLD_STATE + 2) != PG_GETARG_TIMESTAMPTZ(NEW_STATE + 2)))
		te_count_finished(after.attachment, PG_GETARG_TIMESTAMPTZ(NEW_STATE + 2));
	PG_RETURN_BOOL(false);
}

/* thumbexif_counted() RETURNS trigger */
Datum
thumbexif_counted(PG_FUNCTION_ARGS)
{
	elog(ERROR, "a trigger was called whose condition is never true");
	PG_RETURN_NULL();
}
