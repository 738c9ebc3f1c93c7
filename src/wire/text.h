/*
 * text.h
 *		Is text from the other side what it should be?  (private to src/wire)
 */
#ifndef TE_WIRE_TEXT_H
#define TE_WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Valid UTF-8 without control characters (C0 with NUL, DEL, C1)? */
extern bool te_text_clean(const char *text, size_t length);

/*
 * One JSON object that PostgreSQL's jsonb takes in every server encoding without
 * an error?  Stricter than JSON: clean text as above, objects and arrays at most
 * TE_JSON_DEPTH deep, numbers of at most TE_JSON_NUMBER characters with exponents of at
 * most three digits, and \u escapes for ASCII except NUL only.
 */
#define TE_JSON_DEPTH	8
#define TE_JSON_NUMBER	64
extern bool te_json_clean(const char *json, size_t length);

#endif							/* TE_WIRE_TEXT_H */
