/*
 * version_1_0.c
 *		C functions that only the SQL objects of version 1.0, or the update from it, refer to.
 *
 * The former exist until ALTER EXTENSION UPDATE is run with the new library.  Without these
 * functions a call would fail because the symbol is not found, and version 1.0 could not be
 * installed to be updated.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"

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

PG_FUNCTION_INFO_V1(thumbexif_move_rights);

/*
 * thumbexif_move_rights(old regprocedure, new regprocedure) RETURNS void: grant on one function what was granted on
 * another, which the update replaces by it.
 */
Datum
thumbexif_move_rights(PG_FUNCTION_ARGS)
{
	Oid			types[] = {REGPROCEDUREOID, REGPROCEDUREOID};
	Datum		values[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
	uint64		count;

	SPI_connect();
	if (SPI_execute_with_args("SELECT pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %I%s', $2, r.rolname,"
							  " CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)"
							  " FROM pg_catalog.pg_proc AS p, pg_catalog.aclexplode(p.proacl) AS a,"
							  " pg_catalog.pg_roles AS r"
							  " WHERE p.oid OPERATOR(pg_catalog.=) $1 AND r.oid OPERATOR(pg_catalog.=) a.grantee"
							  " AND a.grantee OPERATOR(pg_catalog.<>) p.proowner",
							  lengthof(types), types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the rights on a function");
	count = SPI_processed;
	for (uint64 i = 0; i < count; i++)
	{
		SPITupleTable *rows = SPI_tuptable;

		if (SPI_execute(SPI_getvalue(rows->vals[i], rows->tupdesc, 1), false, 0) != SPI_OK_UTILITY)
			elog(ERROR, "could not grant a right on a function");
		SPI_tuptable = rows;
	}
	SPI_finish();
	PG_RETURN_VOID();
}
