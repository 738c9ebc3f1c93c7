/*
 * camera.c
 *		SQL functions thumbexif_make() and thumbexif_camera(): names of cameras as people write them, one spelling for each.
 *
 * Manufacturers have written their names in several ways: NIKON CORPORATION, NIKON; OLYMPUS IMAGING CORP., OLYMPUS OPTICAL CO.,LTD.
 * What is left of a make when words such as CORPORATION are removed is its name, and only the
 * case of its letters is then chosen.  The functions are made for index expressions: they never fail, and their results are bounded.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_make);
PG_FUNCTION_INFO_V1(thumbexif_camera);

#define MAX_MAKE	100			/* bytes of a make that are looked at */
#define MAX_MODEL	200
#define ACRONYM		3			/* a word of so many letters is written in capitals */

/* Removed from the end of a make, again and again, but not its only word.  All in small letters, without dots. */
static const char *const company_words[] = {
	"corporation", "corp", "company", "co", "ltd", "inc", "ag", "gmbh", "imaging", "computer", "electronics", "electric", "optical", "photo",
	"film", "camera", "cameras", "techwin", "digital", "technologies", "technology"
};

/* Names that are not written with one capital at the beginning, and other names of the same make. */
static const struct
{
	const char *name;
	const char *spelling;
}			makes[] = {
	{"asahi", "Pentax"}, {"blackberry", "BlackBerry"}, {"eastman kodak", "Kodak"}, {"fuji", "Fujifilm"}, {"gopro", "GoPro"},
	{"hewlett-packard", "HP"}, {"konica minolta", "Konica Minolta"}, {"lge", "LG"}, {"oneplus", "OnePlus"}, {"seiko epson", "Epson"},
	{"sony ericsson", "Sony Ericsson"}, {"sonyericsson", "Sony Ericsson"}
};

static bool
is_separator(char c)
{
	return c == ' ' || c == ',' || (c >= '\t' && c <= '\r');
}

/* Copy a make in small letters (ASCII), with single blanks between words and without dots after them; returns the length. */
static int
clean_make(char *name, const text *make)
{
	const char *data = VARDATA_ANY(make);
	int			length = pg_mbcliplen(data, (int) VARSIZE_ANY_EXHDR(make), MAX_MAKE);
	int			n = 0;

	for (int i = 0; i < length; i++)
	{
		bool		ends = i + 1 == length || is_separator(data[i + 1]);

		if (is_separator(data[i]) || (data[i] == '.' && ends))
		{
			if (n > 0 && name[n - 1] != ' ')
				name[n++] = ' ';
		}
		else
			name[n++] = pg_ascii_tolower((unsigned char) data[i]);
	}
	while (n > 0 && name[n - 1] == ' ')
		n--;
	name[n] = '\0';
	return n;
}

/* Remove words that only say what kind of company it is. */
static void
cut_company_words(char *name)
{
	char	   *last;

	while ((last = strrchr(name, ' ')) != NULL)
	{
		size_t		i = 0;

		/* "co.,ltd." without a blank has become two words, but "co.ltd" is one */
		if (strcmp(last + 1, "co.ltd") == 0)
		{
			*last = '\0';
			continue;
		}
		while (i < lengthof(company_words) && strcmp(last + 1, company_words[i]) != 0)
			i++;
		if (i == lengthof(company_words))
			return;
		*last = '\0';
	}
}

/* Begin each word with a capital; short ones, which are acronyms, have nothing else. */
static void
capitalize(char *name)
{
	char	   *word = name;

	while (*word != '\0')
	{
		size_t		length = strcspn(word, " -");
		size_t		capitals = length <= ACRONYM ? length : 1;

		for (size_t i = 0; i < capitals; i++)
			word[i] = pg_ascii_toupper((unsigned char) word[i]);
		word += length;
		if (*word != '\0')
			word++;
	}
}

/* The name of a make; empty if nothing is left.  The result depends on no case of letters. */
static void
make_name(char name[MAX_MAKE + 32], const text *make)
{
	if (clean_make(name, make) == 0)
		return;
	cut_company_words(name);
	for (size_t i = 0; i < lengthof(makes); i++)
		if (strcmp(name, makes[i].name) == 0)
		{
			strcpy(name, makes[i].spelling);
			return;
		}
	capitalize(name);
}

/* thumbexif_make(make text) RETURNS text; NULL if nothing is left */
Datum
thumbexif_make(PG_FUNCTION_ARGS)
{
	char		name[MAX_MAKE + 32];

	make_name(name, PG_GETARG_TEXT_PP(0));
	if (name[0] == '\0')
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(name));
}

/* The length of the make, as it is written or by its name, at the beginning of a model, with blanks; 0 if it does not begin so. */
static int
make_in_model(const char *model, const char *make)
{
	int			length = (int) strlen(make);

	if (length == 0 || pg_strncasecmp(model, make, length) != 0 || (model[length] != ' ' && model[length] != '\0'))
		return 0;
	while (model[length] == ' ')
		length++;
	return length;
}

/* thumbexif_camera(make text, model text) RETURNS text: both, the make once; NULL if there is neither */
Datum
thumbexif_camera(PG_FUNCTION_ARGS)
{
	char		make[MAX_MAKE + 32] = "";
	char		written[MAX_MAKE + 1] = "";
	char		model[MAX_MODEL + 1] = "";
	const char *rest;
	int			in_model;

	if (!PG_ARGISNULL(0))
	{
		make_name(make, PG_GETARG_TEXT_PP(0));
		clean_make(written, PG_GETARG_TEXT_PP(0));
	}
	if (!PG_ARGISNULL(1))
	{
		const text *given = PG_GETARG_TEXT_PP(1);
		const char *data = VARDATA_ANY(given);
		int			length = (int) VARSIZE_ANY_EXHDR(given);

		while (length > 0 && *data == ' ')
		{
			data++;
			length--;
		}
		length = pg_mbcliplen(data, length, MAX_MODEL);
		while (length > 0 && data[length - 1] == ' ')
			length--;
		memcpy(model, data, length);
		model[length] = '\0';
	}
	if (make[0] == '\0' && model[0] == '\0')
		PG_RETURN_NULL();
	in_model = make_in_model(model, written);
	if (in_model == 0)
		in_model = make_in_model(model, make);
	rest = model + in_model;
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s%s%s", make, make[0] != '\0' && rest[0] != '\0' ? " " : "", rest)));
}
