/*
 * size_list.c
 *		Lists of thumbnail sizes, as the setting thumbexif.thumbnail_sizes and attachments have them.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "size_list.h"

#define BLANKS	" \t\r\n"

/* Read a number and the comma or the end behind it.  NULL if there is something else; *number is 0 if it is out of range. */
static const char *
read_number(const char *at, int *number)
{
	int			digits;

	at += strspn(at, BLANKS);
	digits = (int) strspn(at, "0123456789");
	if (digits == 0)
		return NULL;
	*number = digits > 5 ? 0 : atoi(at);	/* TE_MAX_SIDE has five */
	at += digits;
	at += strspn(at, BLANKS);
	return *at == ',' || *at == '\0' ? at : NULL;
}

const char *
te_sizes_parse(const char *text, TeSizes *sizes)
{
	const char *at = text + strspn(text, BLANKS);

	sizes->count = 0;
	if (*at == '\0')
		return NULL;
	for (;;)
	{
		int			side;

		at = read_number(at, &side);
		if (at == NULL)
			return "It must be numbers of pixels, separated by commas.";
		if (side < 1 || side > TE_MAX_SIDE)
			return psprintf("A size must be between 1 and %d pixels.", TE_MAX_SIDE);
		if (te_sizes_find(sizes, side) >= 0)
			return psprintf("Size %d is listed twice.", side);
		if (sizes->count == TE_MAX_SIZES)
			return psprintf("There can be %d sizes at most.", TE_MAX_SIZES);
		sizes->side[sizes->count++] = side;
		if (*at++ == '\0')
			return NULL;
	}
}

char *
te_sizes_text(const TeSizes *sizes)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < sizes->count; i++)
		appendStringInfo(&text, "%s%d", i > 0 ? "," : "", sizes->side[i]);
	return text.data;
}

int
te_sizes_find(const TeSizes *sizes, int side)
{
	for (int i = 0; i < sizes->count; i++)
		if (sizes->side[i] == side)
			return i;
	return -1;
}
