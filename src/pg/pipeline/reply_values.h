/*
 * reply_values.h
 *		Converts a decoder's reply to SQL values: text, timestamptz and jsonb.
 */
#ifndef TE_PG_REPLY_VALUES_H
#define TE_PG_REPLY_VALUES_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "wire/message.h"

/*
 * Convert UTF-8 to the server's encoding, palloc'd; '?' replaces characters that it does not have (SQL_ASCII gets the bytes
 * unchanged).  NULL stays NULL.  Never throws because of the content.  Needs a transaction, like all functions here.
 */
extern char *te_text_to_server(const char *utf8);

/*
 * The EXIF of a reply as jsonb, palloc'd.  te_reply_check() has verified that jsonb_in accepts it in every encoding.
 */
extern Datum te_exif_jsonb(const char *json);

/* When a photo was taken. */
typedef struct TeTakenAt
{
	TimestampTz instant;
	Timestamp	local;			/* what the camera's clock showed */
	int			offset_minutes; /* east of UTC positive: instant = local - offset */
	const char *source;			/* "exif", "gps" or "setting"; NULL if the offset is no whole number of minutes */
} TeTakenAt;

/*
 * Convert a camera's local time by its own offset, or else by thumbexif.default_timezone.  False if it is out of range.
 */
extern bool te_taken_at(const TeTime *time, TeTakenAt *result);

/* What a clock in thumbexif.default_timezone shows at that time. */
extern Timestamp te_wall_clock(TimestampTz time);

#endif							/* TE_PG_REPLY_VALUES_H */
