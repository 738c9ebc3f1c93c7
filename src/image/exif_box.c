/*
 * exif_box.c
 *		EXIF in files made of boxes: HEIF and AVIF items, JPEG XL, Canon's CR3.
 *
 * A box never reaches beyond the one around it, whatever its size says.
 */
#include <stdlib.h>
#include <string.h>

#include <brotli/decode.h>

#include "image/exif_find.h"
#include "image/exif_heif.h"

#define BOX_MAX 4096			/* boxes looked at on one level */

/* Where Canon keeps the directories of a CR3, in moov. */
static const uint8_t canon_uuid[16] = {
	0x85, 0xC0, 0xB6, 0x87, 0x82, 0x0F, 0x11, 0xE0, 0x81, 0x11, 0xF4, 0xCE, 0x46, 0x2B, 0x6A, 0x48
};

bool
box_next(Box *inside, Box *box)
{
	uint64_t	size,
				head = 8;

	if (inside->length < 8)
		return false;
	size = box_uint(inside->data, 4);
	memcpy(box->type, inside->data + 4, 4);
	if (size == 1 && inside->length >= 16)
	{
		size = box_uint(inside->data + 8, 8);
		head = 16;
	}
	else if (size == 0)
		size = inside->length;
	if (size < head)
		return false;
	box->cut = size > inside->length;
	if (box->cut)
		size = inside->length;
	box->data = inside->data + head;
	box->length = (size_t) (size - head);
	inside->data += size;
	inside->length -= (size_t) size;
	return true;
}

bool
box_find(Box inside, const char *type, Box *box)
{
	for (int i = 0; i < BOX_MAX && box_next(&inside, box); i++)
		if (memcmp(box->type, type, 4) == 0)
			return true;
	return false;
}

uint64_t
box_uint(const uint8_t *at, int bytes)
{
	uint64_t	value = 0;

	while (bytes-- > 0)
		value = value << 8 | *at++;
	return value;
}

/* Does a TIFF header stand here? */
static bool
tiff_at(const uint8_t *data, size_t length, size_t offset)
{
	return offset <= length && length - offset >= 8 &&
		(memcmp(data + offset, "II*\0", 4) == 0 || memcmp(data + offset, "MM\0*", 4) == 0);
}

void
exif_add_payload(ExifPieces *pieces, const uint8_t *data, size_t length, uint8_t *owned)
{
	size_t		start = 4;

	/* Four bytes say how far behind them the block begins; some writers forget them. */
	if (tiff_at(data, length, 0) || (length >= 6 && memcmp(data, "Exif\0", 6) == 0))
		start = 0;
	else if (length >= 4)
	{
		uint64_t	offset = box_uint(data, 4);

		if (offset > length - 4)
		{
			pieces->trouble = "EXIF payload does not contain the offset it names";
			free(owned);
			return;
		}
		start = 4 + (size_t) offset;
		if (!tiff_at(data, length, start) && tiff_at(data, length, 10))
			start = 10;
	}
	if (start > length)
		start = length;
	exif_add_piece(pieces, EXIF_DIR_IFD0, data + start, length - start, owned);
}

/* Unpack a Brotli stream.  NULL if it is broken, too large or memory is out. */
static uint8_t *
unbrotli(const uint8_t *data, size_t length, size_t *unpacked)
{
	BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	uint8_t    *bytes = NULL;
	size_t		room = 0,
				used = 0;

	if (state == NULL)
		return NULL;
	while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && room < EXIF_MAX_JOINED)
	{
		size_t		left,
					bigger = room == 0 ? 64 * 1024 : room * 4;
		uint8_t    *more = realloc(bytes, bigger);
		uint8_t    *next;

		if (more == NULL)
			break;
		bytes = more;
		room = bigger;
		next = bytes + used;
		left = room - used;
		result = BrotliDecoderDecompressStream(state, &length, &data, &left, &next, NULL);
		used = room - left;
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

/* JPEG XL: Exif on the outermost level, plain or in a "brob" box. */
static void
find_jxl(Box file, ExifPieces *pieces)
{
	Box			box;

	for (int i = 0; i < BOX_MAX && box_next(&file, &box); i++)
	{
		if (memcmp(box.type, "Exif", 4) == 0 && !box.cut)
			exif_add_payload(pieces, box.data, box.length, NULL);
		else if (memcmp(box.type, "brob", 4) == 0 && !box.cut &&
				 box.length > 4 && memcmp(box.data, "Exif", 4) == 0)
		{
			size_t		length;
			uint8_t    *bytes = unbrotli(box.data + 4, box.length - 4, &length);

			if (bytes == NULL)
				pieces->trouble = "compressed EXIF box could not be unpacked";
			else
				exif_add_payload(pieces, bytes, length, bytes);
		}
	}
}

/* CR3: each directory of the image is a TIFF structure of its own. */
static void
find_cr3(Box moov, ExifPieces *pieces)
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
		if (memcmp(uuid.type, "uuid", 4) != 0 || uuid.length < sizeof(canon_uuid) ||
			memcmp(uuid.data, canon_uuid, sizeof(canon_uuid)) != 0)
			continue;
		uuid.data += sizeof(canon_uuid);
		uuid.length -= sizeof(canon_uuid);
		for (size_t j = 0; j < sizeof(parts) / sizeof(parts[0]); j++)
			if (box_find(uuid, parts[j].type, &part) && !part.cut)
				exif_add_piece(pieces, parts[j].dir, part.data, part.length, NULL);
		return;
	}
}

void
exif_find_boxes(const uint8_t *data, size_t length, ExifPieces *pieces)
{
	Box			file = {.data = data, .length = length};
	Box			box;

	if (length >= 12 && memcmp(data + 4, "JXL ", 4) == 0)
	{
		find_jxl(file, pieces);
		return;
	}
	if (box_find(file, "meta", &box))
		exif_find_heif(data, length, box, pieces);
	if (pieces->count == 0 && box_find(file, "moov", &box))
		find_cr3(box, pieces);
}
