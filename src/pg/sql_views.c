/*
 * sql_views.c
 *		SQL: what the views need to know of users' tables.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "attachment.h"
#include "compat.h"
#include "extension.h"
#include "run_as.h"

PG_FUNCTION_INFO_V1(thumbexif_rows);

/* Whoever may read one of the views that show counts may have the count. */
static void
check_may_count(void)
{
	static const char *const views[] = {"thumbexif_status", "thumbexif_progress"};
	TeExtension extension;

	te_extension_get(&extension);
	for (size_t i = 0; i < lengthof(views); i++)
	{
		Oid			view = get_relname_relid(views[i], extension.schema);

		if (OidIsValid(view) && pg_class_aclcheck(view, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to count the rows of attached tables"),
			 errhint("Those may who are granted SELECT on the view thumbexif_status, such as members of pg_monitor.")));
}

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

	check_may_count();
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
