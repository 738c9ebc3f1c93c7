/*
 * scan_insert.c
 *		The insertion of rows by thumbexif_scan().
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "pg/base/code_rights.h"
#include "pg/base/postmaster_alive.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "pg/pipeline/batch_write.h"
#include "scan.h"

#define MAX_WARNINGS	100		/* files reported one by one */
#define MAX_MESSAGE		900		/* bytes */

char *
te_scan_printable(const char *text)
{
	int			length = pg_mbcliplen(text, (int) strnlen(text, MAX_MESSAGE + 1), MAX_MESSAGE);
	char	   *copy = pnstrdup(text, length);

	for (int good = 0; good < length;)
	{
		good += pg_encoding_verifymbstr(GetDatabaseEncoding(), copy + good, length - good);
		if (good < length)
			copy[good++] = '?';
	}
	return copy;
}

void
te_scan_failed(TeScan *scan, const char *path, const char *why)
{
	scan->failed++;
	ereport(scan->warnings < MAX_WARNINGS ? WARNING : DEBUG1,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("file \"%s\" was not added: %s", path, why)));
	if (++scan->warnings == MAX_WARNINGS)
		ereport(WARNING,
				(errmsg("further files that are not added are not reported one by one")));
}

/* Rows of the user's table may name a file by its absolute path or, beneath the first root, by a relative one. */
static char *
new_rows_sql(const TeScan *scan)
{
	const TeAttachment *attachment = scan->attachment;
	const char *path = quote_identifier(attachment->path);
	const char *present = psprintf("EXISTS (SELECT FROM ONLY %s AS t WHERE t.%s OPERATOR(pg_catalog.=)",
								   attachment->name, path);

	return psprintf("SELECT p.path FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS p(path, other)"
					" WHERE NOT %s p.path) AND NOT %s p.other)", present, present);
}

typedef struct Insertion
{
	TeScan	   *scan;
	int			first;
	int			count;
	uint64		inserted;
} Insertion;

static Datum
text_array(Datum *values, int count)
{
	return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
insert_rows(void *arg)
{
	Insertion  *insertion = arg;
	const TeScan *scan = insertion->scan;
	const TeAttachment *attachment = scan->attachment;
	char	   *sql = new_rows_sql(scan);
	TeArgs		args = {0};

	te_arg(&args, TEXTARRAYOID, text_array(scan->paths + insertion->first, insertion->count));
	te_arg(&args, TEXTARRAYOID, text_array(scan->others + insertion->first, insertion->count));
	if (!scan->dry_run)
		sql = psprintf("INSERT INTO %s (%s) %s ON CONFLICT DO NOTHING", attachment->name,
					   quote_identifier(attachment->path), sql);
	insertion->inserted = te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path, sql, &args);
	te_sql_free();
}

/* Insert some rows of the batch.  Returns the ERROR that the table has raised, or NULL. */
static ErrorData *
try_insert(TeScan *scan, int first, int count)
{
	Insertion	insertion = {scan, first, count, 0};
	ErrorData  *error = te_subtransaction(insert_rows, &insertion);

	if (error == NULL)
	{
		scan->added += insertion.inserted;
		scan->present += count - insertion.inserted;
		return NULL;
	}
	if (te_error_is_interrupt(error) || te_error_is_storage(error))
		ReThrowError(error);
	return error;
}

void
te_scan_insert(TeScan *scan)
{
	const TeAttachment *attachment = scan->attachment;
	MemoryContext caller = MemoryContextSwitchTo(scan->batch_context);

	te_exit_if_postmaster_died();
	LockRelationOid(attachment->relation, scan->dry_run ? AccessShareLock : RowExclusiveLock);
	te_attachment_check_same(attachment);
	te_code_rights_check_table(attachment->relation, CMD_INSERT, attachment->owner);
	if (try_insert(scan, 0, scan->count) != NULL)
	{
		for (int i = 0; i < scan->count; i++)
		{
			ErrorData  *error = try_insert(scan, i, 1);

			if (error != NULL)
				te_scan_failed(scan, TextDatumGetCString(scan->paths[i]), te_scan_printable(error->message));
		}
	}
	SPI_commit();
	scan->count = 0;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(scan->batch_context);
}
