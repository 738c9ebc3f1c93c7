/*
 * statement.h
 *		SQL statements with parameters, whose plans are kept.
 *
 * Everything here needs an SPI connection.  A snapshot is held only while a
 * statement runs, so that none is left when a procedure waits for a decoder.
 * The result is in SPI_tuptable until te_sql_free(), and the te_out_
 * functions read it.
 */
#ifndef TE_PG_STATEMENT_H
#define TE_PG_STATEMENT_H

#include "postgres.h"

#include "executor/spi.h"

#define TE_MAX_ARGS 32

typedef struct TeArgs
{
	int			count;
	Oid			types[TE_MAX_ARGS];
	Datum		values[TE_MAX_ARGS];
	char		nulls[TE_MAX_ARGS]; /* 'n' or ' ', as SPI has it */
} TeArgs;

extern void te_arg(TeArgs *args, Oid type, Datum value);
extern void te_arg_null(TeArgs *args, Oid type);
extern void te_arg_int4(TeArgs *args, int32 value);
extern void te_arg_int8(TeArgs *args, int64 value);
extern void te_arg_int8_array(TeArgs *args, const int64 *values, int count);
extern void te_arg_text(TeArgs *args, const char *value);	/* NULL is NULL */

/*
 * Run a statement and return how many rows it gave or changed.  The plan is kept for some time, by
 * the text and the types of its parameters.  Whenever PostgreSQL analyses the text, also when a plan
 * has become invalid, the relations that its names lead to are compared with those that are meant: ERROR
 * if another has taken a name.
 *
 * te_sql: as whoever we are, on our own tables and catalogs.
 * te_sql_as_extension: the same with the extension's rights.
 * te_sql_as_owner: on one relation, as its owner in a security-restricted operation, in the worker with a limit (time_limit.h).
 * te_sql_as_caller: on one relation, as whoever we are, in a security-restricted operation.
 */
extern uint64 te_sql(const char *sql, const TeArgs *args);
extern uint64 te_sql_as_extension(const char *sql, const TeArgs *args);
extern uint64 te_sql_as_owner(Oid relation, Oid owner, const char *sql, const TeArgs *args);
extern uint64 te_sql_as_caller(Oid relation, const char *sql, const TeArgs *args);

/* Install the hook that compares.  Called once, when the library is loaded. */
extern void te_statement_install(void);

/*
 * With the extension's rights, and by an index however old the table's statistics are: with a million
 * entries in a queue every other way takes seconds.
 */
extern uint64 te_sql_by_index(const char *sql, const TeArgs *args);

/* Values of the result; rows from 0, columns from 1.  Texts are palloc'd; NULL gives otherwise, NULL or false. */
extern bool te_out_null(int row, int column);
extern Datum te_out(int row, int column);
extern int64 te_out_int(int row, int column, int64 otherwise);	/* of any of the integer types, or a timestamptz */
extern char *te_out_text(int row, int column);
extern void te_sql_free(void);

#endif							/* TE_PG_STATEMENT_H */
