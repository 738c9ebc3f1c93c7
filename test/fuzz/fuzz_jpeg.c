/*
 * fuzz_jpeg.c
 *		Fuzzes the decoder of averages (src/image/jpeg_dc.c): what it decodes, libjpeg must decode
 *		without complaint, and with the same result.
 *
 * Built by make fuzz-jpeg.
 */
#include <stdio.h>
#include <stdlib.h>

#include "container/jpeg.h"
#include "test/unit/jpeg_cases.h"

#define MOST_PIXELS (512 * 512)

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JpegFrame	frame;
	const char *why;

	if (jpeg_find_frame(data, size, &frame) != JPEG_FOUND || (uint64_t) frame.width * frame.height > MOST_PIXELS)
		return -1;
	if (jpeg_compare(data, size, &why) == WRONG)
	{
		fprintf(stderr, "%s\n", why);
		abort();
	}
	return 0;
}
