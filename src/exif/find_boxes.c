/*
 * find_boxes.c
 *		Finds Exif, XMP and IPTC of files made of boxes: JPEG XL, JPEG 2000, Canon's CR3, HEIF and AVIF.
 */
#include <stdlib.h>
#include <string.h>

#include <brotli/decode.h>

#include "exif/find_internal.h"

/* The uuid box in moov that has the directories of a CR3. */
static const uint8_t canon_uuid[16] = {
	0x85, 0xC0, 0xB6, 0x87, 0x82, 0x0F, 0x11, 0xE0, 0x81, 0x11, 0xF4, 0xCE, 0x46, 0x2B, 0x6A, 0x48
};

/* The uuid box of XMP. */
static const uint8_t xmp_uuid[16] = {
	0xBE, 0x7A, 0xCF, 0xCB, 0x97, 0xA9, 0x42, 0xE8, 0x9C, 0x71, 0x99, 0x94, 0x91, 0xE3, 0xAF, 0xAC
};

/* Those in a JPEG 2000 of Exif, as most programs and as an old one of Adobe's name them, and of IPTC, the same. */
static const char *const jp2_exif_uuids[2] = {
	"JpgTiffExif->JP2", "\x05\x37\xCD\xAB\x9D\x0C\x44\x31\xA7\x2A\xFA\x56\x1F\x2A\x11\x3E"
};
static const char *const jp2_iptc_uuids[2] = {
	"\x33\xC7\xA4\xD2\xB8\x1D\x47\x23\xA0\xBA\xF1\xA3\xE0\x97\xAD\x38",
	"\x09\xA1\x4E\x97\xC0\xB4\x42\xE0\xBE\xBF\x36\xDF\x6F\x0C\xE3\x6F"
};
#define UUID_LENGTH 16

/* Unpack a Brotli stream.  NULL if it is corrupt or too large, if too much was unpacked before, or if out of memory. */
static uint8_t *
unbrotli(ExifBlocks *blocks, const uint8_t *data, size_t length, size_t *unpacked)
{
	BrotliDecoderState *state = blocks->unpacked < EXIF_MAX_UNPACKED ? BrotliDecoderCreateInstance(NULL, NULL, NULL) : NULL;
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
	blocks->unpacked += used;
	if (result != BROTLI_DECODER_RESULT_SUCCESS)
	{
		free(bytes);
		return NULL;
	}
	*unpacked = used;
	return bytes;
}

/* A "brob" box: the type of the box that is compressed in it, then its content. */
static void
read_brob(const Box *box, ExifBlocks *blocks)
{
	bool		is_exif = box->length > 4 && memcmp(box->data, "Exif", 4) == 0 && blocks->count < EXIF_MAX_BLOCKS;
	bool		is_xmp = box->length > 4 && memcmp(box->data, "xml ", 4) == 0 && exif_packets_want_xmp(blocks->packets);
	size_t		length = 0;
	uint8_t    *bytes;

	if (!is_exif && !is_xmp)
		return;
	bytes = unbrotli(blocks, box->data + 4, box->length - 4, &length);
	if (bytes != NULL && is_exif)
		exif_blocks_add_payload(blocks, bytes, length, bytes);
	else if (bytes != NULL)
		exif_packets_xmp(blocks->packets, bytes, length, bytes);
	else if (is_exif)
		blocks->problem = "compressed EXIF box could not be unpacked";
}

/* JPEG XL: boxes on the outermost level, plain or compressed. */
static void
find_jxl(Box file, ExifBlocks *blocks)
{
	Box			box;

	for (int i = 0; i < BOX_MAX && box_next(&file, &box); i++)
	{
		if (box.truncated)
			continue;
		if (box_is(&box, "Exif"))
			exif_blocks_add_payload(blocks, box.data, box.length, NULL);
		else if (box_is(&box, "xml "))
			exif_packets_xmp(blocks->packets, box.data, box.length, NULL);
		else if (box_is(&box, "brob"))
			read_brob(&box, blocks);
	}
}

/* XMP in a uuid box on the outermost level, as CR3 has it. */
static void
find_uuid_xmp(Box file, ExifBlocks *blocks)
{
	Box			box;

	for (int i = 0; i < BOX_MAX && box_next(&file, &box); i++)
		if (box_is(&box, "uuid") && !box.truncated && box.length > sizeof(xmp_uuid) &&
			memcmp(box.data, xmp_uuid, sizeof(xmp_uuid)) == 0)
			exif_packets_xmp(blocks->packets, box.data + sizeof(xmp_uuid), box.length - sizeof(xmp_uuid), NULL);
}

/* JPEG 2000: uuid boxes on the outermost level. */
static void
find_jp2(Box file, ExifBlocks *blocks)
{
	Box			box;

	for (int i = 0; i < BOX_MAX && box_next(&file, &box); i++)
	{
		if (!box_is(&box, "uuid") || box.length < UUID_LENGTH)
			continue;
		for (int j = 0; j < 2; j++)
		{
			const uint8_t *content = box.data + UUID_LENGTH;
			size_t		length = box.length - UUID_LENGTH;

			if (memcmp(box.data, jp2_exif_uuids[j], UUID_LENGTH) == 0 && box.truncated)
				blocks->problem = "file ends within the EXIF box";
			else if (memcmp(box.data, jp2_exif_uuids[j], UUID_LENGTH) == 0)
				exif_blocks_add(blocks, EXIF_DIR_IFD0, content, length, NULL);
			else if (memcmp(box.data, jp2_iptc_uuids[j], UUID_LENGTH) == 0 && !box.truncated)
				exif_packets_iptc(blocks->packets, content, length, NULL);
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
	if (length >= 12 && memcmp(data + 4, "jP  ", 4) == 0)
		find_jp2(file, blocks);
	else if (box_find(file, "meta", &box))
		exif_find_heif(data, length, box, blocks);
	if (blocks->count == 0 && box_find(file, "moov", &box))
		find_cr3(box, blocks);
	if (blocks->packets != NULL)
		find_uuid_xmp(file, blocks);
}
