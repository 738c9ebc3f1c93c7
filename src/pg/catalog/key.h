/*
 * key.h
 *		The key of an asset: a whole number or a uuid.
 *
 * Functions take the type to work in: the key column's own (smallint, integer,
 * bigint or uuid) for statements on the user's table, te_key_state_type() of it for our own.
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

/* bigint or uuid: the type of "id" in the state table. */
extern Oid	te_key_state_type(Oid type);

/* In the order of the type's index. */
extern int	te_key_compare(Oid type, const TeKey *a, const TeKey *b);

/* To and from a Datum of the type; that of a uuid points into the key. */
extern Datum te_key_datum(Oid type, const TeKey *key);
extern void te_key_set(Oid type, Datum value, TeKey *key);

/* The key in the result of a statement (statement.h); ERROR if it is NULL or not of that type. */
extern void te_out_key(int row, int column, Oid type, TeKey *key);

/* The key as text, palloc'd. */
extern char *te_key_text(Oid type, const TeKey *key);

/* An array of the type, palloc'd, and the type of such arrays. */
extern Datum te_key_array(Oid type, const TeKey *keys, int count);
extern Oid	te_key_array_type(Oid type);

/*
 * An argument "id" of an SQL function (bigint, uuid or text) as a key of the
 * attached table.  ERRORs with a hint: the wrong kind, or text that is not one.  False if no
 * row can have it, being too large for the column.
 */
extern bool te_key_from_argument(const TeAttachment *attachment, Oid type, Datum value, TeKey *key);

/* The ERROR for a key without a row. */
pg_noreturn extern void te_key_unknown(const TeAttachment *attachment, const char *key);

#endif							/* TE_PG_KEY_H */
