/*
 * find_boxes.c
 *		Finds the Exif blocks of files made of boxes: JPEG XL, Canon's CR3, HEIF and AVIF.
 */
#include <stdlib.h>
#include <string.h>

#include <brotli/decode.h>

#include "exif/find_internal.h"

/* The uuid box in moov that has the directories of a CR3. */
static const uint8_t canon_uuid[16] = {
	0x85, 0xC0, 0xB6, 0x87, 0x82, 0x0F, 0x11, 0xE0, 0x81, 0x11, 0xF4, 0xCE, 0x46, 0x2B, 0x6A, 0x48
};

/* Unpack a Brotli stream.  NULL if it is corrupt or too large, or if out of memory. */
static uint8_t *
unbrotli(const uint8_t *data, size_t length, size_t *unpacked)
{
	BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	uint8_t    *bytes = NULL;
	size_t		capacity = 0,
				used = 0;

	if (state == NULL)
		return NULL;
	while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && capacity < EXIF_MAX_JOINED)
	{
		size_t		left,
					bigger = capacity == 0 ? 64 * 1024 : capacity * 4;
		uint8_t    *more = realloc(bytes, bigger);
		uint8_t    *next;

		if (more == NULL)
			break;
		bytes = more;
		capacity = bigger;
		next = bytes + used;
		left = capacity - used;
		result = BrotliDecoderDecompressStream(state, &length, &data, &left, &next, NULL);
		used = capacity - left;
	}
	BrotliDecoderDestroyInstance(state);
	if (result != BROTLI_DECODER_RESULT_SUCCESS)
	{
		free(bytes);
		return NULL;
	}
	*unpacked = used;
	return bytes;
}

/* JPEG XL: an Exif box on the outermost level, plain or compressed in a "brob" box. */
static void
find_jxl(Box file, ExifBlocks *blocks)
{
	Box			box;

	for (int i = 0; i < BOX_MAX && box_next(&file, &box); i++)
	{
		if (box_is(&box, "Exif") && !box.truncated)
			exif_blocks_add_payload(blocks, box.data, box.length, NULL);
		else if (box_is(&box, "brob") && !box.truncated &&
				 box.length > 4 && memcmp(box.data, "Exif", 4) == 0)
		{
			size_t		length;
			uint8_t    *bytes = unbrotli(box.data + 4, box.length - 4, &length);

			if (bytes == NULL)
				blocks->problem = "compressed EXIF box could not be unpacked";
			else
				exif_blocks_add_payload(blocks, bytes, length, bytes);
		}
	}
}

/* CR3: each directory is a TIFF structure of its own. */
static void
find_cr3(Box moov, ExifBlocks *blocks)
{
	static const struct
	{
		const char *type;
		ExifDir		dir;
	}			parts[] = {
		{"CMT1", EXIF_DIR_IFD0}, {"CMT2", EXIF_DIR_EXIF}, {"CMT4", EXIF_DIR_GPS}
	};
	Box			uuid,
				part;

	for (int i = 0; i < BOX_MAX && box_next(&moov, &uuid); i++)
	{
		if (!box_is(&uuid, "uuid") || uuid.length < sizeof(canon_uuid) ||
			memcmp(uuid.data, canon_uuid, sizeof(canon_uuid)) != 0)
			continue;
		uuid.data += sizeof(canon_uuid);
		uuid.length -= sizeof(canon_uuid);
		for (size_t j = 0; j < sizeof(parts) / sizeof(parts[0]); j++)
			if (box_find(uuid, parts[j].type, &part) && !part.truncated)
				exif_blocks_add(blocks, parts[j].dir, part.data, part.length, NULL);
		return;
	}
}

void
exif_find_boxes(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	Box			file = {.data = data, .length = length};
	Box			box;

	if (length >= 12 && memcmp(data + 4, "JXL ", 4) == 0)
	{
		find_jxl(file, blocks);
		return;
	}
	if (box_find(file, "meta", &box))
		exif_find_heif(data, length, box, blocks);
	if (blocks->count == 0 && box_find(file, "moov", &box))
		find_cr3(box, blocks);
}
