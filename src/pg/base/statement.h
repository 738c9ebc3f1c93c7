/*
 * statement.h
 *		SQL statements with parameters and cached plans.
 *
 * All functions need an SPI connection.  A snapshot is held only while a statement runs, so a
 * procedure holds none while it waits for a decoder.  The result is in SPI_tuptable until
 * te_sql_free(); the te_out_ functions read it.
 */
#ifndef TE_PG_STATEMENT_H
#define TE_PG_STATEMENT_H

#include "postgres.h"

#include "executor/spi.h"

#define TE_MAX_ARGS 40

typedef struct TeArgs
{
	int			count;
	Oid			types[TE_MAX_ARGS];
	Datum		values[TE_MAX_ARGS];
	char		nulls[TE_MAX_ARGS]; /* 'n' or ' ', as in SPI */
	bool		planned_for_them;	/* each time: Citus needs that, if rows of many nodes are meant, and a hash table of an array */

	/*
	 * If set, it is called for each row of the result, which is not kept: to copy thousands of rows takes longer than to read
	 * them.  The te_out_ functions then read this row, whatever row they are asked for.  It must run no statement.
	 */
	void		(*each) (void *arg);
	void	   *each_arg;
} TeArgs;

extern void te_arg(TeArgs *args, Oid type, Datum value);
extern void te_arg_null(TeArgs *args, Oid type);
extern void te_arg_int4(TeArgs *args, int32 value);
extern void te_arg_int8(TeArgs *args, int64 value);
extern void te_arg_int8_array(TeArgs *args, const int64 *values, int count);
extern void te_arg_text(TeArgs *args, const char *value);	/* NULL is passed as NULL */

/*
 * An array of "count" values of a type; nulls is NULL if none of them is.  A statement over several arrays takes its values by
 * subscript from generate_series(1, count): that costs a fraction of unnest(), which copies each value of each array twice.
 */
extern void te_arg_array(TeArgs *args, Oid type, Datum *values, bool *nulls, int count);

/*
 * Run a statement and return the number of rows returned or changed.  Plans are cached by text
 * and parameter types.  Whenever PostgreSQL analyzes the text, also after an invalidation, the
 * relations that it resolves to are checked: ERROR if a name refers to another relation than
 * intended.
 *
 * te_sql: as the current user, on the extension's tables and catalogs.
 * te_sql_as_extension: the same, with the rights of the extension's owner.
 * te_sql_read: the same, reading in the active snapshot, as a STABLE function does.
 * te_sql_as_owner: on one relation, as its owner in a security-restricted operation, in the
 *     worker with a time limit (time_limit.h).
 * te_sql_as_caller: on one relation, as the current user, in a security-restricted operation.
 * te_sql_read_as_caller: the same, reading in the active snapshot, with search_path pg_catalog or the session's.
 *
 * The last three run with the search_path that is kept with the table (run_as.h), so their statements must bind every
 * name to a schema, operators included.
 */
extern uint64 te_sql(const char *sql, const TeArgs *args);
extern uint64 te_sql_as_extension(const char *sql, const TeArgs *args);
extern uint64 te_sql_read(const char *sql, const TeArgs *args);
extern uint64 te_sql_as_owner(Oid relation, Oid owner, const char *search_path, const char *sql, const TeArgs *args);
extern uint64 te_sql_as_caller(Oid relation, const char *search_path, const char *sql, const TeArgs *args);
extern uint64 te_sql_read_as_caller(Oid relation, const char *sql, const TeArgs *args);

/* Install the hook that checks relations.  Called once, when the library is loaded. */
extern void te_statement_install(void);

/*
 * As te_sql_as_extension and te_sql_read, but always using an index: with outdated statistics and a queue of a
 * million entries other plans take seconds.
 */
extern uint64 te_sql_by_index(const char *sql, const TeArgs *args);
extern uint64 te_sql_read_by_index(const char *sql, const TeArgs *args);

/* In this GUC nest level, have statements planned as te_sql_by_index() does. */
extern void te_set_index_only(void);

/*
 * Values of the result; rows start at 0, columns at 1.  Texts are palloc'd.  For NULL the
 * functions return default_value, NULL or false.
 */
extern bool te_out_null(int row, int column);
extern Datum te_out(int row, int column);
extern Oid	te_out_type(int column);
extern int64 te_out_int(int row, int column, int64 default_value);	/* any integer type, or timestamptz */
extern char *te_out_text(int row, int column);
extern void te_sql_free(void);

#endif							/* TE_PG_STATEMENT_H */
