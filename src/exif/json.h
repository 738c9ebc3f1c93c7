/*
 * json.h
 *		Clean text into a buffer of fixed size, plain or as JSON (private to src/exif).
 *
 * The output is valid UTF-8 without control characters for any input.
 */
#ifndef TE_EXIF_JSON_H
#define TE_EXIF_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ExifOut
{
	char	   *text;			/* not NUL-terminated before out_end */
	size_t		size;			/* size of the buffer, with the NUL */
	size_t		length;
	size_t		text_start;
	size_t		text_end;		/* of the text, without blanks at its end */
	bool		full;			/* something did not fit; further output is dropped */
	int			more_digits;	/* that jsonb adds when it writes exponents out */
	bool		json;			/* inside a JSON string: escape, keep tabs and line ends */
	bool		lines;			/* plain text: keep tabs and line ends */
} ExifOut;

/* Bytes that are clean already. */
extern void out_bytes(ExifOut *out, const char *bytes, size_t length);
extern void out_string(ExifOut *out, const char *text);

/* A text begins. */
extern void out_text_begin(ExifOut *out);

/* One character of it; control characters and invalid code points are dropped. */
extern void out_char(ExifOut *out, uint32_t character);

/* It ends, and the blanks at its end are removed.  False if nothing is left. */
extern bool out_text_end(ExifOut *out);

/* A JSON number, in every locale; null if it is not finite. */
extern void out_unsigned(ExifOut *out, uint64_t value);
extern void out_signed(ExifOut *out, int64_t value);
extern void out_number(ExifOut *out, double value, int digits);

/* Terminate the text. */
extern void out_end(ExifOut *out);

/*
 * An object under construction.  Members that do not fit are left out, and
 * the finished object then has "_truncated": true.
 */
typedef struct ExifJson
{
	ExifOut		out;
	size_t		size;			/* of the whole buffer; out.size limits the current value */
	size_t		mark;			/* start of the current member */
	int			mark_digits;
	bool		truncated;
} ExifJson;

/* The buffer is the caller's; size is at least 64 bytes. */
extern void json_begin(ExifJson *json, char *buffer, size_t size);

/* A member: its name, then its value by out_...(&json->out), then its end. */
extern void json_member(ExifJson *json, const char *name);
extern void json_member_end(ExifJson *json);
extern void json_member_drop(ExifJson *json);	/* before the end: it has no value after all */
extern bool json_is_empty(const ExifJson *json);
extern void json_end(ExifJson *json);

#endif							/* TE_EXIF_JSON_H */
