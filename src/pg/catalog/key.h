/*
 * key.h
 *		The key of an asset: an integer or a uuid.
 *
 * Most functions take a type: for statements on the user's table that of its key column (smallint, integer, bigint
 * or uuid), for statements on a state table te_key_state_type() of it.
 */
#ifndef TE_PG_KEY_H
#define TE_PG_KEY_H

#include "postgres.h"

#include "utils/uuid.h"

#include "attachment.h"
#include "pg/compat.h"

typedef struct TeKey
{
	int64		number;			/* unless the key is a uuid */
	pg_uuid_t	uuid;
} TeKey;

/* The type of "id" in the state table: bigint or uuid. */
extern Oid	te_key_state_type(Oid type);

/* Compare in the order of the type's btree operator class. */
extern int	te_key_compare(Oid type, const TeKey *a, const TeKey *b);

/* A key as Datum of the type; for a uuid it points into the key. */
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
 * Convert an argument "id" of an SQL function (bigint, uuid or text) to a key of the attached table.  ERROR if its type
 * does not fit or its text is invalid.  False if it is out of the range of the key column, so that no row can have it.
 */
extern bool te_key_from_argument(const TeAttachment *attachment, Oid type, Datum value, TeKey *key);

/* ERROR that a key has no row. */
pg_noreturn extern void te_key_unknown(const TeAttachment *attachment, const char *key);

#endif							/* TE_PG_KEY_H */
