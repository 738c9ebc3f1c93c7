/*
 * test_exif_facts.c
 *		Tests the facts that EXIF, XMP and IPTC tell: missing, odd, hostile and with several values.
 */
#include <stdlib.h>

#include "exif/exif.h"
#include "test/pictures/exif_block.h"
#include "test/unit/exif_cases.h"
#include "test/unit/exif_cases_packet.h"
#include "test/unit/tap.h"

#define TAG_XMP		0x02BC
#define TAG_IPTC	0x83BB

typedef struct FactCase
{
	const char *name;
	void		(*build) (ExifBlock *block);
	const char *facts;			/* as facts_text() writes them; "" where nothing may be */
} FactCase;

/* All that is known, one after the other. */
static const char *
facts_text(const TeFacts *facts, const ExifTexts *texts, char *out, size_t size)
{
	const struct
	{
		uint32_t	fact;
		const char *name;
		double		value;
	}			numbers[] = {
		{TE_FACT_ISO, "iso", facts->iso}, {TE_FACT_F_NUMBER, "f", facts->f_number},
		{TE_FACT_EXPOSURE_TIME, "t", facts->exposure_time}, {TE_FACT_FOCAL_LENGTH, "mm", facts->focal_length},
		{TE_FACT_FOCAL_LENGTH_35MM, "mm35", facts->focal_length_35mm}, {TE_FACT_ORIENTATION, "o", facts->orientation},
		{TE_FACT_ALTITUDE, "alt", facts->altitude}, {TE_FACT_DIRECTION, "dir", facts->direction},
		{TE_FACT_RATING, "stars", facts->rating}
	};
	const char *names[] = {"lens", "title", "description", "keywords"};
	const char *values[] = {texts->lens, texts->title, texts->description, texts->keywords};
	size_t		length = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (facts->known & numbers[i].fact)
			length += (size_t) snprintf(out + length, size - length, "%s%s=%.6g", length ? " " : "", numbers[i].name, numbers[i].value);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (values[i][0] != '\0')
			length += (size_t) snprintf(out + length, size - length, "%s%s=[%s]", length ? " " : "", names[i], values[i]);
	for (char *at = out; *at != '\0'; at++)
		if (*at == '\n')
			*at = '|';
	return out;
}

/* A TIFF file made of the block: what is read of it. */
static void
run(const FactCase *c, int flags, bool with_gps)
{
	static char text[TE_MAX_DESCRIPTION + TE_MAX_KEYWORD_TEXT + 4 * TE_MAX_TEXT];
	ExifBlock  *block = exif_block_new(flags);
	ExifResult	result = {0};
	TeFacts		facts = {0};
	uint8_t    *file;
	size_t		length;

	c->build(block);
	file = exif_block_build(block, &length);
	exif_read_beside(TE_FORMAT_TIFF, file, length, with_gps, NULL, &result, &facts);
	if (result.texts != NULL)
		is_text(facts_text(&facts, result.texts, text, sizeof(text)), c->facts, c->name);
	else
		ok(c->facts[0] == '\0' && facts.known == 0, "%s: nothing is there", c->name);
	exif_result_free(&result);
	free(file);
	exif_block_free(block);
}

/* --- numbers */

#define CASE(function, ...) \
	static void \
	function(ExifBlock *block) \
	{ \
		link_exif(block); \
		link_gps(block); \
		__VA_ARGS__; \
	}
#define RATIONAL(tag, numerator, denominator) exif_block_rational(block, EB_EXIF, tag, numerator, denominator)
#define GPS_RATIONAL(tag, numerator, denominator) exif_block_rational(block, EB_GPS, tag, numerator, denominator)
#define SHORT(tag, value) exif_block_short(block, EB_EXIF, tag, value)
#define LONG(tag, value) exif_block_long(block, EB_EXIF, tag, value)
#define BYTE(ifd, tag, value) exif_block_add(block, ifd, tag, EB_BYTE, 1, &(uint8_t) {value})
#define SEVERAL(ifd, tag, type, count, ctype, ...) exif_block_add(block, ifd, tag, type, count, (const ctype[]) {__VA_ARGS__})

CASE(usual, SHORT(0x8827, 400); RATIONAL(0x829D, 28, 10); RATIONAL(0x829A, 1, 60); RATIONAL(0x920A, 50, 1);
	 SHORT(0xA405, 75); exif_block_ascii(block, EB_EXIF, 0xA434, " EF50mm f/1.8 II  "); exif_block_short(block, EB_IFD0, 0x0112, 6);
	 BYTE(EB_GPS, 5, 0); GPS_RATIONAL(6, 1234, 10); GPS_RATIONAL(0x11, 27050, 100))
CASE(absent, exif_block_ascii(block, EB_IFD0, 0x010F, "Fictor"))
CASE(zeros, SHORT(0x8827, 0); RATIONAL(0x829D, 0, 10); RATIONAL(0x829A, 0, 1); RATIONAL(0x920A, 0, 10); SHORT(0xA405, 0);
	 exif_block_short(block, EB_IFD0, 0x0112, 0); BYTE(EB_GPS, 5, 0); GPS_RATIONAL(6, 0, 1); GPS_RATIONAL(0x11, 0, 1))
CASE(no_fractions, RATIONAL(0x829D, 0, 0); RATIONAL(0x829A, 1, 0); RATIONAL(0x920A, 0, 0); GPS_RATIONAL(6, 0, 0); GPS_RATIONAL(0x11, 1, 0))
CASE(negative, SEVERAL(EB_EXIF, 0x829D, EB_SRATIONAL, 1, int32_t, -28, 10); SEVERAL(EB_EXIF, 0x829A, EB_SRATIONAL, 1, int32_t, -1, 60);
	 SEVERAL(EB_EXIF, 0x8827, EB_SSHORT, 1, int16_t, -400); SEVERAL(EB_GPS, 6, EB_SRATIONAL, 1, int32_t, -5, 1);
	 SEVERAL(EB_GPS, 0x11, EB_SRATIONAL, 1, int32_t, -5, 1))
CASE(beyond, RATIONAL(0x829D, UINT32_MAX, 1); RATIONAL(0x829A, UINT32_MAX, 1); RATIONAL(0x920A, UINT32_MAX, 1);
	 LONG(0x8827, UINT32_MAX); LONG(0xA405, UINT32_MAX); exif_block_short(block, EB_IFD0, 0x0112, 9);
	 GPS_RATIONAL(6, UINT32_MAX, 1); GPS_RATIONAL(0x11, 36001, 100))
CASE(not_finite, SEVERAL(EB_EXIF, 0x829D, EB_DOUBLE, 1, double, __builtin_nan("")); SEVERAL(EB_EXIF, 0x829A, EB_DOUBLE, 1, double, __builtin_inf());
	 SEVERAL(EB_EXIF, 0x920A, EB_FLOAT, 1, float, -__builtin_inff()))
CASE(texts_for_numbers, exif_block_ascii(block, EB_EXIF, 0x8827, "400"); exif_block_ascii(block, EB_EXIF, 0x829D, "2.8");
	 exif_block_ascii(block, EB_EXIF, 0x829A, "1/60"); exif_block_ascii(block, EB_IFD0, 0x0112, "6"); exif_block_ascii(block, EB_GPS, 6, "5"))
CASE(several, SEVERAL(EB_EXIF, 0x8827, EB_SHORT, 2, uint16_t, 200, 1); SEVERAL(EB_EXIF, 0x829D, EB_RATIONAL, 2, uint32_t, 28, 10, 4, 1);
	 SEVERAL(EB_EXIF, 0x829A, EB_RATIONAL, 2, uint32_t, 1, 60, 1, 30); SEVERAL(EB_IFD0, 0x0112, EB_SHORT, 2, uint16_t, 6, 1);
	 SEVERAL(EB_GPS, 6, EB_RATIONAL, 2, uint32_t, 5, 1, 6, 1); SEVERAL(EB_EXIF, 0xA405, EB_SHORT, 2, uint16_t, 75, 80))
CASE(none_of_several, SEVERAL(EB_EXIF, 0x8827, EB_SHORT, 0, uint16_t, 0); SEVERAL(EB_EXIF, 0x829D, EB_RATIONAL, 0, uint32_t, 0))
CASE(in_ifd0, exif_block_short(block, EB_IFD0, 0x8827, 100); exif_block_rational(block, EB_IFD0, 0x829D, 4, 1);
	 exif_block_ascii(block, EB_IFD0, 0xA434, "Fictar"))

/* ISO that its tag does not hold */
CASE(iso_by_type, SHORT(0x8827, 65535); SHORT(0x8830, 3); LONG(0x8832, 80000); LONG(0x8833, 102400))
CASE(iso_recommended, SHORT(0x8827, 65535); LONG(0x8832, 80000))
CASE(iso_speed, SHORT(0x8827, 65535); SHORT(0x8830, 2); LONG(0x8833, 102400))
CASE(iso_unknown, SHORT(0x8827, 65535))
CASE(iso_unknown_type, SHORT(0x8827, 65535); SHORT(0x8830, 200); LONG(0x8831, 70000))
CASE(iso_zeros, SHORT(0x8827, 65535); LONG(0x8832, 0); LONG(0x8833, 0))
CASE(iso_only_new, LONG(0x8832, 3200))
CASE(iso_zero_first, SHORT(0x8827, 0); LONG(0x8832, 3200))

CASE(below_the_sea, BYTE(EB_GPS, 5, 1); GPS_RATIONAL(6, 4205, 10))
CASE(below_the_ellipsoid, BYTE(EB_GPS, 5, 3); GPS_RATIONAL(6, 7, 2))
CASE(at_the_sea, BYTE(EB_GPS, 5, 1); GPS_RATIONAL(6, 0, 1))
CASE(no_altitude_ref, GPS_RATIONAL(6, 35, 1))
CASE(odd_altitude_ref, BYTE(EB_GPS, 5, 9); GPS_RATIONAL(6, 35, 1))
CASE(altitude_ref_of_text, exif_block_ascii(block, EB_GPS, 5, "0"); GPS_RATIONAL(6, 35, 1))
CASE(full_turn, GPS_RATIONAL(0x11, 360, 1); exif_block_ascii(block, EB_GPS, 0x10, "M"))

CASE(no_lens, exif_block_ascii(block, EB_EXIF, 0xA434, "----"))
CASE(blank_lens, exif_block_ascii(block, EB_EXIF, 0xA434, "   "))
CASE(odd_lens, ADD_BYTES(block, EB_EXIF, 0xA434, EB_ASCII, "\1a\nb\xE9\0behind"))
CASE(lens_of_numbers, SHORT(0xA434, 5))

static const FactCase number_cases[] = {
	{"usual", usual, "iso=400 f=2.8 t=0.0166667 mm=50 mm35=75 o=6 alt=123.4 dir=270.5 lens=[EF50mm f/1.8 II]"},
	{"absent", absent, ""},
	{"zeros are none, but of altitude and direction", zeros, "alt=0 dir=0"},
	{"0/0 and 1/0", no_fractions, ""},
	{"negative", negative, ""},
	{"beyond what can be", beyond, ""},
	{"NaN and infinity", not_finite, ""},
	{"texts instead of numbers", texts_for_numbers, ""},
	{"several values: only ISO has them", several, "iso=200"},
	{"no value at all", none_of_several, ""},
	{"in IFD0", in_ifd0, "iso=100 f=4 lens=[Fictar]"},
	{"ISO of 65535: the type says where it is", iso_by_type, "iso=102400"},
	{"ISO of 65535: the recommended index", iso_recommended, "iso=80000"},
	{"ISO of 65535: not where the type says", iso_speed, "iso=102400"},
	{"ISO of 65535 alone is none", iso_unknown, ""},
	{"ISO of 65535 with an odd type", iso_unknown_type, "iso=70000"},
	{"ISO of 65535 with zeros", iso_zeros, ""},
	{"ISO in the new tags only", iso_only_new, "iso=3200"},
	{"ISO 0 is none", iso_zero_first, ""},
	{"below the sea", below_the_sea, "alt=-420.5"},
	{"below the ellipsoid", below_the_ellipsoid, "alt=-3.5"},
	{"at the sea", at_the_sea, "alt=0"},
	{"altitude without a reference is above the sea", no_altitude_ref, "alt=35"},
	{"altitude with an odd reference", odd_altitude_ref, ""},
	{"altitude with a text as reference", altitude_ref_of_text, ""},
	{"a full turn", full_turn, "dir=360"},
	{"no lens", no_lens, ""},
	{"blank lens", blank_lens, ""},
	{"odd lens", odd_lens, "lens=[a b\xC3\xA9]"},
	{"lens of numbers", lens_of_numbers, ""},
	{NULL}
};

/* --- texts */

#define LI(text) "<rdf:li>" text "</rdf:li>"
#define SUBJECT(items) "<dc:subject><rdf:Bag>" items "</rdf:Bag></dc:subject>"
#define TITLE(text) "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>" text "</rdf:li></rdf:Alt></dc:title>"
#define DESCRIPTION(text) "<dc:description><rdf:Alt><rdf:li xml:lang='x-default'>" text "</rdf:li></rdf:Alt></dc:description>"
#define ADD_XMP(attributes, properties) ADD_BYTES(block, EB_IFD0, TAG_XMP, EB_BYTE, XMP(attributes, properties))
#define ADD_IPTC(records) ADD_BYTES(block, EB_IFD0, TAG_IPTC, EB_UNDEFINED, records)
#define IPTC_NAME "\x1C\2\5"
#define IPTC_KEYWORD "\x1C\2\x19"
#define IPTC_CAPTION "\x1C\2\x78"
#define IPTC_ALL IPTC_NAME "\0\5tower" IPTC_KEYWORD "\0\1i" IPTC_KEYWORD "\0\1j" IPTC_CAPTION "\0\4iptc"

CASE(all_three, ADD_XMP(" xmp:Rating='3'", TITLE("The tower") DESCRIPTION("xmp") SUBJECT(LI("x") LI("y"))); ADD_IPTC(IPTC_ALL);
	 exif_block_ascii(block, EB_IFD0, 0x010E, "exif"); exif_block_short(block, EB_IFD0, 0x4746, 5))
CASE(iptc_and_exif, ADD_IPTC(IPTC_ALL); exif_block_ascii(block, EB_IFD0, 0x010E, "exif"); exif_block_short(block, EB_IFD0, 0x4746, 5))
CASE(exif_alone, exif_block_ascii(block, EB_IFD0, 0x010E, "exif\t1\r\n2  "))
CASE(blank_xmp, ADD_XMP(" xmp:Rating='many'", TITLE(" &#x9; ") DESCRIPTION("&#x85;") SUBJECT(LI(" ") LI("&#x7F;"))); ADD_IPTC(IPTC_ALL);
	 exif_block_short(block, EB_IFD0, 0x4746, 2))
CASE(all_blank, ADD_XMP("", TITLE(" ")); ADD_IPTC(IPTC_CAPTION "\0\2  " IPTC_KEYWORD "\0\1 "); exif_block_ascii(block, EB_IFD0, 0x010E, "   \t"))
CASE(lines, ADD_XMP("", TITLE("one&#xA;two") DESCRIPTION("one&#xD;&#xA;&#x9;two") SUBJECT(LI("a&#xA;b") LI(" c "))))
CASE(twice, ADD_XMP("", SUBJECT(LI("a") LI("b") LI("a ") LI("A") LI("b"))))
CASE(rejected, ADD_XMP(" xmp:Rating='-1'", ""))
CASE(unrated, ADD_XMP(" xmp:Rating='0'", ""); exif_block_short(block, EB_IFD0, 0x4746, 5))
CASE(half_a_star, ADD_XMP(" xmp:Rating='4.5'", ""))
CASE(six_stars, ADD_XMP(" xmp:Rating='6'", ""); exif_block_short(block, EB_IFD0, 0x4746, 99))
CASE(whole_star, ADD_XMP(" xmp:Rating='4.0'", ""))

static const FactCase text_cases[] = {
	{"XMP before IPTC before EXIF", all_three, "stars=3 title=[The tower] description=[xmp] keywords=[x|y]"},
	{"IPTC before EXIF", iptc_and_exif, "stars=5 title=[tower] description=[iptc] keywords=[i|j]"},
	{"EXIF alone has no title", exif_alone, "description=[exif\t1\r|2]"},
	{"what is blank in XMP is taken from IPTC", blank_xmp, "stars=2 title=[tower] description=[iptc] keywords=[i|j]"},
	{"blank everywhere", all_blank, ""},
	{"lines are kept in a description only", lines, "title=[one two] description=[one\r|\ttwo] keywords=[a b|c]"},
	{"keywords occur once", twice, "keywords=[a|b|A]"},
	{"rejected", rejected, "stars=-1"},
	{"no stars", unrated, "stars=0"},
	{"half a star", half_a_star, ""},
	{"six stars", six_stars, ""},
	{"a whole number with a point", whole_star, "stars=4"},
	{NULL}
};

/* --- much */

static char *packet;			/* XMP */
static size_t packet_length;

static void
add(const char *text)
{
	size_t		length = strlen(text);

	packet = realloc(packet, packet_length + length);
	memcpy(packet + packet_length, text, length);
	packet_length += length;
}

static void
large(ExifBlock *block)
{
	add_text(block, EB_IFD0, TAG_XMP, EB_BYTE, packet, packet_length);
}

/* As many texts and bytes as there are: what fits, whole characters and whole keywords. */
static void
test_large(void)
{
	ExifBlock  *block = exif_block_new(0);
	ExifResult	result = {0};
	TeFacts		facts = {0};
	uint8_t    *file;
	size_t		length;
	int			count = 1;

	add(XMP_BEGIN "<rdf:Description" XMP_NAMESPACES "><dc:title>");
	for (int i = 0; i < TE_MAX_TEXT; i++)
		add("\xE2\x82\xAC");
	add("</dc:title><dc:description>");
	for (int i = 0; i < TE_MAX_DESCRIPTION; i++)
		add("\xE2\x82\xAC");
	add("</dc:description><dc:subject><rdf:Bag><rdf:li>");
	for (int i = 0; i <= TE_MAX_TEXT; i++)
		add("x");
	add("</rdf:li>");
	for (int i = 0; i < 990; i++)
	{
		char		item[100];

		snprintf(item, sizeof(item), "<rdf:li>keyword %d, with some more words</rdf:li>", i);
		add(item);
	}
	add("</rdf:Bag></dc:subject></rdf:Description>" XMP_END);
	large(block);
	file = exif_block_build(block, &length);
	exif_read_beside(TE_FORMAT_TIFF, file, length, true, NULL, &result, &facts);
	is_int((long long) strlen(result.texts->title), (TE_MAX_TEXT - 1) / 3 * 3, "a long title is cut behind a character");
	is_int((long long) strlen(result.texts->description), (TE_MAX_DESCRIPTION - 1) / 3 * 3, "so is a long description");
	for (const char *at = result.texts->keywords; *at != '\0'; at++)
		count += *at == '\n';
	ok(count > 300 && count < 990, "%d keywords have room", count);
	ok(strncmp(result.texts->keywords, "keyword 0, with some more words\n", 32) == 0, "one that is too long is left out");
	ok(strcmp(strrchr(result.texts->keywords, '\n') + strlen("\nkeyword 400"), ", with some more words") == 0, "the last one is whole");
	exif_result_free(&result);
	free(file);
	free(packet);
	exif_block_free(block);
}

/* --- the time of GPS */

typedef struct OffsetCase
{
	const char *taken_at;
	const char *offset;			/* NULL = none */
	const char *date;			/* NULL = none */
	uint32_t	time[6];
	int			has_offset;
	int			minutes;
} OffsetCase;

static const OffsetCase offset_cases[] = {
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {10, 1, 0, 1, 0, 1}, TE_OFFSET_GPS, 120},
	{"2024:05:06 12:00:00", NULL, "2024-05-06", {10, 1, 0, 1, 5999, 100}, TE_OFFSET_GPS, 120},
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {10, 1, 2, 1, 0, 1}, TE_OFFSET_GPS, 120},
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {10, 1, 2, 1, 1, 1}, TE_OFFSET_NONE, 0},
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {9, 1, 58, 1, 0, 1}, TE_OFFSET_GPS, 120},
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {9, 1, 57, 1, 59, 1}, TE_OFFSET_NONE, 0},
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {12, 1, 0, 1, 0, 1}, TE_OFFSET_GPS, 0},
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {6, 1, 15, 1, 0, 1}, TE_OFFSET_GPS, 345},	/* Nepal */
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {6, 1, 30, 1, 0, 1}, TE_OFFSET_GPS, 330},
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {10, 1, 15, 1, 0, 1}, TE_OFFSET_NONE, 0},	/* no place has +01:45 */
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {15, 1, 30, 1, 0, 1}, TE_OFFSET_GPS, -210},
	{"2024:02:28 23:30:00", NULL, "2024:02:29", {4, 1, 30, 1, 0, 1}, TE_OFFSET_GPS, -300},	/* over midnight */
	{"2024:03:01 01:00:00", NULL, "2024:02:29", {16, 1, 0, 1, 0, 1}, TE_OFFSET_GPS, 540},
	{"2024:01:01 01:00:00", NULL, "2023:12:31", {11, 1, 0, 1, 0, 1}, TE_OFFSET_GPS, 840},
	{"2024:01:01 02:00:00", NULL, "2023:12:31", {11, 1, 0, 1, 0, 1}, TE_OFFSET_NONE, 0},	/* +15:00 */
	{"2024:05:06 00:00:00", NULL, "2024:05:06", {12, 1, 0, 1, 0, 1}, TE_OFFSET_GPS, -720},
	{"2024:05:06 00:00:00", NULL, "2024:05:06", {13, 1, 0, 1, 0, 1}, TE_OFFSET_NONE, 0},
	{"2008:10:22 16:28:39", NULL, "2008:10:23", {14, 1, 27, 1, 724, 100}, TE_OFFSET_NONE, 0},	/* a camera whose day is wrong */
	{"2024:05:06 12:00:00", "+05:30", "2024:05:06", {10, 1, 0, 1, 0, 1}, TE_OFFSET_EXIF, 330},
	{"2024:05:06 12:00:00", "   :  ", "2024:05:06", {10, 1, 0, 1, 0, 1}, TE_OFFSET_GPS, 120},
	{"2024:05:06 12:00:00", NULL, NULL, {10, 1, 0, 1, 0, 1}, TE_OFFSET_NONE, 0},
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {10, 1, 0, 0, 0, 1}, TE_OFFSET_NONE, 0},
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {24, 1, 0, 1, 0, 1}, TE_OFFSET_NONE, 0},
	{"2024:05:06 12:00:00", NULL, "2024:05:06", {9, 1, 60, 1, 0, 1}, TE_OFFSET_NONE, 0},
	{"2024:05:06 12:00:00", NULL, "2024:02:30", {10, 1, 0, 1, 0, 1}, TE_OFFSET_NONE, 0},
	{"2024:05:06 12:00:00", NULL, "0000:00:00", {10, 1, 0, 1, 0, 1}, TE_OFFSET_NONE, 0},
	{"2024:05:06 12:00:00", NULL, "2024:05:6", {10, 1, 0, 1, 0, 1}, TE_OFFSET_NONE, 0},
	{"2024:05:06 12:00:00", NULL, "2024 05 06", {10, 1, 0, 1, 0, 1}, TE_OFFSET_NONE, 0},
	{NULL}
};

static void
run_offset(const OffsetCase *c, bool with_gps)
{
	ExifBlock  *block = exif_block_new(0);
	ExifResult	result = {0};
	uint8_t    *file;
	size_t		length;
	char		what[200];

	link_exif(block);
	link_gps(block);
	exif_block_ascii(block, EB_EXIF, 0x9003, c->taken_at);
	if (c->offset != NULL)
		exif_block_ascii(block, EB_EXIF, 0x9011, c->offset);
	exif_block_add(block, EB_GPS, 7, EB_RATIONAL, 3, c->time);
	if (c->date != NULL)
		exif_block_ascii(block, EB_GPS, 29, c->date);
	file = exif_block_build(block, &length);
	exif_read(TE_FORMAT_TIFF, file, length, with_gps, &result);
	snprintf(what, sizeof(what), "%s, GPS has %s %u:%u%s", c->taken_at, c->date != NULL ? c->date : "no day", c->time[0], c->time[2],
			 with_gps ? "" : ", without GPS");
	ok(result.has_taken_at, "%s: a time", what);
	is_int(result.taken_at.has_offset, with_gps || c->has_offset == TE_OFFSET_EXIF ? c->has_offset : TE_OFFSET_NONE, what);
	if (result.taken_at.has_offset != TE_OFFSET_NONE)
		is_int(result.taken_at.offset_minutes, c->minutes, what);
	ok(te_time_is_valid(&result.taken_at), "%s: can be sent", what);
	exif_result_free(&result);
	free(file);
	exif_block_free(block);
}

int
main(void)
{
	static const FactCase without_gps = {"without GPS", usual, "iso=400 f=2.8 t=0.0166667 mm=50 mm35=75 o=6 lens=[EF50mm f/1.8 II]"};

	for (const FactCase *c = number_cases; c->name; c++)
	{
		run(c, 0, true);
		run(c, EB_BIG_ENDIAN, true);
	}
	run(&without_gps, 0, false);
	for (const FactCase *c = text_cases; c->name; c++)
		run(c, 0, true);
	test_large();
	for (const OffsetCase *c = offset_cases; c->taken_at; c++)
	{
		run_offset(c, true);
		run_offset(c, false);
	}
	return done_testing();
}
