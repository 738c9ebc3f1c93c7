/*
 * text.h
 *		Is text from the other side what it should be?  (private to src/wire)
 */
#ifndef TE_WIRE_TEXT_H
#define TE_WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length of the character that text (of at least one byte) begins with: valid UTF-8 and no
 * control character (C0 with NUL, DEL, C1); 0 if it is not such a one.
 */
extern size_t te_text_character(const char *text, size_t length);

/* Nothing but such characters? */
extern bool te_text_clean(const char *text, size_t length);

/*
 * One JSON object that PostgreSQL's jsonb takes in every server encoding without
 * an error?  Stricter than JSON: clean text as above, objects and arrays at most
 * TE_JSON_DEPTH deep, numbers of at most TE_JSON_NUMBER characters with exponents that a double
 * can have, and \u escapes for ASCII except NUL only.  jsonb shows numbers without
 * exponents: all the digits this adds may not be more than TE_JSON_DIGITS.
 */
#define TE_JSON_DEPTH		8
#define TE_JSON_NUMBER		64
#define TE_JSON_EXPONENT	324
#define TE_JSON_DIGITS		(64 * 1024)
extern bool te_json_clean(const char *json, size_t length);

#endif							/* TE_WIRE_TEXT_H */
