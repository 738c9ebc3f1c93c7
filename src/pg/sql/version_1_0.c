/*
 * version_1_0.c
 *		C functions that only the SQL of earlier versions names.
 *
 * Between a new package and ALTER EXTENSION UPDATE that SQL is still there.  Without these,
 * calls would fail for a symbol that is not found, and the old version could not be installed before an update.
 */
#include "postgres.h"

#include "fmgr.h"

#include "pg/base/extension.h"
#include "pg/compat.h"

#define OLD_FUNCTION(name) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return throw_old(fcinfo); \
}

/* te_extension_get() knows what is to be said. */
static Datum
throw_old(FunctionCallInfo fcinfo)
{
	TeExtension extension;

	te_extension_get(&extension);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("function %u belongs to an earlier version of extension \"thumbexif\"", fcinfo->flinfo->fn_oid),
			 errhint("Drop it, and call the function of that name that the extension has made.")));
}

/* 1.0 */
OLD_FUNCTION(thumbexif_enqueue)
OLD_FUNCTION(thumbexif_retry)
OLD_FUNCTION(thumbexif_retry_all)
OLD_FUNCTION(thumbexif_process)
OLD_FUNCTION(thumbexif_process_session)
OLD_FUNCTION(thumbexif_rows)
