/*
 * version_1_0.c
 *		C functions that only the SQL objects of version 1.0 refer to.
 *
 * These objects exist until ALTER EXTENSION UPDATE is run with the new library.  Without these
 * functions a call would fail because the symbol is not found, and version 1.0 could not be
 * installed to be updated.
 */
#include "postgres.h"

#include "fmgr.h"

#include "pg/base/extension.h"
#include "pg/compat.h"

#define REMOVED_FUNCTION(name) \
PG_FUNCTION_INFO_V1(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return throw_removed(fcinfo); \
}

/* te_extension_get() raises the ERROR about the version; after the update only a function outside of the extension gets further. */
static Datum
throw_removed(FunctionCallInfo fcinfo)
{
	TeExtension extension;

	te_extension_get(&extension);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("function %u belongs to an earlier version of extension \"thumbexif\"", fcinfo->flinfo->fn_oid),
			 errhint("Drop it and call the extension's function of that name.")));
}

REMOVED_FUNCTION(thumbexif_enqueue)
REMOVED_FUNCTION(thumbexif_retry)
REMOVED_FUNCTION(thumbexif_retry_all)
REMOVED_FUNCTION(thumbexif_process)
REMOVED_FUNCTION(thumbexif_process_session)
REMOVED_FUNCTION(thumbexif_rows)
