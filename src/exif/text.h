/*
 * text.h
 *		Converts text of EXIF values, whose encoding is not declared, to clean UTF-8
 *		(private to src/exif).
 */
#ifndef TE_EXIF_TEXT_H
#define TE_EXIF_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exif/json.h"

/* Length of a text up to its first NUL. */
extern size_t text_length(const uint8_t *bytes, size_t length);

/* The same without white space at its end. */
extern size_t text_trimmed(const uint8_t *bytes, size_t length);

/* Is it non-empty valid UTF-8, without control characters, with NULs only at the end? */
extern bool text_is_clean(const uint8_t *bytes, size_t length);

/* UTF-8, or if it is not valid, Latin-1, into a text that the caller begins and ends.  All of the bytes; NULs are dropped. */
extern void text_plain(ExifOut *out, const uint8_t *bytes, size_t length);

/* A whole text without white space at either end.  False if nothing is left. */
extern bool text_stripped(ExifOut *out, const uint8_t *bytes, size_t length);

/* Is there nothing but white space? */
extern bool text_is_blank(const uint8_t *bytes, size_t length);

/* "photographer NUL editor NUL": two lines. */
extern void text_copyright(ExifOut *out, const uint8_t *bytes, size_t length);

/* UTF-16 up to its first NUL; a byte order mark counts more than big_endian. */
extern void text_utf16(ExifOut *out, const uint8_t *bytes, size_t length, bool big_endian);

/*
 * A text after eight bytes that name its character code, as in UserComment.
 * False if it is not text.
 */
extern bool text_coded(ExifOut *out, const uint8_t *bytes, size_t length, bool big_endian);

#endif							/* TE_EXIF_TEXT_H */
