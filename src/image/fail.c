/*
 * fail.c
 *		How a failure gets its status and its words.
 *
 * Texts of libraries may hold anything that is in the file: they are cut and
 * cleaned here, and nowhere else.
 */
#include "image/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/text.h"

/* The first warning since the last clear; libraries' threads may warn too. */
static GMutex warning_lock;
static char warning[256];

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
			c[0] = c[1] = ' ';	/* C1: two bytes, valid but for what they do to a terminal */
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

void
img_note_warning(const char *text)
{
	g_mutex_lock(&warning_lock);
	if (!warning[0])
		snprintf(warning, sizeof(warning), "%s", text);
	g_mutex_unlock(&warning_lock);
}

bool
img_vips_complained(void)
{
	return vips_error_buffer()[0] != '\0';
}

void
img_vips_clear(void)
{
	vips_error_clear();
	g_mutex_lock(&warning_lock);
	warning[0] = '\0';
	g_mutex_unlock(&warning_lock);
}

/* Leave out what libvips says of every file that libtiff and libheif read behind the end of. */
static void
drop_seeks(char *words)
{
	static const char noise[] = "source: bad seek to ";
	char	   *at;

	while ((at = strstr(words, noise)) != NULL)
	{
		char	   *rest = at + strlen(noise);

		rest += strspn(rest, "0123456789\n");
		memmove(at, rest, strlen(rest) + 1);
	}
}

static bool
mentions(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(text, *words))
			return true;
	return false;
}

bool
img_fail_vips(ImgResult *result, const ImgFile *file)
{
	static const char *const memory[] = {"out of memory", "memory alloc", "unable to allocate", NULL};
	static const char *const foreign[] = {"unsupported", "not supported", "unimplemented", "not configured",
	"can not handle", "samples out of range", NULL};
	TeStatus	status = TE_CORRUPT;
	char		words[TE_MAX_TEXT];

	snprintf(words, sizeof(words), "%s", vips_error_buffer());
	if (!words[0])
	{
		g_mutex_lock(&warning_lock);
		snprintf(words, sizeof(words), "%s", warning);
		g_mutex_unlock(&warning_lock);
	}
	img_vips_clear();
	drop_seeks(words);

	if (mentions(words, memory))
		status = TE_OUT_OF_MEMORY;
	else if (img_is_cut(file))
		status = TE_TRUNCATED;
	else if (mentions(words, foreign))
		status = TE_UNSUPPORTED;
	return img_fail(result, status, "%s", words[0] ? words : "the decoder gave no reason");
}
