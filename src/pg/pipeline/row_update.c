/*
 * row_update.c
 *		The UPDATE of the user's row with the result of an examination.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "column_value.h"
#include "job_thumbnails.h"
#include "pg/base/guc.h"
#include "pg/catalog/key_sql.h"
#include "row_update.h"

static void
set_value(TeRowUpdate *update, TeColumn column, Datum value)
{
	update->set[column] = true;
	update->nulls[column] = false;
	update->values[column] = value;
	update->any = true;
}

static void
set_size(const TeAttachment *attachment, TeRowUpdate *update, TeColumn column, uint32 pixels)
{
	if (attachment->column[column] == NULL || pixels == 0)
		return;
	set_value(update, column, te_column_integer(attachment, column, pixels));
}

/* What every examination tells, and what a new thumbnail does.  One that failed erases nothing. */
static void
plan_picture(const TeJob *job, bool done, TeRowUpdate *update)
{
	const TeAttachment *attachment = job->asset.attachment;
	const TeReply *reply = &job->task.reply;

	set_size(attachment, update, TE_COL_WIDTH, reply->width);
	set_size(attachment, update, TE_COL_HEIGHT, reply->height);
	for (int i = TE_COL_THUMBHASH; i <= TE_COL_LAST_FACT; i++)
	{
		Datum		value;
		bool		found;

		if (attachment->column[i] == NULL || te_columns[i].from_exif ||
			(te_columns[i].from_pixels && !te_job_has_thumbnail(job)))
			continue;
		found = te_column_value(job, i, &value);
		if (!found && !done)
			continue;
		set_value(update, i, found ? value : (Datum) 0);
		update->nulls[i] = !found;
	}
}

/* Does this column tell how taken_at came about, so that it must not stay when that is written anew? */
static bool
belongs_to_taken_at(TeColumn column)
{
	return column == TE_COL_TAKEN_AT_OFFSET || column == TE_COL_TAKEN_AT_OFFSET_SOURCE;
}

static void
plan_exif(const TeJob *job, bool replace, TeRowUpdate *update)
{
	const TeAttachment *attachment = job->asset.attachment;

	for (int i = 0; i < TE_COLUMNS; i++)
	{
		Datum		value;

		if (!te_columns[i].from_exif || attachment->column[i] == NULL)
			continue;
		if (te_column_value(job, i, &value))
		{
			set_value(update, i, value);
			update->wrote |= TE_WROTE(i);
		}
		else if ((update->wrote & TE_WROTE(i)) &&
				 (replace || (!te_exif_gps && te_columns[i].holds_position) ||
				  (job->has_taken_at && belongs_to_taken_at(i))))
		{
			set_value(update, i, (Datum) 0);
			update->nulls[i] = true;
			update->wrote &= ~TE_WROTE(i);
		}
	}
	update->wrote &= ~TE_WROTE_OLD;
}

/* A new thumbnail, in a file or in the row, and what becomes of the one in the other place. */
static void
plan_thumbnail(const TeJob *job, TeRowUpdate *update)
{
	const TeAttachment *attachment = job->asset.attachment;

	if (te_attachment_stores_bytes(attachment))
	{
		set_value(update, TE_COL_THUMBNAIL, (Datum) 0);
		update->bytes = job->made[0].bytes;
		update->wrote |= TE_WROTE_THUMBNAIL;
		if (attachment->column[TE_COL_THUMBNAIL_PATH] == NULL || !te_names_our_file(&job->asset))
			return;
		set_value(update, TE_COL_THUMBNAIL_PATH, (Datum) 0);
		update->nulls[TE_COL_THUMBNAIL_PATH] = true;
		return;
	}
	set_value(update, TE_COL_THUMBNAIL_PATH, CStringGetTextDatum(job->file_path));
	update->clear_former = (update->wrote & TE_WROTE_THUMBNAIL) && attachment->former_thumbnail != NULL;
	update->wrote &= ~TE_WROTE_THUMBNAIL;
}

void
te_row_update_plan(const TeJob *job, const TeSettings *settings, TeRowUpdate *update)
{
	bool		changed = te_source_changed(&job->asset, &job->source) || te_sidecar_changed(&job->asset, &job->source);
	bool		done = te_job_verdict(job) == TE_VERDICT_DONE;
	bool		failed_with_exif = te_job_exif_of_failed(job);

	memset(update, 0, sizeof(*update));
	update->wrote = job->asset.state.wrote;
	if (te_job_has_thumbnail(job))
		plan_thumbnail(job, update);
	if (done && (job->parts & TE_PART_THUMBNAIL))
		update->wrote = settings->sizes.count > 1 ? update->wrote | TE_WROTE_SIZES : update->wrote & ~TE_WROTE_SIZES;
	if ((done && job->parts != 0) || failed_with_exif)
		plan_picture(job, done, update);
	if ((done && (job->parts & TE_PART_EXIF) && !te_job_exif_failed(job)) || failed_with_exif)
		plan_exif(job, changed || (update->wrote & TE_WROTE_OLD) != 0, update);
	else if (changed && (update->wrote & TE_WROTE_VALUES) != 0)
		update->wrote |= TE_WROTE_OLD;
}

/* The type in which a value is passed; it is assigned to the column's type. */
static Oid
value_type(Oid column_type)
{
	switch (column_type)
	{
		case VARCHAROID:
			return TEXTOID;
		case NUMERICOID:
			return FLOAT8OID;
		case JSONOID:
			return JSONBOID;
		case TEXTARRAYOID:
		case VARCHARARRAYOID:
			return TEXTOID;		/* an array has no arrays of different lengths: see te_row_update_sql() */
		default:
			return column_type;
	}
}

bool
te_row_update_alike(const TeRowUpdate *a, const TeRowUpdate *b)
{
	return memcmp(a->set, b->set, sizeof(a->set)) == 0 && a->clear_former == b->clear_former;
}

/* Add the number of jobs, their keys and their paths as parameters $1 to $3. */
static void
arg_rows(const TeAttachment *attachment, TeJob *const *jobs, int count, TeArgs *args)
{
	TeKey	   *keys = palloc(sizeof(TeKey) * count);
	Datum	   *values = palloc(sizeof(Datum) * count);
	bool	   *nulls = palloc(sizeof(bool) * count);

	memset(args, 0, sizeof(TeArgs));
	te_arg_int4(args, count);
	for (int i = 0; i < count; i++)
		keys[i] = jobs[i]->asset.key;
	te_arg_row_keys(args, attachment, keys, count);
	for (int i = 0; i < count; i++)
	{
		const char *path = jobs[i]->asset.path;

		nulls[i] = path == NULL;
		values[i] = path != NULL ? CStringGetTextDatum(path) : (Datum) 0;
	}
	te_arg_array(args, TEXTOID, values, nulls, count);
	pfree(keys);
	pfree(values);
	pfree(nulls);
}

/* Add the values of a column as a parameter. */
static void
arg_column(TeJob *const *jobs, TeColumn column, const TeRowUpdate *updates, int count, TeArgs *args)
{
	const TeAttachment *attachment = jobs[0]->asset.attachment;
	Datum	   *values = palloc(sizeof(Datum) * count);
	bool	   *nulls = palloc(sizeof(bool) * count);
	Oid			type = attachment->type[column];

	for (int i = 0; i < count; i++)
	{
		values[i] = column == TE_COL_THUMBNAIL ? te_made_bytea(&jobs[i]->made[0]) : updates[i].values[column];
		nulls[i] = updates[i].nulls[column];
	}
	te_arg_array(args, value_type(type), values, nulls, count);
	pfree(values);
	pfree(nulls);
}

/*
 * Append the join of rows "t" with the numbers "n" of the jobs, by key and path, of which there are SQL for the number, the array of keys, and
 * that of paths.  It compares bytes: the path's collation may be nondeterministic.
 */
static void
append_join(StringInfo sql, const TeAttachment *attachment, const char *count, const char *keys, const char *paths)
{
	const char *path = psprintf("t.%s", quote_identifier(attachment->path));

	appendStringInfo(sql, " pg_catalog.generate_series(1, %s) AS w (n) WHERE %s AND"
					 " ((%s) COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.=) (%s)[w.n]"
					 " OR (%s IS NULL AND (%s)[w.n] IS NULL))%s", count,
					 te_key_equals_nth_sql(&attachment->key, "t.", keys, "w.n"), te_path_sql(path), paths, path, paths, attachment->rows_and);
}

char *
te_row_lock_sql(TeJob *const *jobs, int count, TeArgs *args)
{
	const TeAttachment *attachment = jobs[0]->asset.attachment;
	StringInfoData sql;

	arg_rows(attachment, jobs, count, args);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT w.n FROM %s AS t,", attachment->rows);
	append_join(&sql, attachment, "$1", "$2", "$3");
	appendStringInfoString(&sql, " FOR NO KEY UPDATE OF t");
	return sql.data;
}

/* A parameter as a literal. */
static char *
literal(const TeArgs *args, int i)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(args->types[i], &output, &is_varlena);
	return psprintf("%s::%s", quote_literal_cstr(OidOutputFunctionCall(output, args->values[i])), format_type_be_qualified(args->types[i]));
}

char *
te_row_find_sql(TeJob *const *jobs, int count)
{
	const TeAttachment *attachment = jobs[0]->asset.attachment;
	StringInfoData sql;
	TeArgs		args;

	arg_rows(attachment, jobs, count, &args);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT pg_catalog.string_agg(w.n::pg_catalog.text, ',') FROM %s AS t,", attachment->rows);
	append_join(&sql, attachment, literal(&args, 0), literal(&args, 1), literal(&args, 2));
	return sql.data;
}

char *
te_row_update_sql(TeJob *const *jobs, const TeRowUpdate *updates, int count, TeArgs *args)
{
	const TeAttachment *attachment = jobs[0]->asset.attachment;
	const char *comma = "";
	StringInfoData sql;

	Assert(updates[0].any);
	arg_rows(attachment, jobs, count, args);
	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE %s AS t SET ", OidIsValid(attachment->all_copies) ? attachment->named_name : attachment->rows);
	for (int i = 0; i < TE_COLUMNS; i++)
	{
		if (!updates[0].set[i])
			continue;
		arg_column(jobs, i, updates, count, args);
		appendStringInfo(&sql, i == TE_COL_KEYWORDS ? "%s%s = pg_catalog.string_to_array(($%d)[w.n], pg_catalog.chr(10))" : "%s%s = ($%d)[w.n]",
						 comma, quote_identifier(attachment->column[i]), args->count);
		comma = ", ";
	}
	if (updates[0].clear_former)
		appendStringInfo(&sql, "%s%s = NULL", comma, quote_identifier(attachment->former_thumbnail));
	appendStringInfoString(&sql, " FROM");
	append_join(&sql, attachment, "$1", "$2", "$3");
	return sql.data;
}
