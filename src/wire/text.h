/*
 * text.h
 *		Checks of text and JSON from a decoder.
 */
#ifndef TE_WIRE_TEXT_H
#define TE_WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length of the first character of a text of at least one byte; 0 if it is not valid UTF-8
 * or a control character (C0 with NUL, DEL, C1).
 */
extern size_t te_text_character(const char *text, size_t length);

/* Does the text consist of such characters only?  The second also takes tabs and line ends. */
extern bool te_text_clean(const char *text, size_t length);
extern bool te_text_lines_clean(const char *text, size_t length);

/*
 * Is it one JSON object that jsonb accepts in every server encoding?  Stricter than JSON:
 * clean text as above, objects and arrays at most TE_JSON_DEPTH deep, numbers of at most
 * TE_JSON_NUMBER characters with exponents within the range of a double, and \u escapes for
 * ASCII except NUL only.  jsonb writes numbers without exponents: the digits that this adds
 * are limited to TE_JSON_DIGITS.
 */
#define TE_JSON_DEPTH		8
#define TE_JSON_NUMBER		64
#define TE_JSON_EXPONENT	324
#define TE_JSON_DIGITS		(64 * 1024)
extern bool te_json_clean(const char *json, size_t length);

#endif							/* TE_WIRE_TEXT_H */
