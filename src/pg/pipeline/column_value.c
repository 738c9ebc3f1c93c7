/*
 * column_value.c
 *		The values that a job has found for the columns of a row.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "column_value.h"
#include "reply_values.h"

Datum
te_column_integer(const TeAttachment *attachment, TeColumn column, int64 number)
{
	switch (attachment->type[column])
	{
		case INT2OID:
			return Int16GetDatum((int16) number);
		case INT4OID:
			return Int32GetDatum((int32) number);
		case NUMERICOID:
			return Float8GetDatum((double) number);
		default:
			return Int64GetDatum(number);
	}
}

/* The most characters that fit into a column with texts; 0 = any. */
static int
max_characters(const TeAttachment *attachment, TeColumn column)
{
	Oid			type = attachment->type[column];

	return type == VARCHAROID || type == VARCHARARRAYOID ? Max(attachment->typmod[column] - VARHDRSZ, 0) : 0;
}

/* A text in the server's encoding.  False if it is NULL. */
static bool
text_value(const TeAttachment *attachment, TeColumn column, const char *utf8, Datum *value)
{
	int			most = max_characters(attachment, column);
	char	   *text;

	if (utf8 == NULL)
		return false;
	text = te_text_to_server(utf8);
	if (most > 0)
		text[pg_mbcharcliplen(text, (int) strlen(text), most)] = '\0';
	*value = CStringGetTextDatum(text);
	return true;
}

/* The same for lines, each of which is cut. */
static bool
lines_value(const TeAttachment *attachment, TeColumn column, const char *utf8, Datum *value)
{
	int			most = max_characters(attachment, column);
	StringInfoData lines;
	char	   *text;

	if (most == 0 || utf8 == NULL)
		return text_value(attachment, column, utf8, value);
	initStringInfo(&lines);
	text = te_text_to_server(utf8);
	for (char *line; (line = strsep(&text, "\n")) != NULL;)
	{
		if (lines.len > 0)
			appendStringInfoChar(&lines, '\n');
		appendBinaryStringInfo(&lines, line, pg_mbcharcliplen(line, (int) strlen(line), most));
	}
	*value = CStringGetTextDatum(lines.data);
	return true;
}

Datum
te_lines_array(Datum lines_text)
{
	char	   *lines = TextDatumGetCString(lines_text);
	ArrayBuildState *array = NULL;

	for (char *line; (line = strsep(&lines, "\n")) != NULL;)
		array = accumArrayResult(array, CStringGetTextDatum(line), false, TEXTOID, CurrentMemoryContext);
	return makeArrayResult(array, CurrentMemoryContext);
}

static bool
bytes_value(const uint8_t *bytes, size_t length, bool is_known, Datum *value)
{
	bytea	   *copy;

	if (!is_known)
		return false;
	copy = palloc(VARHDRSZ + length);
	SET_VARSIZE(copy, VARHDRSZ + length);
	memcpy(VARDATA(copy), bytes, length);
	*value = PointerGetDatum(copy);
	return true;
}

/* When the photo was taken.  Without a time zone, a time is the wall clock in thumbexif.default_timezone. */
static bool
time_value(const TeJob *job, TeColumn column, Datum *value)
{
	const TeAttachment *attachment = job->asset.attachment;
	const TeTakenAt *taken_at = &job->taken_at;

	if (!job->has_taken_at)
		return false;
	switch (column)
	{
		case TE_COL_TAKEN_AT:
			*value = attachment->type[column] == TIMESTAMPOID ? TimestampGetDatum(te_wall_clock(taken_at->instant)) :
				TimestampTzGetDatum(taken_at->instant);
			return true;
		case TE_COL_TAKEN_AT_LOCAL:
			*value = TimestampGetDatum(taken_at->local);
			return true;
		case TE_COL_TAKEN_AT_OFFSET:
			if (taken_at->source == NULL)
				return false;
			*value = te_column_integer(attachment, column, taken_at->offset_minutes);
			return true;
		default:
			return text_value(attachment, column, taken_at->source, value);
	}
}

static bool
integer_value(const TeJob *job, TeColumn column, uint32 fact, int64 number, Datum *value)
{
	if ((job->task.reply.facts.known & fact) == 0)
		return false;
	*value = te_column_integer(job->asset.attachment, column, number);
	return true;
}

static bool
double_value(const TeJob *job, uint32 fact, double number, Datum *value)
{
	*value = Float8GetDatum(number);
	return (job->task.reply.facts.known & fact) != 0;
}

/* A column of a number or of bytes that TeFacts has. */
static bool
fact_value(const TeJob *job, TeColumn column, Datum *value)
{
	const TeFacts *facts = &job->task.reply.facts;

	switch (column)
	{
		case TE_COL_ISO:
			return integer_value(job, column, TE_FACT_ISO, facts->iso, value);
		case TE_COL_F_NUMBER:
			return double_value(job, TE_FACT_F_NUMBER, facts->f_number, value);
		case TE_COL_EXPOSURE_TIME:
			return double_value(job, TE_FACT_EXPOSURE_TIME, facts->exposure_time, value);
		case TE_COL_FOCAL_LENGTH:
			return double_value(job, TE_FACT_FOCAL_LENGTH, facts->focal_length, value);
		case TE_COL_FOCAL_LENGTH_35MM:
			return double_value(job, TE_FACT_FOCAL_LENGTH_35MM, facts->focal_length_35mm, value);
		case TE_COL_ORIENTATION:
			return integer_value(job, column, TE_FACT_ORIENTATION, facts->orientation, value);
		case TE_COL_ALTITUDE:
			return double_value(job, TE_FACT_ALTITUDE, facts->altitude, value);
		case TE_COL_DIRECTION:
			return double_value(job, TE_FACT_DIRECTION, facts->direction, value);
		case TE_COL_RATING:
			return integer_value(job, column, TE_FACT_RATING, facts->rating, value);
		case TE_COL_PICTURE_HASH:
			return integer_value(job, column, TE_FACT_PICTURE_HASH, (int64) facts->picture_hash, value);
		case TE_COL_FILE_HASH:
			return bytes_value(facts->file_hash, TE_FILE_HASH, (facts->known & TE_FACT_FILE_HASH) != 0, value);
		case TE_COL_THUMBHASH:
			return bytes_value(facts->thumbhash, facts->thumbhash_len, (facts->known & TE_FACT_THUMBHASH) != 0, value);
		default:
			return false;
	}
}

bool
te_column_value(const TeJob *job, TeColumn column, Datum *value)
{
	const TeAttachment *attachment = job->asset.attachment;
	const TeReply *reply = &job->task.reply;
	const TeReplyTexts *texts = &job->task.texts;

	switch (column)
	{
		case TE_COL_TAKEN_AT:
		case TE_COL_TAKEN_AT_LOCAL:
		case TE_COL_TAKEN_AT_OFFSET:
		case TE_COL_TAKEN_AT_OFFSET_SOURCE:
			return time_value(job, column, value);
		case TE_COL_CAMERA_MAKE:
			return text_value(attachment, column, texts->make, value);
		case TE_COL_CAMERA_MODEL:
			return text_value(attachment, column, texts->model, value);
		case TE_COL_GPS_LATITUDE:
			*value = Float8GetDatum(reply->latitude);
			return reply->has_gps;
		case TE_COL_GPS_LONGITUDE:
			*value = Float8GetDatum(reply->longitude);
			return reply->has_gps;
		case TE_COL_EXIF_METADATA:
			*value = job->json;
			return job->has_json;
		case TE_COL_LENS:
			return text_value(attachment, column, texts->lens, value);
		case TE_COL_TITLE:
			return text_value(attachment, column, texts->title, value);
		case TE_COL_DESCRIPTION:
			return text_value(attachment, column, texts->description, value);
		case TE_COL_KEYWORDS:
			return lines_value(attachment, column, texts->keywords, value);
		case TE_COL_FORMAT:
			return text_value(attachment, column, te_format_name(reply->format), value);
		case TE_COL_FILE_SIZE:
			*value = te_column_integer(attachment, column, job->source.size_bytes);
			return job->source.size_bytes > 0;
		default:
			return fact_value(job, column, value);
	}
}
