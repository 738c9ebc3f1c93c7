/*
 * values.c
 *		A decoder's reply as SQL values: encodings, time zones, jsonb, errors.
 *
 * Texts come from files of anybody's and through a decoder that may have been
 * taken over by one, so nothing here may fail because of what is in them.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"

#include "guc.h"
#include "values.h"

#define MAX_SHOWN_PATH	1024		/* bytes of a path in an error message */

/*
 * Append what the server's encoding can hold of the beginning of a text.
 * Returns how many bytes of it that was.
 */
static int
append_convertible(StringInfo out, Oid conversion, const char *utf8, int length)
{
	int			encoding = GetDatabaseEncoding();
	int			done;

	if (encoding == PG_UTF8)
	{
		done = pg_encoding_verifymbstr(PG_UTF8, utf8, length);
		appendBinaryStringInfo(out, utf8, done);
	}
	else if (OidIsValid(conversion))
	{
		/* so large that the conversion never stops for lack of room */
		Size		size = (Size) (length + 1) * MAX_CONVERSION_GROWTH + 1;
		unsigned char *converted = palloc(size);

		done = pg_do_encoding_conversion_buf(conversion, PG_UTF8, encoding,
											 (unsigned char *) unconstify(char *, utf8), length,
											 converted, (int) size, true);
		appendStringInfoString(out, (char *) converted);
		pfree(converted);
	}
	else
	{
		for (done = 0; done < length && !IS_HIGHBIT_SET(utf8[done]); done++)
			appendStringInfoChar(out, utf8[done]);
	}
	return done;
}

char *
te_text_to_server(const char *utf8)
{
	int			encoding = GetDatabaseEncoding();
	Oid			conversion = InvalidOid;
	StringInfoData out;
	int			length;

	if (utf8 == NULL)
		return NULL;
	if (encoding == PG_SQL_ASCII)
		return pstrdup(utf8);
	if (encoding != PG_UTF8)
		conversion = FindDefaultConversionProc(PG_UTF8, encoding);

	initStringInfo(&out);
	length = (int) strlen(utf8);
	while (length > 0)
	{
		int			done = append_convertible(&out, conversion, utf8, length);

		if (done < length)
		{
			/* the character that stopped it, with its continuation bytes */
			appendStringInfoChar(&out, '?');
			do
				done++;
			while (done < length && ((unsigned char) utf8[done] & 0xC0) == 0x80);
		}
		utf8 += done;
		length -= done;
	}
	return out.data;
}

Datum
te_exif_jsonb(const char *json)
{
	char	   *text = te_text_to_server(json);
	Datum		result = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));

	pfree(text);
	return result;
}

bool
te_taken_at(const TeTime *time, TimestampTz *result)
{
	struct pg_tm tm = {
		.tm_year = time->year,
		.tm_mon = time->month,
		.tm_mday = time->day,
		.tm_hour = time->hour,
		.tm_min = time->minute,
		.tm_sec = time->second,
		.tm_isdst = -1
	};
	int			zone;			/* seconds, west of UTC positive */

	if (time->has_offset)
		zone = -time->offset_minutes * SECS_PER_MINUTE;
	else
		zone = DetermineTimeZoneOffset(&tm, pg_tzset(te_default_timezone));
	return tm2timestamp(&tm, time->microsecond, &zone, result) == 0;
}

const char *
te_status_hint(int status)
{
	switch (status)
	{
		case TE_UNSUPPORTED:
			return "thumbexif_version() lists the formats that can be read here.";
		case TE_CORRUPT:
		case TE_TRUNCATED:
		case TE_EMPTY:
			return "Replace the file with an intact copy.";
		case TE_TOO_MANY_PIXELS:
			return "A superuser can raise \"thumbexif.max_pixels\".";
		case TE_FILE_TOO_LARGE:
			return "A superuser can raise \"thumbexif.max_file_size\".";
		case TE_OUT_OF_MEMORY:
			return "A superuser can raise \"thumbexif.decoder_memory\".";
		case TE_TIMEOUT:
			return "A superuser can raise \"thumbexif.decode_timeout\".";
		case TE_CRASHED:
		case TE_BAD_REPLY:
			return "The image may be corrupt, or the server short of memory; the server's log may tell more.";
		case TE_IO_ERROR:
			return "Check the disk or network share that holds the file.";
		case TE_IN_USE:
			return "Another program holds a lease on the file, and was asked to give it up. Try again.";
		case TE_DENIED:
			return "The operating system user of the server must be able to read the file and to search its folders.";
		case TE_MISSING:
			return "A relative path lies beneath the first folder of \"thumbexif.image_roots\"; "
				"symbolic links must not lead out of the folder.";
		case TE_NOT_ENCODED:
			return "Try another \"thumbexif.thumbnail_format\".";
		default:
			return NULL;
	}
}

char *
te_status_message(int status, const char *words)
{
	if (words == NULL)
		return pstrdup(te_status_text(status));
	return psprintf("%s: %s", te_status_text(status), te_text_to_server(words));
}

void
te_throw_status(int status, const char *path, const char *words)
{
	const char *state = te_status_sqlstate(status);
	const char *hint = te_status_hint(status);
	int			shown = path ? pg_mbcliplen(path, (int) strlen(path), MAX_SHOWN_PATH) : 0;

	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
			 path ? errmsg("%s: \"%.*s\"", te_status_text(status), shown, path)
			 : errmsg_internal("%s", te_status_text(status)),
			 words ? errdetail("The decoder reports: %s", te_text_to_server(words)) : 0,
			 hint ? errhint("%s", hint) : 0));
}
