/*
 * reply_values.h
 *		A decoder's reply as SQL values: encodings, time zones, jsonb.
 */
#ifndef TE_PG_REPLY_VALUES_H
#define TE_PG_REPLY_VALUES_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "pg/compat.h"
#include "pg/pool/pool.h"

/*
 * Palloc'd text of UTF-8 in the database's encoding; what it cannot hold becomes
 * '?' (a SQL_ASCII database gets the bytes as they are).  NULL stays NULL.  Never
 * throws because of the text.  Needs a transaction, as all here do.
 */
extern char *te_text_to_server(const char *utf8);

/*
 * The EXIF of a reply as jsonb, palloc'd.  te_reply_check() has seen to it that
 * jsonb takes it in every encoding.
 */
extern Datum te_exif_jsonb(const char *json);

/*
 * What a camera's wall clock means, in its own offset or else in
 * thumbexif.default_timezone.  False if out of timestamptz's range.
 */
extern bool te_taken_at(const TeTime *time, TimestampTz *result);

/*
 * Raise the ERROR for an outcome (not TE_OK) of a path (or NULL for a bytea),
 * with the decoder's words, if there are any, as detail and a hint.
 */
pg_noreturn extern void te_throw_status(int status, const char *path, const char *words);

/*
 * One line for the state table and a WARNING: the status' text, and the decoder's
 * words, if there are any, behind it.  Palloc'd, server encoding.
 */
extern char *te_status_message(int status, const char *words);

/* A hint that names the setting to change, or NULL. */
extern const char *te_status_hint(int status);

#endif							/* TE_PG_REPLY_VALUES_H */
