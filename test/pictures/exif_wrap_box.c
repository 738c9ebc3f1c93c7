/*
 * exif_wrap_box.c
 *		Puts an EXIF block into HEIF, AVIF and CR3.
 */
#include "exif_wrap_box.h"

#include <string.h>

#define PRIMARY		1			/* items: the image, */
#define EXIF		2			/* its EXIF, */
#define STORE		3			/* what the EXIF lies in, */
#define OTHER		4			/* and the EXIF of another image */
#define OTHER_IMAGE	5

/* What is known before the boxes can be written. */
typedef struct Plan
{
	ExifWrap	how;
	bool		wide;			/* 64-bit offsets, 32-bit numbers */
	int			method;			/* of the EXIF item */
	size_t		extent[3];		/* places of its extents, in the order of the payload */
	size_t		size[3];
	int			extents;
	size_t		other;			/* place of the other image's EXIF */
	size_t		payload_length;
} Plan;

static void
add_uint(Bytes *bytes, uint64_t value, int size)
{
	while (size-- > 0)
	{
		uint8_t		byte = (uint8_t) (value >> (8 * size));

		bytes_add(bytes, &byte, 1);
	}
}

static void
add_box(Bytes *bytes, const char *type, Bytes *content, bool wide)
{
	if (wide)
	{
		add_uint(bytes, 1, 4);
		bytes_add(bytes, type, 4);
		add_uint(bytes, content->length + 16, 8);
		bytes_add(bytes, content->data, content->length);
	}
	else
		box_add(bytes, type, content->data, content->length);
	bytes_free(content);
}

void
box_add(Bytes *bytes, const char *type, const void *data, size_t length)
{
	add_uint(bytes, length + 8, 4);
	bytes_add(bytes, type, 4);
	bytes_add(bytes, data, length);
}

static void
add_item_info(Bytes *list, uint32_t id, const char *type, bool wide)
{
	Bytes		infe = {0};

	add_uint(&infe, wide ? 3 : 2, 1);
	add_uint(&infe, 0, 3);
	add_uint(&infe, id, wide ? 4 : 2);
	add_uint(&infe, 0, 2);
	bytes_add(&infe, type, 4);
	add_uint(&infe, 0, 1);
	add_box(list, "infe", &infe, false);
}

static Bytes
item_list(const Plan *plan)
{
	Bytes		list = {0};
	int			count = plan->how == WRAP_HEIC_ITEM ? 3 : plan->how == WRAP_HEIC_OTHER ? 4 : 2;

	add_uint(&list, plan->wide ? 1 : 0, 1);
	add_uint(&list, 0, 3);
	add_uint(&list, count, plan->wide ? 4 : 2);
	if (plan->how == WRAP_HEIC_OTHER)
	{
		add_item_info(&list, OTHER_IMAGE, "hvc1", plan->wide);
		add_item_info(&list, OTHER, "Exif", plan->wide);
	}
	add_item_info(&list, PRIMARY, plan->how == WRAP_AVIF ? "av01" : "hvc1", plan->wide);
	add_item_info(&list, EXIF, "Exif", plan->wide);
	if (plan->how == WRAP_HEIC_ITEM)
		add_item_info(&list, STORE, "raw ", plan->wide);
	return list;
}

static void
add_place(Bytes *iloc, const Plan *plan, uint32_t id, int method, int version,
		  const size_t *offset, const size_t *size, int extents)
{
	int			width = plan->wide ? 8 : 4;

	add_uint(iloc, id, plan->wide ? 4 : 2);
	if (version > 0)
		add_uint(iloc, method, 2);
	add_uint(iloc, 0, 2);
	add_uint(iloc, plan->wide ? 5 : 0, plan->wide ? 8 : 0); /* base offset */
	add_uint(iloc, extents, 2);
	for (int i = 0; i < extents; i++)
	{
		add_uint(iloc, offset[i] - (plan->wide ? 5 : 0), width);
		add_uint(iloc, size[i], width);
	}
}

static Bytes
item_places(const Plan *plan)
{
	int			version = plan->wide ? 2 : plan->method != 0 ? 1 : 0;
	size_t		whole = plan->payload_length;
	size_t		start = 0;
	Bytes		iloc = {0};

	add_uint(&iloc, version, 1);
	add_uint(&iloc, 0, 3);
	add_uint(&iloc, plan->wide ? 0x8880 : 0x4400, 2);
	add_uint(&iloc, plan->how == WRAP_HEIC_ITEM || plan->how == WRAP_HEIC_OTHER ? 2 : 1,
			 plan->wide ? 4 : 2);
	if (plan->how == WRAP_HEIC_OTHER)
		add_place(&iloc, plan, OTHER, 0, version, &plan->other, &whole, 1);
	if (plan->how == WRAP_HEIC_ITEM)
	{
		add_place(&iloc, plan, EXIF, 2, version, &start, &whole, 1);
		add_place(&iloc, plan, STORE, 0, version, plan->extent, plan->size, plan->extents);
	}
	else
		add_place(&iloc, plan, EXIF, plan->method, version, plan->extent, plan->size, plan->extents);
	return iloc;
}

static void
add_reference(Bytes *iref, const char *type, uint32_t from, uint32_t to, int size)
{
	Bytes		ref = {0};

	add_uint(&ref, from, size);
	add_uint(&ref, 1, 2);
	add_uint(&ref, to, size);
	add_box(iref, type, &ref, false);
}

/* Everything before the data.  Its length does not depend on the offsets in the plan. */
static Bytes
heif_head(const Plan *plan, const Bytes *payload)
{
	Bytes		file = {0};
	Bytes		meta = {0};
	Bytes		box = {0};
	int			id = plan->wide ? 4 : 2;

	box_add(&file, "ftyp", plan->how == WRAP_AVIF ? "avif\0\0\0\0avifmif1" : "heic\0\0\0\0heicmif1", 16);
	add_uint(&meta, 0, 4);
	box_add(&meta, "hdlr", "\0\0\0\0\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0", 25);
	add_uint(&box, plan->wide ? 1 : 0, 1);
	add_uint(&box, 0, 3);
	add_uint(&box, PRIMARY, id);
	add_box(&meta, "pitm", &box, false);
	box = item_list(plan);
	add_box(&meta, "iinf", &box, plan->wide);
	add_uint(&box, plan->wide ? 1 : 0, 1);
	add_uint(&box, 0, 3);
	if (plan->how == WRAP_HEIC_OTHER)
		add_reference(&box, "cdsc", OTHER, OTHER_IMAGE, id);
	add_reference(&box, "cdsc", EXIF, PRIMARY, id);
	if (plan->how == WRAP_HEIC_ITEM)
		add_reference(&box, "iloc", EXIF, STORE, id);
	add_box(&meta, "iref", &box, false);
	box = item_places(plan);
	add_box(&meta, "iloc", &box, plan->wide);
	if (plan->method == 1)
		box_add(&meta, "idat", payload->data, payload->length);
	add_box(&file, "meta", &meta, plan->wide);
	return file;
}

/* Where the payload's parts go behind the head, of "at" bytes with the head of mdat. */
static void
place(Plan *plan, size_t at, size_t length)
{
	size_t		third = length / 3;

	plan->payload_length = length;
	plan->extents = 1;
	plan->size[0] = length;
	plan->extent[0] = plan->method == 1 ? 0 : at;
	plan->other = at + length;
	if (plan->how != WRAP_HEIC_EXTENTS)
		return;
	plan->extents = 3;
	plan->size[0] = plan->size[1] = third;
	plan->size[2] = length - 2 * third;
	plan->extent[2] = at;
	plan->extent[0] = at + plan->size[2];
	plan->extent[1] = plan->extent[0] + third;
}

Bytes
wrap_heif(ExifWrap how, const uint8_t *exif, size_t length)
{
	Plan		plan = {.how = how, .wide = how == WRAP_HEIC_LARGE,
	.method = how == WRAP_HEIC_IDAT ? 1 : how == WRAP_HEIC_ITEM ? 2 : 0};
	Bytes		payload = {0};
	Bytes		mdat = {0};
	Bytes		file;

	add_uint(&payload, how == WRAP_HEIC_HEADER ? 6 : 0, 4);
	if (how == WRAP_HEIC_HEADER)
		bytes_add(&payload, "Exif\0\0", 6);
	bytes_add(&payload, exif, length);

	place(&plan, 0, payload.length);
	if (plan.wide)
		plan.extent[0] = 5;
	file = heif_head(&plan, &payload);
	place(&plan, file.length + 8, payload.length);
	bytes_free(&file);
	file = heif_head(&plan, &payload);

	if (how == WRAP_HEIC_EXTENTS)
	{
		bytes_add(&mdat, payload.data + plan.size[0] * 2, plan.size[2]);
		bytes_add(&mdat, payload.data, plan.size[0] * 2);
	}
	else if (plan.method != 1)
		bytes_add(&mdat, payload.data, payload.length);
	if (how == WRAP_HEIC_OTHER)
	{
		/* The same with other letters, so that a mix-up shows. */
		size_t		start = mdat.length;

		bytes_add(&mdat, payload.data, payload.length);
		for (size_t i = start + 12; i + 1 < mdat.length; i++)
			if (mdat.data[i] == 'F' && mdat.data[i + 1] == 'i')
				mdat.data[i] = 'X';
	}
	add_box(&file, "mdat", &mdat, false);
	bytes_free(&payload);
	return file;
}

Bytes
exif_wrap_cr3(const Bytes *ifd0, const Bytes *exif, const Bytes *gps)
{
	Bytes		file = {0};
	Bytes		moov = {0};
	Bytes		uuid = bytes_copy("\x85\xC0\xB6\x87\x82\x0F\x11\xE0\x81\x11\xF4\xCE\x46\x2B\x6A\x48", 16);

	box_add(&file, "ftyp", "crx \0\0\0\1crx isom", 16);
	box_add(&uuid, "CNCV", "CanonCR3_001/00.09.00/00.00.00", 30);
	if (ifd0->length > 0)
		box_add(&uuid, "CMT1", ifd0->data, ifd0->length);
	if (exif->length > 0)
		box_add(&uuid, "CMT2", exif->data, exif->length);
	if (gps->length > 0)
		box_add(&uuid, "CMT4", gps->data, gps->length);
	add_box(&moov, "uuid", &uuid, false);
	add_box(&file, "moov", &moov, false);
	return file;
}
