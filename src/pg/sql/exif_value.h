/*
 * exif_value.h
 *		One value of an EXIF object, for the functions that read them without ever failing.
 *
 * The jsonb may be any: a user's, with other types than those that thumbexif writes.
 */
#ifndef TE_PG_EXIF_VALUE_H
#define TE_PG_EXIF_VALUE_H

#include "postgres.h"

#include "utils/jsonb.h"

/* The value of a key.  False if there is none, or if the jsonb is no object. */
extern bool te_exif_value_get(const Jsonb *exif, const char *key, int key_length, JsonbValue *value);

/*
 * A number, or one that a text stands for ("400", "0.5", "1/60"); the first one of an array.  False if there is none, or if
 * it is not finite.
 */
extern bool te_exif_value_number(const JsonbValue *value, double *number);

/* Up to "count" numbers of an array, which has no others.  False if these are not all numbers, or if there are fewer. */
extern bool te_exif_value_numbers(const JsonbValue *value, double *numbers, int count);

/*
 * The value as text, palloc'd: a text without blanks at its end; the texts of an array, separated by commas.  NULL if nothing
 * is left, and for null and objects.
 */
extern char *te_exif_value_text(const JsonbValue *value);

/*
 * A value as people read it, as thumbexif_display() gives it, palloc'd; "exif" is the object that it is of.  At most 1000
 * bytes.  NULL as for te_exif_value_text().
 */
extern char *te_exif_display(const Jsonb *exif, const char *key, const JsonbValue *value);

#endif							/* TE_PG_EXIF_VALUE_H */
