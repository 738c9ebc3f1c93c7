/*
 * craft.c
 *		Write the cases of test/unit/exif_cases.h and exif_cases_packet.h, and one EXIF block and
 *		packet in every container, into a folder, for ExifTool to read as well.
 *
 *		craft FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/pictures/exif_wrap.h"
#include "test/pictures/older_raw.h"
#include "test/pictures/packet_wrap.h"
#include "test/unit/exif_cases.h"
#include "test/unit/exif_cases_packet.h"

static void
save(const char *folder, const char *name, const char *suffix, const Bytes *bytes)
{
	char		path[4096];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes->data, 1, bytes->length, file) != bytes->length ||
		fclose(file) != 0)
	{
		perror(path);
		exit(1);
	}
}

static void
save_case(const char *folder, const ExifCase *c)
{
	ExifBlock  *block = exif_block_new(c->flags);
	Bytes		built = {0};
	Bytes		file;

	c->build(block);
	built.data = exif_block_build(block, &built.length);
	if (c->flags & EB_BIGTIFF)
		save(folder, c->name, ".tif", &built);
	else
	{
		file = exif_wrap(WRAP_JPEG, built.data, built.length);
		save(folder, c->name, ".jpg", &file);
		bytes_free(&file);
	}
	bytes_free(&built);
	exif_block_free(block);
}

static void
save_packets(const char *folder, const PacketCase *cases, PacketWrap how)
{
	for (; cases->name != NULL; cases++)
	{
		Bytes		file = packet_wrap(how, cases->bytes, cases->length);

		save(folder, cases->name, ".jpg", &file);
		bytes_free(&file);
	}
}

/* RAW files that say by other means what EXIF does. */
static void
save_without_exif(const char *folder)
{
	const OlderRaw raw = {"Canon", "Canon EOS 10D", 1709251198, 3072, 2048, 270};
	Bytes		crw = crw_build(&raw, false);
	Bytes		big_endian = crw_build(&raw, true);
	Bytes		x3f = x3f_build(&raw, 2);

	save(folder, "crw", ".crw", &crw);
	save(folder, "crw-big-endian", ".crw", &big_endian);
	save(folder, "x3f-properties", ".x3f", &x3f);
	bytes_free(&crw);
	bytes_free(&big_endian);
	bytes_free(&x3f);
}

int
main(int argc, char **argv)
{
	ExifBlock  *block = exif_block_new(EB_BIG_ENDIAN);
	uint8_t    *built;
	size_t		length;

	if (argc != 2)
		return 2;
	for (int i = 0; i < EXIF_CASE_SETS; i++)
		for (const ExifCase *c = exif_case_sets[i]; c->name; c++)
			save_case(argv[1], c);

	exif_sample(block);
	built = exif_block_build(block, &length);
	for (int how = 0; how <= WRAP_LAST; how++)
	{
		Bytes		file = exif_wrap((ExifWrap) how, built, length);

		save(argv[1], exif_wrap_name((ExifWrap) how), "", &file);
		bytes_free(&file);
	}
	free(built);
	exif_block_free(block);

	save_without_exif(argv[1]);
	save_packets(argv[1], xmp_cases, PACKET_JPEG);
	save_packets(argv[1], xmp_broken_cases, PACKET_JPEG);
	save_packets(argv[1], iptc_cases, PACKET_IPTC_JPEG);
	for (int how = 0; how <= PACKET_LAST; how++)
	{
		const PacketCase *c = how <= PACKET_LAST_XMP ? &xmp_sample : &iptc_cases[0];
		Bytes		file = packet_wrap((PacketWrap) how, c->bytes, c->length);

		save(argv[1], packet_wrap_name((PacketWrap) how), "", &file);
		bytes_free(&file);
	}
	return 0;
}
