/*
 * fuzz_image.c
 *		Fuzzes src/image with bytes that our own code walks (JPEG, PNG, BMP, PNM, RAW): nothing may be read
 *		beyond them, and the result must keep the rules of image.h.
 *
 * The other formats belong to libraries that have fuzzers of their own; the decoder's
 * sandbox is there for what these leave.  Built by make fuzz-image.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "container/png.h"
#include "image/internal.h"

extern int	LLVMFuzzerInitialize(int *argc, char ***argv);
extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	TeHello		hello;

	if (!img_init(&hello))
	{
		fprintf(stderr, "%s\n", hello.self_test);
		exit(1);
	}
	return 0;
}

/* Give the chunks of a PNG right checksums, or nothing would get past them. */
static void
repair(uint8_t *data, size_t size)
{
	size_t		at = PNG_FIRST_CHUNK;
	PngChunk	chunk;

	while (png_next(data, size, &at, &chunk) == PNG_CHUNK)
	{
		uint32_t	crc = (uint32_t) crc32(0, chunk.type, chunk.length + 4);

		for (int i = 0; i < 4; i++)
			data[at - 4 + i] = (uint8_t) (crc >> (24 - 8 * i));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const TeRequest request = {
		.want = TE_WANT_ALL | TE_WANT_DAMAGED, .size = 48, .format = TE_FORMAT_JPEG, .quality = 85,
		.max_pixels = 300 * 1000, .file_size = size
	};
	TeFormat	format = img_sniff(data, size);
	uint8_t    *copy;
	ImgResult	result;

	if (size > 0 && format != TE_FORMAT_JPEG && format != TE_FORMAT_PNG && format != TE_FORMAT_BMP && format != TE_FORMAT_PNM &&
		format != TE_FORMAT_RAW)
		return -1;
	copy = malloc(size + (size == 0));
	if (size > 0)
		memcpy(copy, data, size);
	if (format == TE_FORMAT_PNG)
		repair(copy, size);
	img_process(&request, copy, size, &result);
	free(copy);
	if (strcmp(te_status_sqlstate(result.status), "XX000") == 0 ||
		(result.status == TE_OK) != (result.thumbnail != NULL) ||
		(result.status == TE_OK && result.damage == 0) != (result.error[0] == '\0') ||
		(result.damage != 0 && result.status != TE_OK))
	{
		fprintf(stderr, "status %d, error \"%s\"\n", result.status, result.error);
		abort();
	}
	img_result_free(&result);
	return 0;
}
