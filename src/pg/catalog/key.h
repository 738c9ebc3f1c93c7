/*
 * key.h
 *		The key of an asset: an integer, a uuid or a text.
 *
 * Most functions take a type: for statements on the user's table that of its key column (smallint, integer, bigint,
 * uuid, or text, also for varchar), for statements on a state table te_key_state_type() of it.  Texts are compared by
 * their bytes, whatever the collation of the user's column is.
 */
#ifndef TE_PG_KEY_H
#define TE_PG_KEY_H

#include "postgres.h"

#include "access/attnum.h"
#include "utils/relcache.h"
#include "utils/uuid.h"

#include "attachment.h"
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

/* SQL for a column of the user's table as a key: in the order of te_key_compare(), for a type as above.  Palloc'd. */
extern char *te_key_sql(Oid type, const char *column);

/* SQL that tells whether a column, as te_key_sql() gives it, can be a key; palloc'd. */
extern char *te_key_fits_sql(Oid type, const char *key_sql);

/*
 * Convert an argument "id" of an SQL function (bigint, uuid or text) to a key of the attached table.  ERROR if its type
 * does not fit or its text is invalid.  False if it is out of the range of the key column, so that no row can have it:
 * then te_key_text() of the state table's type shows what was given.
 */
extern bool te_key_from_argument(const TeAttachment *attachment, Oid type, Datum value, TeKey *key);

/* ERROR that a key has no row. */
pg_noreturn extern void te_key_unknown(const TeAttachment *attachment, const char *key);

/* Is there a unique index on this column of a table alone, neither partial nor deferrable? */
extern bool te_key_is_unique(Relation relation, AttrNumber column);

#endif							/* TE_PG_KEY_H */
