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

/*
 * The paths of the batch that the table does not have: its rows may name a file by its absolute path or, beneath the first
 * root, by a relative one.  Each is there once, in the order of the batch, though files may be listed twice.  "present" is found first, by
 * itself, as Citus can join nothing to the rows of many nodes but what it has read from them.
 */
static char *
new_paths_sql(const TeScan *scan)
{
	const TeAttachment *attachment = scan->attachment;
	const char *path = quote_identifier(attachment->path);

	return psprintf("WITH present AS MATERIALIZED (SELECT t.%s AS path FROM %s AS t"
					" WHERE t.%s OPERATOR(pg_catalog.=) ANY ($1) OR t.%s OPERATOR(pg_catalog.=) ANY ($2))"
					" SELECT p.path FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) WITH ORDINALITY AS p(path, other, place)"
					" WHERE NOT EXISTS (SELECT FROM present AS e WHERE e.path OPERATOR(pg_catalog.=) p.path)"
					" AND NOT EXISTS (SELECT FROM present AS e WHERE e.path OPERATOR(pg_catalog.=) p.other)"
					" GROUP BY p.path ORDER BY pg_catalog.min(p.place)", path, attachment->rows, path, path);
}

typedef struct Insertion
{
	TeScan	   *scan;
	int			first;
	int			count;
	int64		absent;			/* paths that the table did not have */
	int64		inserted;
	int64		dropped;		/* not inserted, and still absent */
} Insertion;

static Datum
text_array(Datum *values, int count)
{
	return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
run_as_owner(const TeAttachment *attachment, const char *sql, const TeArgs *args)
{
	(void) te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path, sql, args);
}

static void
insert_rows(void *arg)
{
	Insertion  *insertion = arg;
	const TeScan *scan = insertion->scan;
	const TeAttachment *attachment = scan->attachment;
	const char *count = psprintf("SELECT pg_catalog.count(*) FROM (%s) AS f", new_paths_sql(scan));
	TeArgs		args = {.planned_for_them = true};	/* a row is looked up in a hash table of the paths, where there is no index */

	te_arg(&args, TEXTARRAYOID, text_array(scan->paths + insertion->first, insertion->count));
	te_arg(&args, TEXTARRAYOID, text_array(scan->others + insertion->first, insertion->count));
	if (scan->dry_run)
	{
		run_as_owner(attachment, count, &args);
		insertion->absent = insertion->inserted = te_out_int(0, 1, 0);
		te_sql_free();
		return;
	}
	run_as_owner(attachment,
				 psprintf("WITH absent AS MATERIALIZED (%s), added AS (INSERT INTO %s (%s) SELECT a.path FROM absent AS a"
						  " ON CONFLICT DO NOTHING RETURNING 1)"
						  " SELECT (SELECT pg_catalog.count(*) FROM absent), (SELECT pg_catalog.count(*) FROM added)",
						  new_paths_sql(scan), attachment->name, quote_identifier(attachment->path)), &args);
	insertion->absent = te_out_int(0, 1, 0);
	insertion->inserted = te_out_int(0, 2, 0);
	te_sql_free();
	if (insertion->inserted < insertion->absent)
	{
		/* others have inserted them meanwhile, or they did not get in */
		run_as_owner(attachment, count, &args);
		insertion->dropped = Min(te_out_int(0, 1, 0), insertion->absent - insertion->inserted);
		te_sql_free();
	}
}

/* Insert some rows of the batch.  Returns the ERROR that the table has raised, or NULL. */
static ErrorData *
try_insert(TeScan *scan, int first, int count)
{
	Insertion	insertion = {scan, first, count};
	ErrorData  *error = te_subtransaction(insert_rows, &insertion);

	if (error == NULL)
	{
		scan->added += insertion.inserted;
		scan->dropped += insertion.dropped;
		scan->present += count - insertion.inserted - insertion.dropped;
		return NULL;
	}
	if (te_error_is_interrupt(error) || te_error_is_storage(error))
		ReThrowError(error);
	return error;
}

/* Does the ERROR depend on the path: a CHECK that it violates, a text that is too long? */
static bool
is_of_path(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_CHECK_VIOLATION || ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_DATA_EXCEPTION;
}

/* ERROR if the table has refused every row, for a reason that has nothing to do with the files: the others would fare no better. */
static void
check_refused(const TeScan *scan, ErrorData *const *errors)
{
	const ErrorData *first = NULL;

	for (int i = 0; i < scan->count; i++)
	{
		if (errors[i] == NULL)
			continue;			/* of no new row, if none was added */
		if (first == NULL)
			first = errors[i];
		if (is_of_path(errors[i]) || strcmp(errors[i]->message, first->message) != 0)
			return;
	}
	if (first == NULL || scan->added > 0 || scan->dropped > 0)
		return;
	ereport(ERROR,
			(errcode(first->sqlerrcode),
			 errmsg("table %s refuses all new rows", scan->attachment->name),
			 errdetail_internal("%s", te_scan_printable(first->message)),
			 errhint("Only column \"%s\" is given a value: the others need a default, or a trigger that sets them.",
					 scan->attachment->path)));
}

/* Insert the rows of the batch one by one, as the table has refused it. */
static void
insert_singly(TeScan *scan)
{
	ErrorData **errors = palloc(sizeof(ErrorData *) * scan->count);

	for (int i = 0; i < scan->count; i++)
		errors[i] = try_insert(scan, i, 1);
	if (scan->lines == 0)
		check_refused(scan, errors);
	for (int i = 0; i < scan->count; i++)
		if (errors[i] != NULL)
			te_scan_failed(scan, TextDatumGetCString(scan->paths[i]), te_scan_printable(errors[i]->message));
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
	te_scan_check_index(scan);
	if (try_insert(scan, 0, scan->count) != NULL)
		insert_singly(scan);
	SPI_commit();
	scan->count = 0;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(scan->batch_context);
}
