/*
 * column_value.h
 *		The values that a job has found for the columns of a row.
 */
#ifndef TE_PG_COLUMN_VALUE_H
#define TE_PG_COLUMN_VALUE_H

#include "postgres.h"

#include "job.h"

/*
 * The value that was found for a mapped column, palloc'd, as the type in which row_update.c passes it; false if there is none.
 * Texts are cut to the length of their columns.  Keywords are one text, with line ends between them.
 */
extern bool te_column_value(const TeJob *job, TeColumn column, Datum *value);

/* A whole number for a column of one of the integer types. */
extern Datum te_column_integer(const TeAttachment *attachment, TeColumn column, int64 number);

/* Lines in a text as text[]. */
extern Datum te_lines_array(Datum lines_text);

#endif							/* TE_PG_COLUMN_VALUE_H */
