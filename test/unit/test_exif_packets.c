/*
 * test_exif_packets.c
 *		Tests XMP and IPTC: each case of exif_cases_packet.h, the same in every container, what lies beside
 *		EXIF or is too large, and files that are cut anywhere.
 */
#include <stdlib.h>

#include "exif/exif.h"
#include "exif/field.h"
#include "exif/packet.h"
#include "test/pictures/exif_wrap.h"
#include "test/pictures/packet_wrap.h"
#include "test/unit/exif_cases.h"
#include "test/unit/exif_cases_packet.h"
#include "test/unit/tap.h"

static TeFormat
format_of(PacketWrap how)
{
	static const TeFormat formats[] = {
		[PACKET_PNG] = TE_FORMAT_PNG, [PACKET_PNG_PACKED] = TE_FORMAT_PNG, [PACKET_WEBP] = TE_FORMAT_WEBP,
		[PACKET_TIFF] = TE_FORMAT_TIFF, [PACKET_HEIC] = TE_FORMAT_HEIC, [PACKET_AVIF] = TE_FORMAT_AVIF,
		[PACKET_JXL] = TE_FORMAT_JXL, [PACKET_JXL_BROTLI] = TE_FORMAT_JXL, [PACKET_CR3] = TE_FORMAT_RAW,
		[PACKET_RAF] = TE_FORMAT_RAW, [PACKET_IPTC_TIFF] = TE_FORMAT_TIFF, [PACKET_IPTC_TIFF_SWAPPED] = TE_FORMAT_TIFF,
		[PACKET_IPTC_TIFF_RESOURCES] = TE_FORMAT_TIFF
	};

	return formats[how] != TE_FORMAT_UNKNOWN ? formats[how] : TE_FORMAT_JPEG;
}

/* What is read of a file; the tag that the packet itself is in is left out of the text. */
static char *
read_json(TeFormat format, const uint8_t *data, size_t length, const char *what)
{
	ExifResult	result = {0};
	char	   *json;
	uint8_t    *copy = malloc(length ? length : 1);

	memcpy(copy, data, length);
	exif_read(format, copy, length, true, &result);
	if (what != NULL)
	{
		ok(result.error[0] == '\0', "%s: no error", what);
		is_int(result.status, result.json ? TE_EXIF_FOUND : TE_EXIF_NONE, what);
	}
	json = result.json;
	if (json != NULL && (strncmp(json, "{\"XMLPacket\":", 13) == 0 || strncmp(json, "{\"IPTC/NAA\":", 12) == 0 ||
						 strncmp(json, "{\"ImageResources\":", 18) == 0))
	{
		char	   *rest = strchr(json, ',');

		memmove(json + 1, rest ? rest + 1 : json + strlen(json) - 1, rest ? strlen(rest) : 2);
	}
	free(copy);
	return json;
}

static void
expect(PacketWrap how, const char *packet, size_t length, const char *json, const char *what)
{
	Bytes		file = packet_wrap(how, packet, length);
	char	   *got = read_json(format_of(how), file.data, file.length, what);

	is_text(got, json, what);
	free(got);
	bytes_free(&file);
}

static void
run(const PacketCase *cases, PacketWrap how)
{
	for (; cases->name != NULL; cases++)
		expect(how, cases->bytes, cases->length, cases->json, cases->name);
}

/* The same packet as UTF-16. */
static void
test_utf16(void)
{
	for (int kind = 0; kind < 4; kind++)
	{
		bool		big = kind & 1,
					mark = kind & 2;
		Bytes		wide = bytes_copy(big ? "\xFE\xFF" : "\xFF\xFE", mark ? 2 : 0);

		for (size_t i = 0; i < xmp_sample.length; i++)
		{
			uint8_t		c = (uint8_t) xmp_sample.bytes[i];

			if (c == 0xEF)		/* the mark in the packet's header: U+FEFF */
			{
				bytes_add(&wide, big ? "\xFE\xFF" : "\xFF\xFE", 2);
				i += 2;
			}
			else
				bytes_add(&wide, big ? (char[2]) {0, (char) c} : (char[2]) {(char) c, 0}, 2);
		}
		expect(PACKET_JPEG, (char *) wide.data, wide.length, xmp_sample.json, big ? "UTF-16, big-endian" : "UTF-16, little-endian");
		bytes_free(&wide);
	}
}

/* The value of one attribute and of an array, of this many bytes and items. */
static Bytes
large_packet(size_t bytes, int items)
{
	Bytes		packet = bytes_copy(XMP_BEGIN "<rdf:Description" XMP_NAMESPACES " xmp:Rating='4'>",
									sizeof(XMP_BEGIN "<rdf:Description" XMP_NAMESPACES " xmp:Rating='4'>") - 1);

	char	   *text = malloc(bytes);

	memset(text, 'x', bytes);
	bytes_add(&packet, "<dc:title>", 10);
	bytes_add(&packet, text, bytes);
	free(text);
	bytes_add(&packet, "</dc:title><dc:subject><rdf:Bag>", 32);
	for (int i = 0; i < items; i++)
		bytes_add(&packet, "<rdf:li>k</rdf:li>", 18);
	bytes_add(&packet, "</rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>", 63);
	return packet;
}

static void
test_bounds(void)
{
	int			count = 0;
	static const struct
	{
		size_t		bytes;
		int			items;
		const char *what,
				   *has,
				   *lacks;
	}			cases[] = {
		{4096, 300, "long values", "\"XMP:Title\":\"xxxx", "_truncated"},
		{70000, 1, "a text that is too long", "\"XMP:Rating\":4,\"_truncated\":true", "XMP:Title"},
		{FIELD_MAX_TEXT + 64, 1, "more than all text", "\"XMP:Rating\":4,\"_truncated\":true", "XMP:Title"},
		{64, FIELD_MAX_ITEMS + 5, "too many items", "_truncated", "XMP:none"},
		{EXIF_MAX_PACKET, 1, "a packet that is too large", NULL, "XMP:Rating"}
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Bytes		packet = large_packet(cases[i].bytes, cases[i].items);
		Bytes		file = packet_wrap(PACKET_PNG, packet.data, packet.length);
		char	   *json = read_json(TE_FORMAT_PNG, file.data, file.length, cases[i].what);
		ok((json != NULL) == (cases[i].has != NULL) && (json == NULL || strstr(json, cases[i].has) != NULL), "%s: has", cases[i].what);
		ok(json == NULL || strstr(json, cases[i].lacks) == NULL, "%s: lacks", cases[i].what);
		if (cases[i].items > FIELD_MAX_ITEMS)
		{
			for (const char *at = json; at != NULL && (at = strstr(at, "\"k\"")) != NULL; at++)
				count++;
			is_int(count, FIELD_MAX_ITEMS, "the first items");
		}
		free(json);
		bytes_free(&file);
		bytes_free(&packet);
	}
}

/* More packets, and more segments, than are read. */
static void
test_many(void)
{
	Bytes		jpeg;
	char	   *json;

	jpeg_begin(&jpeg);
	packet_xmp_segment(&jpeg, xmp_sample.bytes, xmp_sample.length);
	for (int i = 0; i < EXIF_MAX_SEGMENTS + 2; i++)
	{
		packet_xmp_segment(&jpeg, "<a/>", 4);
		packet_extended_segment(&jpeg, "0123456789ABCDEF0123456789ABCDEF", 1000, (size_t) i, "x", 1);
		packet_iptc_segment(&jpeg, iptc_cases[1].bytes, iptc_cases[1].length);
	}
	jpeg_end(&jpeg);
	json = read_json(TE_FORMAT_JPEG, jpeg.data, jpeg.length, "many packets");
	ok(json != NULL && strstr(json, "\"XMP:Rating\":4") != NULL && strstr(json, "\"IPTC:Keywords\":[\"a\"]") != NULL, "many packets are read");
	free(json);
	bytes_free(&jpeg);
}

#define FIRST_PART XMP_RDF "<rdf:Description" XMP_NAMESPACES " dc:title='a'/>"

/* Extended XMP that is not whole, does not fit, or is not named in the packet, is not read. */
static void
test_extended(void)
{
	static const char guid[] = "0123456789ABCDEF0123456789ABCDEF";
	static const char first[] = XMP(" xmlns:n='http://ns.adobe.com/xmp/note/' n:HasExtendedXMP='0123456789ABCDEF0123456789ABCDEF' xmp:Rating='1'", "");
	static const char more[] = FIRST_PART "<rdf:Description" XMP_NAMESPACES " dc:description='b'/></rdf:RDF>";
	const size_t split = sizeof(FIRST_PART) - 1;
	static const struct
	{
		const char *what;
		const char *guid;
		size_t		total;
		int			shift;		/* of the second part */
		size_t		cut;		/* bytes that are missing at its end */
		bool		has;
	}			cases[] = {
		{"whole", guid, sizeof(more) - 1, 0, 0, true},
		{"another name", "0123456789ABCDEF0123456789ABCDE0", sizeof(more) - 1, 0, 0, false},
		{"a gap", guid, sizeof(more) - 1, 1, 0, false},
		{"an overlap", guid, sizeof(more) - 1, -1, 0, false},
		{"an end that is missing", guid, sizeof(more) - 1, 0, 5, false},
		{"too long", guid, sizeof(more) - 5, 0, 0, false},
		{"too large", guid, EXIF_MAX_PACKET + 1, 0, 0, false},
		{"nothing", guid, 0, 0, 0, false}
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Bytes		jpeg;
		char	   *json;

		jpeg_begin(&jpeg);
		packet_xmp_segment(&jpeg, first, sizeof(first) - 1);
		packet_extended_segment(&jpeg, cases[i].guid, cases[i].total, 0, more, split);
		packet_extended_segment(&jpeg, cases[i].guid, cases[i].total, (size_t) ((int) split + cases[i].shift),
								more + split, sizeof(more) - 1 - split - cases[i].cut);
		jpeg_end(&jpeg);
		json = read_json(TE_FORMAT_JPEG, jpeg.data, jpeg.length, cases[i].what);
		is_text(json, cases[i].has ? "{\"XMP:Title\":\"a\",\"XMP:Description\":\"b\",\"XMP:Rating\":1}" : "{\"XMP:Rating\":1}", cases[i].what);
		free(json);
		bytes_free(&jpeg);
	}
}

/* EXIF that cannot be read does not hide XMP, and the reason is kept. */
static void
test_beside_broken_exif(void)
{
	ExifResult	result = {0};
	Bytes		jpeg;

	jpeg_begin(&jpeg);
	jpeg_segment(&jpeg, 0xE1, "Exif\0\0", 6, "rubbish!!!", 10);
	packet_xmp_segment(&jpeg, xmp_sample.bytes, xmp_sample.length);
	jpeg_end(&jpeg);
	exif_read(TE_FORMAT_JPEG, jpeg.data, jpeg.length, true, &result);
	is_int(result.status, TE_EXIF_FOUND, "XMP beside broken EXIF");
	is_text(result.json, xmp_sample.json, "XMP beside broken EXIF: JSON");
	ok(result.error[0] != '\0', "XMP beside broken EXIF: the reason");
	exif_result_free(&result);
	bytes_free(&jpeg);
}

/* EXIF, XMP and IPTC in one file: all that EXIF alone gives, and the rest behind it; of XMP the same without GPS. */
static void
test_beside_exif(void)
{
	ExifBlock  *block = exif_block_new(0);
	ExifResult	result = {0};
	Bytes		jpeg;
	size_t		length;
	uint8_t    *built;
	char	   *alone;

	exif_sample(block);
	built = exif_block_build(block, &length);
	jpeg = exif_wrap(WRAP_JPEG, built, length);
	alone = read_json(TE_FORMAT_JPEG, jpeg.data, jpeg.length, "EXIF alone");
	bytes_free(&jpeg);
	jpeg_begin(&jpeg);
	packet_iptc_segment(&jpeg, iptc_cases[1].bytes, iptc_cases[1].length);
	packet_xmp_segment(&jpeg, xmp_sample.bytes, xmp_sample.length);
	jpeg_segment(&jpeg, 0xE1, "Exif\0\0", 6, built, length);
	jpeg_end(&jpeg);
	for (int with_gps = 0; with_gps <= 1; with_gps++)
	{
		exif_read(TE_FORMAT_JPEG, jpeg.data, jpeg.length, with_gps, &result);
		ok(strstr(result.json, "\"XMP:Rating\":4") && strstr(result.json, "\"IPTC:Keywords\":[\"a\"]"), "XMP and IPTC beside EXIF");
		if (with_gps)
			ok(strncmp(result.json, alone, strlen(alone) - 1) == 0, "EXIF is the same beside XMP");
		exif_result_free(&result);
	}
	is_int(exif_orientation(TE_FORMAT_JPEG, jpeg.data, jpeg.length), 6, "its orientation");
	free(alone);
	free(built);
	bytes_free(&jpeg);
	exif_block_free(block);
}

/* How many members of the JSON are not those of a whole packet? */
static int
invented(const char *json, const char *whole)
{
	int			count = 0;

	for (const char *at = json ? json + 1 : NULL; at != NULL && *at == '"';)
	{
		char		member[2000];
		const char *end = strstr(at, ",\"XMP:");
		int			length;

		if (end == NULL)
			end = strstr(at, ",\"IPTC:");
		length = end ? (int) (end - at) : (int) strlen(at) - 1;
		snprintf(member, sizeof(member), "%.*s", length, at);
		count += strstr(whole, member) == NULL;
		at = end ? end + 1 : NULL;
	}
	return count;
}

/* Every length of a file, from nothing to all: no read beyond the end, and nothing but what is in the whole. */
static void
test_cut(PacketWrap how, const PacketCase *c)
{
	Bytes		file = packet_wrap(how, c->bytes, c->length);
	int			wrong = 0;

	for (size_t length = 0; length < file.length; length++)
	{
		char	   *json = read_json(format_of(how), file.data, length, NULL);

		wrong += invented(json, c->json);
		free(json);
	}
	is_int(wrong, 0, packet_wrap_name(how));
	bytes_free(&file);
}

/* The packet itself cut anywhere: its values are those of the whole, or absent. */
static void
test_cut_packet(void)
{
	int			wrong = 0;

	for (size_t length = 0; length < xmp_sample.length; length++)
	{
		Bytes		file = packet_wrap(PACKET_WEBP, xmp_sample.bytes, length);
		char	   *json = read_json(TE_FORMAT_WEBP, file.data, file.length, NULL);

		wrong += invented(json, xmp_sample.json);
		free(json);
		bytes_free(&file);
	}
	is_int(wrong, 0, "a packet cut anywhere");
}

/* Text again and again. */
static void
add_often(Bytes *bytes, const char *text, int count)
{
	size_t		length = strlen(text);
	char	   *all = malloc(length * count);

	for (int i = 0; i < count; i++)
		memcpy(all + length * i, text, length);
	bytes_add(bytes, all, length * count);
	free(all);
}

/*
 * Packets that make expat copy a long name of a namespace for each attribute: in many elements, or in one.  They end
 * there, with what was before; a name of usual length may be used often.
 */
static void
test_namespaces(void)
{
	static const char begin[] = XMP_BEGIN "<rdf:Description" XMP_NAMESPACES " dc:title='a'/><b xmlns:p='";
	static const char end[] = "/>\n<rdf:Description" XMP_NAMESPACES " xmp:Rating='4'/>" XMP_END;

	for (int shape = 0; shape < 4; shape++)
	{
		bool		many = shape & 1,
					large = shape & 2;
		Bytes		packet = bytes_copy(begin, sizeof(begin) - 1);
		const char *what = many ? large ? "many elements, long name" : "many elements" : large ? "one element, long name" : "one element";

		add_often(&packet, "n", large ? 1024 * 1024 : 200);
		add_often(&packet, many ? "'><b p:a=''/>" : "'", 1);
		if (many)
		{
			add_often(&packet, "<b p:a=''/>", 100000);
			add_often(&packet, "</b><b", 1);
		}
		else
		{
			char	   *attributes = malloc(20000 * 16);
			int			length = 0;

			for (int i = 0; i < 20000; i++)
				length += snprintf(attributes + length, 16, " p:a%d=''", i);
			bytes_add(&packet, attributes, length);
			free(attributes);
		}
		bytes_add(&packet, end, sizeof(end) - 1);
		expect(PACKET_PNG, (char *) packet.data, packet.length,
			   large ? "{\"XMP:Title\":\"a\"}" : "{\"XMP:Title\":\"a\",\"XMP:Rating\":4}", what);
		bytes_free(&packet);
	}
}

int
main(void)
{
	run(xmp_cases, PACKET_JPEG);
	run(xmp_broken_cases, PACKET_JPEG);
	run(iptc_cases, PACKET_IPTC_JPEG);
	for (int how = 0; how <= PACKET_LAST; how++)
	{
		const PacketCase *c = how <= PACKET_LAST_XMP ? &xmp_sample : &iptc_cases[0];

		expect((PacketWrap) how, c->bytes, c->length, c->json, packet_wrap_name((PacketWrap) how));
		test_cut((PacketWrap) how, c);
	}
	test_cut_packet();
	test_utf16();
	test_bounds();
	test_namespaces();
	test_many();
	test_extended();
	test_beside_broken_exif();
	test_beside_exif();
	return done_testing();
}
