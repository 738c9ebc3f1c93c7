/*
 * reply_values.c
 *		Converts a decoder's reply to SQL values: text, timestamptz and jsonb.
 *
 * The texts are untrusted: they come from image files, through a decoder that an image may control.  Nothing here fails
 * because of their content.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"

#include "pg/base/guc.h"
#include "reply_values.h"

/* Convert and append the longest convertible prefix of a text.  Returns its length in bytes. */
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
		/* large enough for any conversion */
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
			/* replace the character that could not be converted, with its continuation bytes */
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
te_taken_at(const TeTime *time, TeTakenAt *result)
{
	static const char *const sources[] = {
		[TE_OFFSET_NONE] = "setting",[TE_OFFSET_EXIF] = "exif",[TE_OFFSET_GPS] = "gps"
	};
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

	if (time->has_offset != TE_OFFSET_NONE)
		zone = -time->offset_minutes * SECS_PER_MINUTE;
	else
		zone = DetermineTimeZoneOffset(&tm, pg_tzset(te_default_timezone));
	result->offset_minutes = -zone / SECS_PER_MINUTE;
	result->source = zone % SECS_PER_MINUTE == 0 ? sources[time->has_offset] : NULL;
	return tm2timestamp(&tm, time->microsecond, &zone, &result->instant) == 0 &&
		tm2timestamp(&tm, time->microsecond, NULL, &result->local) == 0;
}

Timestamp
te_wall_clock(TimestampTz time)
{
	struct pg_tm tm;
	fsec_t		microsecond;
	int			zone;
	Timestamp	result;

	if (timestamp2tm(time, &zone, &tm, &microsecond, NULL, pg_tzset(te_default_timezone)) != 0 ||
		tm2timestamp(&tm, microsecond, NULL, &result) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range"),
				 errhint("Check \"thumbexif.default_timezone\".")));
	return result;
}
