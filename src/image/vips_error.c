/*
 * vips_error.c
 *		Turns libvips' error buffer, and libraries' warnings, into a status and a detail.
 */
#include "image/internal.h"

#include <stdio.h>
#include <string.h>

/* The first warning since the last clear; libraries' threads may warn too. */
static GMutex warning_lock;
static char warning[256];

void
img_note_warning(const char *text)
{
	g_mutex_lock(&warning_lock);
	if (!warning[0])
		snprintf(warning, sizeof(warning), "%s", text);
	g_mutex_unlock(&warning_lock);
}

bool
img_vips_has_error(void)
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

/* Remove a message that libvips adds whenever libtiff or libheif seek beyond the end. */
static void
drop_seeks(char *detail)
{
	static const char noise[] = "source: bad seek to ";
	char	   *at;

	while ((at = strstr(detail, noise)) != NULL)
	{
		char	   *rest = at + strlen(noise);

		rest += strspn(rest, "0123456789\n");
		memmove(at, rest, strlen(rest) + 1);
	}
}

static bool
mentions(const char *text, const char *const *phrases)
{
	for (; *phrases; phrases++)
		if (strcasestr(text, *phrases))
			return true;
	return false;
}

static bool
mentions_memory(const char *text)
{
	static const char *const memory[] = {"out of memory", "memory alloc", "unable to allocate", NULL};

	return mentions(text, memory);
}

bool
img_vips_lacks_memory(void)
{
	return mentions_memory(vips_error_buffer());
}

bool
img_fail_vips(ImgResult *result, const ImgFile *file)
{
	static const char *const foreign[] = {"unsupported", "not supported", "unimplemented", "not configured",
	"can not handle", "samples out of range", NULL};
	static const char *const absent[] = {"\" not found", "operation is blocked", NULL};
	TeStatus	status = TE_CORRUPT;
	char		detail[TE_MAX_TEXT];

	snprintf(detail, sizeof(detail), "%s", vips_error_buffer());
	if (!detail[0])
	{
		g_mutex_lock(&warning_lock);
		snprintf(detail, sizeof(detail), "%s", warning);
		g_mutex_unlock(&warning_lock);
	}
	img_vips_clear();
	drop_seeks(detail);

	if (mentions(detail, absent))
		return img_fail(result, TE_UNSUPPORTED, "the installed libvips does not read the format %s", te_format_name(file->format));
	if (mentions_memory(detail))
		status = TE_OUT_OF_MEMORY;
	else if (img_is_truncated(file))
		status = TE_TRUNCATED;
	else if (mentions(detail, foreign))
		status = TE_UNSUPPORTED;
	return img_fail(result, status, "%s", detail[0] ? detail : "the decoder gave no reason");
}
