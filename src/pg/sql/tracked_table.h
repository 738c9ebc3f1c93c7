/*
 * tracked_table.h
 *		Session cache of what the triggers need to know about their table.  Private to the trigger functions.
 */
#ifndef TE_PG_TRACKED_TABLE_H
#define TE_PG_TRACKED_TABLE_H

#include "postgres.h"

#include "access/attnum.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "utils/timestamp.h"

#include "pg/catalog/key_columns.h"

typedef enum TePlanKind
{
	TE_PLAN_INSERT,				/* transition table; ON CONFLICT queue again */
	TE_PLAN_DELETE,				/* transition table */
	TE_PLAN_DELETE_ONE,			/* attachment, version (unused), key */
	TE_PLAN_QUEUE_ONE,			/* attachment, version, key */
	TE_PLAN_EXISTS,				/* attachment, version (unused), new key */
	TE_PLAN_MOVE,				/* attachment, version, old key, new key */
	TE_PLAN_COUNT
} TePlanKind;

typedef struct TeTrackedTable
{
	Oid			relation;		/* hash key */
	bool		valid;			/* false if the definition has changed and must be read again */
	int			attachment;		/* its number; 0 = not attached */
	int			parent;			/* of a member: the number of the table that was named; otherwise 0 */
	int			folder;			/* of its thumbnails, as in TeAttachment */

	/*
	 * It is a shard that is looked through: a state that says "done" may just be inserted for a row that is deleted.  So what is deleted is
	 * queued: who claims it finds that its row is gone.
	 */
	bool		arrived;
	Oid			key_type;

	/*
	 * False, or 0, if there is no such column any more or its type does not fit.  A column of a user-defined type must never be
	 * used in a statement of ours: a cast of the user's would run with the extension's rights.
	 */
	bool		has_key;
	AttrNumber	path;
	AttrNumber	thumbnail_path; /* of type text; 0 if there is none */
	TeKeyColumns key;			/* its names are the next array */
	char		key_names[TE_KEY_MAX_COLUMNS][NAMEDATALEN];
	AttrNumber	key_numbers[TE_KEY_MAX_COLUMNS];
	char		state[2 * (2 * NAMEDATALEN + 3)];	/* the state table, qualified and quoted */
	SPIPlanPtr	plans[TE_PLAN_COUNT];	/* made by the caller; freed when the entry is read again */
	TimestampTz absent_at;		/* the statement for which it was found not to be attached */
} TeTrackedTable;

/* The entry of a trigger's table, read again if its definition has changed.  Inside SPI, with the extension's rights. */
extern TeTrackedTable *te_tracked_table(Oid relation);

/* The same entry, if nothing has to be read; otherwise NULL.  For triggers that are fired for each row. */
extern TeTrackedTable *te_tracked_table_known(Oid relation);

/*
 * The key of a row, as the state table has it; of several columns it is palloc'd.  False if it is NULL, or a text that is too
 * long.
 */
extern bool te_tracked_key(const TeTrackedTable *table, TupleTableSlot *row, Datum *key);

/* Are two keys of the table's the same? */
extern bool te_tracked_same_key(const TeTrackedTable *table, Datum one, Datum other);

/* A copy of the key in this memory. */
extern Datum te_tracked_key_copy(const TeTrackedTable *table, Datum key, MemoryContext context);

/* A text of a row; NULL if it is NULL, or there is no such column (0). */
extern char *te_tracked_text(TupleTableSlot *row, AttrNumber column);

#endif							/* TE_PG_TRACKED_TABLE_H */
