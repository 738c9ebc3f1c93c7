/*
 * attach_check.h
 *		Checks on a table and its columns before it is attached.  Private to attach*.c.
 */
#ifndef TE_PG_ATTACH_CHECK_H
#define TE_PG_ATTACH_CHECK_H

#include "postgres.h"

#include "pg/catalog/attachment.h"
#include "pg/compat.h"
#include "utils/relcache.h"

typedef enum TeGivenFacts
{
	TE_FACTS_OF_NEW_TABLES,		/* a table that is created has them and they are mapped */
	TE_FACTS_THAT_FIT,			/* also those of an existing table whose name and type fit */
	TE_FACTS_NAMED				/* none but those that are named */
} TeGivenFacts;

/*
 * The parameters of thumbexif_attach() that name columns, in its order.  NULL = the column
 * that was mapped before, or else the standard name, if the table has such a column, "" = no column.
 */
typedef struct TeGivenColumns
{
	const char *key;
	const char *path;
	const char *column[TE_COLUMNS];
	TeGivenFacts facts;			/* about facts (column.h), which their standard names alone do not map */
	const char *notify;			/* not a column, but given with these, as is the next */
	const char *sizes;
	const char *former_shards;	/* of a distributed table, as the text of an array */
	bool		paused;			/* the table is, on the other nodes of its cluster */
	TeTracking	tracking;		/* as te_attach_choose_tracking() says */
} TeGivenColumns;

/* The columns that were found. */
typedef struct TeMapping
{
	TeKeyColumns key;
	Oid			key_type;		/* as an attachment has it */
	const char *path;
	const char *column[TE_COLUMNS]; /* NULL = absent or refused, skipped */
	bool		refused[TE_COLUMNS];	/* an empty name was given */
} TeMapping;

#define TE_STANDARD_KEY		"id"
#define TE_STANDARD_PATH	"path"

/* ERROR unless the relation is an ordinary or partitioned, permanent table that is no partition and neither inherits nor is inherited from. */
extern void te_attach_check_relation(Relation relation);

/* Name the columns that are mapped already and for which no name is given. */
extern void te_attach_keep(const TeAttachment *old, TeGivenColumns *given);

/* Find the columns.  ERROR if one does not exist or has an unsuitable type. */
extern void te_attach_map(Relation relation, const TeGivenColumns *given, TeMapping *mapping);

/*
 * The column that a parameter names, or that has the parameter's name if "given" is NULL.  ERROR if it does not exist.  Returns its
 * name.
 */
extern const char *te_attach_find_column(Relation relation, const char *parameter, const char *given, TeColumnInfo *info);

/* ERROR that a column has an unsuitable type. */
pg_noreturn extern void te_attach_throw_type(Relation relation, const char *name, Oid type, const char *wanted);

/* Has a table a column with the name and a type of a fact, that could be mapped to it? */
extern bool te_attach_fact_fits(Oid relation, TeColumn column);

/* WARNING if thumbnail_dir lies within one of image_roots. */
extern void te_attach_check_folders(void);

#endif							/* TE_PG_ATTACH_CHECK_H */
