/*
 * array_text.h
 *		Several texts as one, as PostgreSQL writes an array of texts: {7,"a b"}.
 */
#ifndef TE_PG_ARRAY_TEXT_H
#define TE_PG_ARRAY_TEXT_H

#include "postgres.h"

/* The text of an array, exactly as PostgreSQL writes it.  Palloc'd. */
extern char *te_array_text(const char *const *values, int count);

/*
 * The values of such a text, as PostgreSQL reads it, palloc'd.  Returns their number; -1 if the text is malformed, has more than
 * "most" values, or if one of them is NULL or an array.
 */
extern int	te_array_text_parse(const char *text, char **values, int most);

#endif							/* TE_PG_ARRAY_TEXT_H */
