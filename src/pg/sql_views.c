/*
 * sql_views.c
 *		SQL: what the views need to know of users' tables.
 */
#include "postgres.h"

#include "executor/spi.h"

#include "attachment.h"
#include "compat.h"
#include "run_as.h"

PG_FUNCTION_INFO_V1(thumbexif_rows);

/*
 * thumbexif_rows(relation regclass) RETURNS bigint: the rows of an attached table, as
 * its owner sees them, in the calling query's snapshot; NULL if it is not attached.
 */
Datum
thumbexif_rows(PG_FUNCTION_ARGS)
{
	TeAttachment *attachment;
	TeRunAs		save;
	bool		isnull;
	int64		rows;

	attachment = te_attachment_find(PG_GETARG_OID(0));
	if (attachment == NULL)
		PG_RETURN_NULL();

	te_run_as_owner(&save, attachment->owner);
	if (SPI_connect() != SPI_OK_CONNECT ||
		SPI_execute(psprintf("SELECT count(*) FROM ONLY %s", attachment->name), true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not count the rows of table %s", attachment->name);
	rows = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	te_run_as_end(&save);
	PG_RETURN_INT64(rows);
}
