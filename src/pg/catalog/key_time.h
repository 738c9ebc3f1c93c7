/*
 * key_time.h
 *		Dates and times as values of a key of several columns.
 *
 * In the text of a key they are as PostgreSQL writes them into JSON, whatever DateStyle and TimeZone are: 2024-05-01, 2024-05-01T10:00:00.5,
 * of type timestamptz in UTC, 2024-05-01T10:00:00.5+00:00; also "0044-03-15 BC", infinity and -infinity.
 */
#ifndef TE_PG_KEY_TIME_H
#define TE_PG_KEY_TIME_H

#include "postgres.h"

#include "fmgr.h"

/* Is it date, timestamp or timestamptz? */
extern bool te_key_is_time(Oid type);

/* The text of a value, palloc'd, and the most characters that it can have, with the quotes that it needs in an array. */
extern char *te_key_time_text(Oid type, Datum value);
extern int	te_key_time_length(Oid type);

/*
 * SQL for the same text.  It calls nothing of ours, which the table's owner may have no right to call.  It is not immutable: indexes have
 * thumbexif_key_value().  "value" is SQL of the type; palloc'd.
 */
extern char *te_key_time_sql(Oid type, const char *value);

/* The input function of the type, which reads any notation that the session's settings permit. */
extern PGFunction te_key_time_input(Oid type);

#endif							/* TE_PG_KEY_TIME_H */
