/*
 * gallery_page.c
 *		The page that thumbexif_gallery() returns: HTML around one JSON object.
 *
 * The HTML is src/gallery/gallery.html, which the Makefile turns into numbers for a C array.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "gallery_page.h"
#include "pg/compat.h"

#define MAX_PAGE	(100 * 1024 * 1024) /* bytes: more than browsers take well */
#define JSON_PLACE	"@@photos@@"
#define REPLACEMENT	0xFFFD		/* stands for what is no character */

static const char html[] = {
#include "gallery_page.inc"
	0
};

void
te_gallery_page_check(Size size)
{
	if (size > MAX_PAGE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the gallery would have more than %d MB", MAX_PAGE / (1024 * 1024)),
				 errhint("Give \"limit\" a lower value, or make thumbnails with a lower \"thumbexif.thumbnail_size\".")));
}

static void
check_room(StringInfo page, Size size)
{
	te_gallery_page_check(page->len + size);
}

void
te_gallery_page_begin(StringInfo page)
{
	const char *place = strstr(html, JSON_PLACE);

	Assert(place != NULL);
	initStringInfo(page);
	appendStringInfoSpaces(page, VARHDRSZ);
	appendBinaryStringInfo(page, html, (int) (place - html));
}

text *
te_gallery_page_end(StringInfo page)
{
	appendStringInfoString(page, strstr(html, JSON_PLACE) + strlen(JSON_PLACE));
	SET_VARSIZE(page->data, page->len);
	return (text *) page->data;
}

/* --- JSON */

static void
append_code_point(StringInfo page, pg_wchar c)
{
	if (c >= 0x10000)
	{
		c -= 0x10000;
		appendStringInfo(page, "\\u%04x\\u%04x", 0xD800 + (c >> 10), 0xDC00 + (c & 0x3FF));
	}
	else
		appendStringInfo(page, "\\u%04x", c);
}

void
te_gallery_page_json(StringInfo page, const char *json)
{
	char	   *utf8 = unconstify(char *, json);
	const unsigned char *at;
	const unsigned char *end;

	/* what a database with encoding SQL_ASCII has may be in any encoding: see below */
	if (GetDatabaseEncoding() != PG_SQL_ASCII)
		utf8 = pg_server_to_any(json, (int) strlen(json), PG_UTF8);
	at = (const unsigned char *) utf8;
	end = at + strlen(utf8);
	check_room(page, end - at);
	while (at < end)
	{
		const unsigned char *plain = at;
		int			length;

		while (at < end && *at < 0x7F && *at != '<' && *at != '>' && *at != '&')
			at++;
		appendBinaryStringInfo(page, (const char *) plain, (int) (at - plain));
		if (at == end)
			break;
		check_room(page, 16);
		length = pg_encoding_verifymbchar(PG_UTF8, (const char *) at, (int) (end - at));
		append_code_point(page, length > 0 ? utf8_to_unicode(at) : REPLACEMENT);
		at += Max(length, 1);
	}
	if (utf8 != json)
		pfree(utf8);
}

void
te_gallery_page_part(StringInfo page, const char *part)
{
	check_room(page, strlen(part));
	appendStringInfoString(page, part);
}

/* --- pictures */

static const char *
media_type(const unsigned char *bytes, Size size)
{
	if (size < 12)
		return NULL;
	if (memcmp(bytes, "\xff\xd8\xff", 3) == 0)
		return "image/jpeg";
	if (memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0)
		return "image/png";
	if (memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
		return "image/webp";
	if (memcmp(bytes + 4, "ftypavif", 8) == 0)
		return "image/avif";
	return NULL;
}

static void
append_base64(StringInfo page, const unsigned char *bytes, Size size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char	   *out;

	enlargeStringInfo(page, (int) ((size + 2) / 3 * 4));
	out = page->data + page->len;
	for (Size i = 0; i < size; i += 3)
	{
		Size		rest = size - i;
		uint32		three = bytes[i] << 16 | (rest > 1 ? bytes[i + 1] << 8 : 0) | (rest > 2 ? bytes[i + 2] : 0);

		*out++ = digits[three >> 18];
		*out++ = digits[three >> 12 & 63];
		*out++ = rest > 1 ? digits[three >> 6 & 63] : '=';
		*out++ = rest > 2 ? digits[three & 63] : '=';
	}
	*out = '\0';
	page->len = (int) (out - page->data);
}

bool
te_gallery_page_picture(StringInfo page, const void *bytes, Size size)
{
	const char *type = media_type(bytes, size);

	if (type == NULL)
		return false;
	check_room(page, size / 3 * 4 + 64);
	appendStringInfo(page, "\"data:%s;base64,", type);
	append_base64(page, bytes, size);
	appendStringInfoChar(page, '"');
	return true;
}
