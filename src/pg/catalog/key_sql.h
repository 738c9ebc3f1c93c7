/*
 * key_sql.h
 *		SQL about the key of a row of the user's table, of one or several columns.
 *
 * The key is one value in every parameter and result, of the attachment's key_type.  Of several columns it is a text, which the
 * statement takes apart, so that it finds rows by the index on these columns.  "alias" comes before the name of each column, with
 * a dot at its end: "t.", or "".  All results are palloc'd.
 */
#ifndef TE_PG_KEY_SQL_H
#define TE_PG_KEY_SQL_H

#include "postgres.h"

#include "key_columns.h"

/* The columns, separated by commas, with "suffix" behind each. */
extern char *te_key_list_sql(const TeKeyColumns *key, const char *alias, const char *suffix);

/* The key, in the order of te_key_compare(). */
extern char *te_key_sql(const TeKeyColumns *key, const char *alias);

/* The key as te_out_key() reads it, of its type also if that of a column has just changed. */
extern char *te_key_out_sql(const TeKeyColumns *key, const char *alias);

/* Is no key of these columns too long, whatever their values are? */
extern bool te_key_always_fits(const TeKeyColumns *key);

/* Conditions: can it be a key, which NULL and a long text cannot?  Is any column of two rows different? */
extern char *te_key_fits_sql(const TeKeyColumns *key, const char *alias);
extern char *te_key_differs_sql(const TeKeyColumns *key, const char *alias, const char *other);

/* A condition: is it one of the keys of an array? */
extern char *te_key_any_sql(const TeKeyColumns *key, const char *alias, const char *array);

/* A condition: is it the key with a number among those of a parameter, as te_arg_row_keys() adds it? */
extern char *te_key_equals_nth_sql(const TeKeyColumns *key, const char *alias, const char *parameter, const char *number);

/* Conditions: is it this key, or after it in the order of the columns?  "value" is SQL for the other key. */
extern char *te_key_equals_sql(const TeKeyColumns *key, const char *alias, const char *value);
extern char *te_key_after_sql(const TeKeyColumns *key, const char *alias, const char *value);

#endif							/* TE_PG_KEY_SQL_H */
