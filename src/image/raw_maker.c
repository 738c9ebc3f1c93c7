/*
 * raw_maker.c
 *		RAW files that are not built on TIFF: Fujifilm's RAF and Canon's CR3.
 */
#include "image/internal.h"

#include <string.h>

#include "container/box.h"
#include "container/bytes.h"
#include "image/raw.h"

/* Fujifilm's RAF: numbers are big-endian. */
#define RAF_JPEG			0x54	/* offset and length of a JPEG */
#define RAF_DIRECTORY		0x5C	/* offset of records of tag, length, data */
#define RAF_FULL_SIZE		0x0100	/* height, width */
#define RAF_CROPPED_SIZE	0x0111

void
img_raw_read_raf(const ImgFile *file, ImgRaw *raw)
{
	uint64_t	jpeg = be32(file->data + RAF_JPEG);
	uint64_t	jpeg_length = be32(file->data + RAF_JPEG + 4);
	uint64_t	at = be32(file->data + RAF_DIRECTORY);
	uint64_t	records;
	bool		cropped = false;

	if (jpeg < file->length)
		img_raw_add_preview(raw, file->data + jpeg, (size_t) MIN(jpeg_length, file->length - jpeg));
	if (at + 4 > file->length)
		return;
	records = MIN(be32(file->data + at), 1000);
	for (at += 4; records > 0 && at + 4 <= file->length; records--)
	{
		uint64_t	tag = be16(file->data + at);
		uint64_t	length = be16(file->data + at + 2);

		if (at + 4 + length > file->length)
			return;
		if (length >= 4 && (tag == RAF_CROPPED_SIZE || (tag == RAF_FULL_SIZE && !cropped)))
		{
			raw->height = be16(file->data + at + 4);
			raw->width = be16(file->data + at + 6);
			cropped = tag == RAF_CROPPED_SIZE;
		}
		at += 4 + length;
	}
}

/* A JPEG that begins within the first bytes of a box's content. */
static void
add_box_preview(ImgRaw *raw, const Box *box)
{
	const uint8_t *at = memmem(box->data, MIN(box->length, 64), "\xFF\xD8\xFF", 3);

	if (at)
		img_raw_add_preview(raw, at, box->length - (at - box->data));
}

/* Canon's boxes below "inside": directories (the first one has the size) and previews. */
static void
read_canon_boxes(Box inside, ImgRaw *raw, int depth)
{
	Box			box;

	for (int i = 0; i < 1000 && box_next(&inside, &box); i++)
	{
		if (box_is(&box, "moov") && depth < 3)
			read_canon_boxes(box, raw, depth + 1);
		else if (box_is(&box, "uuid") && box.length > 24 && depth < 3)
		{
			/* its name of 16 bytes, and before a preview 8 more */
			bool		preview = be32(box.data) == 0xEAF42B5E;
			size_t		skip = preview ? 24 : 16;

			read_canon_boxes((Box) {.data = box.data + skip, .length = box.length - skip}, raw, depth + 1);
		}
		else if (box_is(&box, "CMT1"))
		{
			const ImgFile directories = {TE_FORMAT_RAW, box.data, box.length};

			img_raw_read_tiff(&directories, raw);
		}
		else if (box_is(&box, "PRVW") || box_is(&box, "THMB") ||
				 box_is(&box, "mdat"))
			add_box_preview(raw, &box);
	}
}

void
img_raw_read_canon(const ImgFile *file, ImgRaw *raw)
{
	read_canon_boxes((Box) {.data = file->data, .length = file->length}, raw, 0);
}
