/*
 * scan.c
 *		SQL procedure thumbexif_scan(), which inserts rows for the image files beneath a folder.
 *
 * Rows are inserted as the table's owner, a batch in a transaction.  If the table refuses a batch, its rows are inserted
 * one by one, and those that it refuses are counted.  Files whose paths are in the table are not inserted again.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "pg/base/guc.h"
#include "pg/compat.h"
#include "pg/files/folder_list.h"
#include "pg/files/root_path.h"
#include "pg/files/source.h"
#include "pg/pipeline/table_access.h"
#include "pg/pool/pool.h"
#include "procedure.h"
#include "scan.h"

#define MAX_BATCH		10000

PG_FUNCTION_INFO_V1(thumbexif_scan);

static const char *const filter_names[] = {[TE_FILTER_NAME] = "name",[TE_FILTER_CONTENT] = "content",[TE_FILTER_ALL] = "all"};

static const char *const suffixes[] = {
	"jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "tif", "tiff", "heic", "heif", "hif", "avif", "jxl", "bmp",
	"jp2", "j2k", "j2c", "jpc", "jpf", "jpx", "ppm", "pgm", "pbm", "pnm",
	"cr2", "cr3", "crw", "nef", "arw", "srw", "dng", "orf", "rw2", "rwl", "pef", "raf", "iiq", "mrw", "x3f"
};

/* --- which files */

static TeScanFilter
parse_filter(const char *name)
{
	for (int i = 0; i < (int) lengthof(filter_names); i++)
		if (strcmp(name, filter_names[i]) == 0)
			return (TeScanFilter) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("filter \"%s\" is not known", name),
			 errhint("It is 'name' (files named like images), 'content' (files that are images; each is read) or 'all'.")));
}

static bool
has_image_suffix(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (int i = 0; dot != NULL && i < (int) lengthof(suffixes); i++)
		if (pg_strcasecmp(dot + 1, suffixes[i]) == 0)
			return true;
	return false;
}

/* Does a decoder take the file for an image?  Not if it has gone meanwhile. */
static bool
is_image(const TeScan *scan, const char *path)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->file_context);
	TeSource	source;
	TeTask	   *task;
	bool		image;

	te_source_open(path, 0, &source);
	if (source.status != TE_OK)
	{
		MemoryContextSwitchTo(caller);
		return source.status == TE_FILE_TOO_LARGE;	/* whatever it is: the row will tell */
	}
	task = palloc0(sizeof(TeTask));
	task->request = (TeRequest)
	{
		.want = TE_WANT_EXIF,
			.size = te_thumbnail_size,
			.format = te_thumbnail_format,
			.quality = te_thumbnail_quality,
			.max_pixels = te_max_pixels,
			.file_size = source.size_bytes
	};
	task->role = scan->attachment->owner;
	task->image_fd = source.fd;
	te_pool_run(task);
	image = task->reply.status != TE_UNSUPPORTED;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(scan->file_context);
	return image;
}

static bool
is_wanted(const TeScan *scan, const char *path)
{
	switch (scan->filter)
	{
		case TE_FILTER_NAME:
			return has_image_suffix(path);
		case TE_FILTER_CONTENT:
			return is_image(scan, path);
		default:
			return true;
	}
}

/* --- messages */

/* Files that are neither added nor failed. */
static int64
count_skipped(const TeScan *scan)
{
	return scan->present + scan->dropped + scan->no_image;
}

/* The line of a batch, in the words of thumbexif_backfill(). */
static void
report_line(TeScan *scan)
{
	int64		skipped = count_skipped(scan);
	StringInfoData line;

	initStringInfo(&line);
	appendStringInfo(&line, "%sProcessing batch " INT64_FORMAT "... (" INT64_FORMAT " assets added, " INT64_FORMAT " skipped",
					 scan->dry_run ? "Dry run: " : "", ++scan->lines,
					 scan->added - scan->reported_added, skipped - scan->reported_skipped);
	if (scan->failed != scan->reported_failed)
		appendStringInfo(&line, ", " INT64_FORMAT " failed", scan->failed - scan->reported_failed);
	ereport(INFO, (errmsg_internal("%s)", line.data)));
	scan->reported_added = scan->added;
	scan->reported_skipped = skipped;
	scan->reported_failed = scan->failed;
}

static void
note(StringInfo text, int64 count, const char *what)
{
	if (count > 0)
		appendStringInfo(text, "%s%s: " INT64_FORMAT, text->len > 0 ? ", " : "", what, count);
}

static void
report_end(const TeScan *scan, const TeFolderList *list)
{
	StringInfoData text;

	ereport(INFO,
			(errmsg_internal("%sDone! Processed: " INT64_FORMAT ", Added: " INT64_FORMAT ", Skipped: " INT64_FORMAT
							 ", Failed: " INT64_FORMAT, scan->dry_run ? "Dry run: " : "",
							 scan->added + count_skipped(scan) + scan->failed,
							 scan->added, count_skipped(scan), scan->failed)));
	initStringInfo(&text);
	note(&text, scan->present, "already in the table");
	note(&text, scan->dropped, "left out by a trigger or another unique index of the table");
	note(&text, scan->no_image, "no images");
	note(&text, list->links, "symbolic links, not followed");
	note(&text, list->too_deep, "paths too long");
	note(&text, list->skipped_folders, "folders of thumbnails or mounted within themselves");
	if (text.len > 0)
		ereport(NOTICE, (errmsg("not added: %s", text.data)));
	if (list->unreadable > 0)
		ereport(WARNING,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg_plural(INT64_FORMAT " folder beneath \"%s\" could not be read",
							   INT64_FORMAT " folders beneath \"%s\" could not be read",
							   (unsigned long) list->unreadable, list->unreadable, scan->folder),
				 errhint("The operating system user that runs PostgreSQL must be able to read the folders.")));
}

/* --- the files */

/* Is it a path that text can hold? */
static bool
is_valid_text(const char *path)
{
	int			length = (int) strlen(path);

	return pg_encoding_verifymbstr(GetDatabaseEncoding(), path, length) == length;
}

/* Add a file, given by its path below the root, to the batch. */
static void
add_file(TeScan *scan, const char *below)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->batch_context);
	const char *absolute = psprintf("%s%s", scan->root, below);
	const char *path = scan->absolute ? absolute : below;
	const char *other = !scan->absolute ? absolute : scan->first_root ? below : absolute;

	if (!is_valid_text(below))
		te_scan_failed(scan, te_scan_printable(below), "its name is not valid in the encoding of the database");
	else if (!is_wanted(scan, path))
		scan->no_image++;
	else
	{
		scan->paths[scan->count] = CStringGetTextDatum(path);
		scan->others[scan->count] = CStringGetTextDatum(other);
		scan->count++;
	}
	MemoryContextSwitchTo(caller);
}

static void
set_root(TeScan *scan, const char *root)
{
	const char *below;
	char	   *first = te_path_find_root(".", &below);

	scan->first_root = strcmp(first, root) == 0;
	scan->root = psprintf("%s%s", root, root[strlen(root) - 1] == '/' ? "" : "/");
	pfree(first);
}

/* Insert the batch. */
static void
write_batch(TeScan *scan)
{
	if (scan->count == 0)
		return;
	te_scan_insert(scan);
	report_line(scan);
}

static void
scan_folder(TeScan *scan)
{
	TeFolderList *list = te_folder_list_begin(scan->folder, scan->filter != TE_FILTER_NAME);
	const char *path;

	set_root(scan, te_root_name(list->root));
	while ((path = te_folder_list_next(list)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		add_file(scan, path);
		if (scan->count == scan->batch_size)
			write_batch(scan);
	}
	write_batch(scan);
	if (list->trouble != NULL)
		te_root_report(list->trouble);
	report_end(scan, list);
}

/* --- the procedure */

static void
read_arguments(FunctionCallInfo fcinfo, TeScan *scan, Oid *relation)
{
	char	   *folder;

	te_procedure_not_null(fcinfo, 0, "folder");
	te_procedure_not_null(fcinfo, 2, "filter");
	te_procedure_not_null(fcinfo, 3, "batch_size");
	te_procedure_not_null(fcinfo, 4, "dry_run");
	folder = text_to_cstring(PG_GETARG_TEXT_PP(0));
	canonicalize_path(folder);
	scan->folder = folder[0] != '\0' ? folder : ".";
	scan->absolute = is_absolute_path(folder);
	*relation = PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1);
	scan->filter = parse_filter(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	scan->batch_size = PG_GETARG_INT32(3);
	scan->dry_run = PG_GETARG_BOOL(4);
	if (scan->batch_size < 1 || scan->batch_size > MAX_BATCH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"batch_size\" must be between 1 and %d", MAX_BATCH),
				 errhint("It is the number of rows inserted in one transaction; 1000 is a good value.")));
}

static Datum
result_row(const TeScan *scan, FunctionCallInfo fcinfo)
{
	int64		skipped = count_skipped(scan);
	Datum		values[] = {
		Int64GetDatum(scan->added + skipped + scan->failed), Int64GetDatum(scan->added),
		Int64GetDatum(skipped), Int64GetDatum(scan->failed)
	};
	bool		nulls[lengthof(values)] = {false};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/*
 * thumbexif_scan(folder text, relation regclass, filter text, batch_size integer, dry_run boolean,
 *		INOUT processed bigint, INOUT added bigint, INOUT skipped bigint, INOUT failed bigint)
 */
Datum
thumbexif_scan(PG_FUNCTION_ARGS)
{
	TeScan		scan = {NULL};
	Oid			relation;

	te_procedure_check(fcinfo, "thumbexif_scan()");
	read_arguments(fcinfo, &scan, &relation);
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	scan.attachment = te_table_access(relation, 0, scan.dry_run);
	if (!scan.dry_run)
		te_scan_lock(scan.attachment);
	scan.paths = palloc(sizeof(Datum) * scan.batch_size);
	scan.others = palloc(sizeof(Datum) * scan.batch_size);
	scan.batch_context = AllocSetContextCreate(CurrentMemoryContext, "thumbexif scan", ALLOCSET_DEFAULT_SIZES);
	scan.file_context = AllocSetContextCreate(CurrentMemoryContext, "thumbexif scanned file", ALLOCSET_DEFAULT_SIZES);
	scan_folder(&scan);
	if (!scan.dry_run)
		te_scan_unlock(scan.attachment);
	SPI_finish();
	PG_RETURN_DATUM(result_row(&scan, fcinfo));
}
