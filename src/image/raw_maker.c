/*
 * raw_maker.c
 *		Reads size and previews of RAW files not built on TIFF: Fujifilm's RAF and Canon's CR3.
 */
#include "image/raw.h"

#include <string.h>

#include "container/box.h"
#include "container/bytes.h"
#include "container/raw_jpeg.h"

void
img_raw_read_raf(const ImgFile *file, ImgRaw *raw)
{
	const uint8_t *jpeg;
	size_t		jpeg_length;

	if (raf_jpeg(file->data, file->length, &jpeg, &jpeg_length))
		img_raw_add_preview(raw, jpeg, jpeg_length);
	raf_size(file->data, file->length, &raw->width, &raw->height);
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
