/*
 * fail.c
 *		Sets the status and the detail of a failure.
 *
 * A library's error text may contain bytes of the file: it is truncated and cleaned here.
 */
#include "image/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/text.h"

/* Make it one line of clean UTF-8: blanks for control characters, '?' for wrong bytes. */
static void
clean(char *text)
{
	size_t		length = strlen(text);

	for (size_t at = 0, bytes; at < length; at += bytes)
	{
		char	   *c = text + at;

		bytes = te_text_character(c, length - at);
		if (bytes > 0)
			continue;
		bytes = 1;
		if ((unsigned char) *c < 0x20 || *c == 0x7F)
			*c = ' ';
		else if ((unsigned char) *c == 0xC2 && (c[1] & 0xC0) == 0x80)
		{
			c[0] = c[1] = ' ';	/* C1: two bytes of valid UTF-8 */
			bytes = 2;
		}
		else
			*c = '?';
	}
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '.'))
		text[--length] = '\0';
}

bool
img_fail(ImgResult *result, TeStatus status, const char *format,...)
{
	va_list		args;

	if (result->status != TE_OK)
		return false;
	result->status = status;
	va_start(args, format);
	vsnprintf(result->error, sizeof(result->error), format, args);
	va_end(args);
	clean(result->error);
	return false;
}
