/*
 * key.h
 *		The key of an asset: an integer, a uuid or a text.
 *
 * A key of several columns is a text: that of the array of their values, as PostgreSQL writes it, for example {7,42}.  The same
 * values always have the same text.
 *
 * Most functions take a type: for statements on the user's table that of its key column (smallint, integer, bigint,
 * uuid, or text, also for varchar), for statements on a state table te_key_state_type() of it.  Texts are compared by
 * their bytes, whatever the collation of the user's column is.
 */
#ifndef TE_PG_KEY_H
#define TE_PG_KEY_H

#include "postgres.h"

#include "utils/uuid.h"

#include "attachment.h"
#include "pg/base/statement.h"
#include "pg/compat.h"

#define TE_KEY_MAX_TEXT		127 /* bytes of a text; rows with longer keys are refused */

typedef union TeKey				/* without pointers, as keys are copied and outlive what they were read from */
{
	int64		number;
	pg_uuid_t	uuid;
	char		text[TE_KEY_MAX_TEXT + 1];
} TeKey;

/* The type of "id" in the state table: bigint, uuid or text. */
extern Oid	te_key_state_type(Oid type);

/* Compare in the order of the type's btree operator class, texts in that of collation "C". */
extern int	te_key_compare(Oid type, const TeKey *a, const TeKey *b);

/* A key as Datum of the type; for a uuid it points into the key, for a text it is palloc'd. */
extern Datum te_key_datum(Oid type, const TeKey *key);

/* Read a key from the result of a statement (statement.h).  ERROR if it is NULL or of another type. */
extern void te_out_key(int row, int column, Oid type, TeKey *key);

/* The key as text, palloc'd, and the most characters that it can have. */
extern char *te_key_text(Oid type, const TeKey *key);
extern int	te_key_text_length(Oid type);

/* A palloc'd array of the type, and its array type. */
extern Datum te_key_array(Oid type, const TeKey *keys, int count);
extern Oid	te_key_array_type(Oid type);

/*
 * Add the keys of rows as one array parameter, for te_key_equals_nth_sql(): for several columns it has the values of all of them, so that
 * the statement need not take texts apart.
 */
extern void te_arg_row_keys(TeArgs *args, const TeAttachment *attachment, const TeKey *keys, int count);

/*
 * A value of one of several key columns as it stands in the text of the key, palloc'd; NULL if a text is longer than a key may be.
 */
extern char *te_key_part_text(Oid type, Datum value);

/*
 * Convert an argument "id" of an SQL function (bigint, uuid or text) to a key of the attached table.  ERROR if its type
 * does not fit or its text is invalid.  False if it is out of the range of the key column, so that no row can have it:
 * then te_key_text() of the state table's type shows what was given.
 */
extern bool te_key_from_argument(const TeAttachment *attachment, Oid type, Datum value, TeKey *key);

/* ERROR that a key has no row. */
pg_noreturn extern void te_key_unknown(const TeAttachment *attachment, const char *key);

#endif							/* TE_PG_KEY_H */
