/*
 * job_thumbnails.c
 *		The thumbnails that a job has made: their files, and the table of thumbnails in several sizes.
 *
 * The table has a row for each size, also for the first, which has neither a file nor bytes there: these are the user's row's and
 * the state's.  Assets with one size are not in it, so nothing here costs them anything.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "job_thumbnails.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/files/thumbnail_store.h"

#define MAX_BYTES	(4 * 1024 * 1024)	/* of thumbnails in one statement, unless one alone has more */

void
te_job_take_thumbnails(TeJob *job)
{
	const TeRequest *request = &job->task.request;
	const TeReply *reply = &job->task.reply;
	const char *data = job->task.thumbnail;

	if (data == NULL)
		return;
	job->num_made = (int) request->more + 1;
	job->made = palloc0(sizeof(TeMade) * job->num_made);
	for (int i = 0; i < job->num_made; i++)
	{
		TeMade	   *made = &job->made[i];

		made->side = (int) (i == 0 ? request->size : request->more_size[i - 1]);
		made->width = i == 0 ? reply->thumbnail_width : reply->more[i - 1].width;
		made->height = i == 0 ? reply->thumbnail_height : reply->more[i - 1].height;
		made->bytes = i == 0 ? reply->thumbnail_bytes : reply->more[i - 1].bytes;
		made->data = data;
		data += made->bytes;
	}
	if (request->measure == 0)
		return;
	job->measured = palloc0(sizeof(TeMade));
	job->measured->side = (int) request->measure;
	job->measured->width = reply->measured_width;
	job->measured->height = reply->measured_height;
	job->measured->bytes = job->asset.state.file_size;
	if (te_attachment_stores_files(job->asset.attachment))
		job->measured->path = job->asset.thumbnail_path;
}

bool
te_job_has_thumbnail(const TeJob *job)
{
	return (job->parts & TE_PART_THUMBNAIL) && !job->some_sizes && te_job_verdict(job) == TE_VERDICT_DONE;
}

bool
te_job_write_files(TeJob *job)
{
	MemoryContext caller;

	if (!(job->parts & TE_PART_THUMBNAIL) || te_job_verdict(job) != TE_VERDICT_DONE || job->num_made == 0 ||
		!te_attachment_stores_files(job->asset.attachment))
		return false;
	caller = MemoryContextSwitchTo(job->context);
	for (int i = 0; i < job->num_made; i++)
		job->made[i].file = te_thumbnail_write(job->asset.attachment->folder, job->id, job->task.request.format,
											   job->made[i].data, job->made[i].bytes, &job->made[i].path);
	MemoryContextSwitchTo(caller);
	if (!job->some_sizes)
	{
		job->file = job->made[0].file;
		job->file_path = job->made[0].path;
	}
	return true;
}

void
te_job_forget_files(TeJob *job)
{
	job->file = job->file_path = NULL;
	job->replaced = 0;
	for (int i = 0; i < job->num_made; i++)
		job->made[i].file = job->made[i].path = NULL;
}

void
te_job_discard_files(TeJob *job)
{
	for (int i = 0; i < job->num_made; i++)
		if (job->made[i].file != NULL)
			te_thumbnail_discard(job->asset.attachment->folder, job->made[i].file, false);
	te_job_forget_files(job);
}

Datum
te_made_bytea(const TeMade *made)
{
	bytea	   *value = palloc(VARHDRSZ + made->bytes);

	SET_VARSIZE(value, VARHDRSZ + made->bytes);
	memcpy(VARDATA(value), made->data, made->bytes);
	return PointerGetDatum(value);
}

/* --- the table */

/* A thumbnail, and the job that has made it. */
typedef struct Row
{
	const TeJob *job;
	const TeMade *made;
} Row;

/* The wanted sizes that a job has not made, as bits by their places in the list: their rows stay. */
static int
kept_sizes(const TeJob *job, const TeSizes *wanted)
{
	int			kept = job->some_sizes && wanted->count > 1 ? (1 << wanted->count) - 1 : 0;

	for (int i = 0; i < job->num_made; i++)
	{
		int			place = te_sizes_find(wanted, job->made[i].side);

		if (place >= 0)
			kept &= ~(1 << place);
	}
	return kept;
}

/* Delete the rows of sizes that were made again or are not wanted, and list their files for removal. */
static void
delete_rows(TeJob *const *jobs, int count, const TeSizes *wanted)
{
	const TeAttachment *attachment = jobs[0]->asset.attachment;
	TeKey	   *keys = palloc(sizeof(TeKey) * count);
	Datum	   *kept = palloc(sizeof(Datum) * count);
	Datum		sides[TE_MAX_SIZES];
	TeArgs		args = {0};
	char	   *sql;
	uint64		found;

	for (int i = 0; i < count; i++)
	{
		keys[i] = jobs[i]->asset.key;
		kept[i] = Int32GetDatum(kept_sizes(jobs[i], wanted));
	}
	for (int i = 0; i < wanted->count; i++)
		sides[i] = Int32GetDatum(wanted->side[i]);
	te_arg_state_keys(&args, attachment, keys, count);
	te_arg_array(&args, INT4OID, kept, NULL, count);
	te_arg_array(&args, INT4OID, sides, NULL, wanted->count);
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(GetCurrentTimestamp()));
	sql = psprintf("WITH gone AS (DELETE FROM %s AS s USING " TE_STATE_KEYS_SQL
				   " AND COALESCE((($4)[n] >> (array_position($5, s.size) - 1)) & 1, 0) = 0 RETURNING n, s.file),"
				   " listed AS (INSERT INTO %s (attachment, file, replaced_at)"
				   " SELECT %d, gone.file, $6 FROM gone WHERE gone.file IS NOT NULL)"
				   " SELECT gone.n FROM gone WHERE gone.file IS NOT NULL",
				   attachment->thumbnails, te_internal_name("thumbexif_removal"), attachment->folder);
	found = te_sql_by_index(sql, &args);
	for (uint64 row = 0; row < found; row++)
		jobs[te_out_int((int) row, 1, 1) - 1]->replaced++;
	te_sql_free();
	pfree(keys);
	pfree(kept);
}

/* Insert rows.  Those of the first size have no bytes here. */
static void
insert_rows(const TeAttachment *attachment, const Row *rows, int count, const TeSizes *wanted)
{
	enum
	{
		SIDE, WIDTH, HEIGHT, BYTE_COUNT, FILE_NAME, PATH,
					CONTENT,
					COLUMNS
	};
	const Oid	types[COLUMNS] = {INT4OID, INT4OID, INT4OID, INT8OID, TEXTOID, TEXTOID, BYTEAOID};
	Datum	   *values[COLUMNS];
	bool	   *nulls[COLUMNS];
	TeKey	   *keys = palloc(sizeof(TeKey) * count);
	TeArgs		args = {0};

	for (int column = 0; column < COLUMNS; column++)
	{
		values[column] = palloc0(sizeof(Datum) * count);
		nulls[column] = palloc0(sizeof(bool) * count);
	}
	for (int i = 0; i < count; i++)
	{
		const TeMade *made = rows[i].made;
		bool		first = made->side == wanted->side[0];

		keys[i] = rows[i].job->asset.key;
		values[SIDE][i] = Int32GetDatum(made->side);
		values[WIDTH][i] = Int32GetDatum((int32) made->width);
		values[HEIGHT][i] = Int32GetDatum((int32) made->height);
		values[BYTE_COUNT][i] = Int64GetDatum(made->bytes);
		nulls[BYTE_COUNT][i] = made->bytes < 0;
		nulls[FILE_NAME][i] = made->file == NULL || first;
		nulls[PATH][i] = made->path == NULL;
		nulls[CONTENT][i] = made->file != NULL || first;
		if (!nulls[FILE_NAME][i])
			values[FILE_NAME][i] = CStringGetTextDatum(made->file);
		if (!nulls[PATH][i])
			values[PATH][i] = CStringGetTextDatum(made->path);
		if (!nulls[CONTENT][i])
			values[CONTENT][i] = te_made_bytea(made);
	}
	te_arg_state_keys(&args, attachment, keys, count);
	for (int column = 0; column < COLUMNS; column++)
		te_arg_array(&args, types[column], values[column], nulls[column], count);
	te_arg_text(&args, te_format_name((int) rows[0].job->task.request.format));
	te_sql_as_extension(psprintf("INSERT INTO %s (attachment, id, size, width, height, length, file, path, bytes, format)"
								 " SELECT ($2)[n], ($3)[n], ($4)[n], ($5)[n], ($6)[n], ($7)[n], ($8)[n], ($9)[n], ($10)[n], $11"
								 " FROM generate_series(1, $1) AS n", attachment->thumbnails), &args);
}

/* The bytes that a row of a table without files has. */
static Size
bytes_of(const Row *row, const TeSizes *wanted)
{
	return row->made->side == wanted->side[0] ? 0 : (Size) row->made->bytes;
}

/* Insert rows by statements that pass a bounded number of bytes. */
static void
insert_bounded(const TeAttachment *attachment, const Row *rows, int count, const TeSizes *wanted)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "thumbexif thumbnails", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	bool		in_rows = te_attachment_stores_bytes(attachment);

	for (int first = 0, end; first < count; first = end)
	{
		Size		bytes = 0;

		for (end = first; end < count && (end == first || bytes + bytes_of(&rows[end], wanted) <= MAX_BYTES); end++)
			bytes += in_rows ? bytes_of(&rows[end], wanted) : 0;
		insert_rows(attachment, &rows[first], end - first, wanted);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/* Is the job's asset in the table, or will it be? */
static bool
concerns_table(const TeJob *job, const TeSizes *wanted)
{
	return (job->parts & TE_PART_THUMBNAIL) && te_job_verdict(job) == TE_VERDICT_DONE &&
		(wanted->count > 1 || (job->asset.state.wrote & TE_WROTE_SIZES));
}

void
te_job_thumbnails_store(TeJob *const *jobs, int count, const TeSettings *settings)
{
	const TeSizes *wanted = &settings->sizes;
	TeJob	  **concerned = NULL;
	Row		   *rows;
	int			n = 0;
	int			num_rows = 0;

	for (int i = 0; i < count; i++)
	{
		if (!concerns_table(jobs[i], wanted))
			continue;
		if (concerned == NULL)
			concerned = palloc(sizeof(TeJob *) * count);
		concerned[n++] = jobs[i];
	}
	if (n == 0)
		return;
	delete_rows(concerned, n, wanted);
	rows = palloc(sizeof(Row) * n * TE_MAX_SIZES);
	for (int i = 0; i < n && wanted->count > 1; i++)
	{
		if (concerned[i]->measured != NULL)
			rows[num_rows++] = (Row) {concerned[i], concerned[i]->measured};
		for (int j = 0; j < concerned[i]->num_made; j++)
			rows[num_rows++] = (Row) {concerned[i], &concerned[i]->made[j]};
	}
	if (num_rows > 0)
		insert_bounded(concerned[0]->asset.attachment, rows, num_rows, wanted);
	pfree(rows);
	pfree(concerned);
}
