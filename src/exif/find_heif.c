/*
 * find_heif.c
 *		Finds the Exif and XMP items of a HEIF or AVIF file.
 *
 * Items are listed in iinf, their places in iloc: in the file, in the idat
 * box, or within other items (iref says which), in any number of extents.
 * The numbers of extents and bytes that one file may use are limited.
 */
#include <stdlib.h>
#include <string.h>

#include "container/bytes.h"
#include "exif/find_internal.h"

#define MAX_EXTENTS	4096		/* extents and references looked at for one file */
#define MAX_ITEMS	65536		/* items of iinf and iloc looked at */
#define MAX_ENTRIES	(8 * MAX_ITEMS) /* entries of iloc looked at for one file, which are read again for each item */
#define MAX_DEPTH	4			/* items within items */

typedef struct Heif
{
	const uint8_t *file;
	size_t		file_length;
	Box			iloc,
				iinf,
				iref,
				idat;			/* data NULL if absent */
	bool		has_primary;
	uint32_t	primary;
	int			budget;			/* extents and references that may still be looked at */
	int			entries;		/* entries of iloc that may still be looked at */
	size_t		capacity;		/* bytes that may still be copied */
} Heif;

typedef enum ItemKind
{
	ITEM_EXIF,
	ITEM_XMP
} ItemKind;

/* The entry of one item in iloc. */
typedef struct IlocEntry
{
	int			method;			/* 0 file, 1 idat, 2 another item */
	uint64_t	base;
	int			index_size,
				offset_size,
				length_size;
	const uint8_t *extents;
	uint32_t	count;
} IlocEntry;

/* Bytes of an item: somewhere in the file, or a copy. */
typedef struct Bytes
{
	const uint8_t *data;
	size_t		length;
	uint8_t    *owned;
	size_t		capacity;		/* of owned */
} Bytes;

/* Read a number and advance; the caller has checked the length. */
static uint64_t
take(const uint8_t **at, int bytes)
{
	uint64_t	value = be_number(*at, bytes);

	*at += bytes;
	return value;
}

static bool
sane_size(int size)
{
	return size == 0 || size == 4 || size == 8;
}

/* Find an item in iloc. */
static bool
locate(Heif *heif, uint32_t id, IlocEntry *entry)
{
	const uint8_t *at = heif->iloc.data;
	const uint8_t *end;
	int			version,
				base_size,
				id_size,
				method_size;
	uint32_t	items;

	if (heif->iloc.length < 10)
		return false;
	end = at + heif->iloc.length;
	version = at[0];
	entry->offset_size = at[4] >> 4;
	entry->length_size = at[4] & 15;
	base_size = at[5] >> 4;
	entry->index_size = version == 0 ? 0 : at[5] & 15;
	if (version > 2 || !sane_size(entry->offset_size) || !sane_size(entry->length_size) ||
		!sane_size(base_size) || !sane_size(entry->index_size))
		return false;
	at += 6;
	id_size = version < 2 ? 2 : 4;
	method_size = version == 0 ? 0 : 2;
	items = (uint32_t) take(&at, id_size);

	for (uint32_t i = 0; i < items && i < MAX_ITEMS; i++)
	{
		uint32_t	this_id;
		bool		elsewhere;
		size_t		extents;

		if (heif->entries-- <= 0 || end - at < id_size + method_size + 2 + base_size + 2)
			return false;
		this_id = (uint32_t) take(&at, id_size);
		entry->method = (int) take(&at, method_size) & 15;
		elsewhere = take(&at, 2) != 0;	/* in another file */
		entry->base = take(&at, base_size);
		entry->count = (uint32_t) take(&at, 2);
		entry->extents = at;
		extents = entry->count *
			(size_t) (entry->index_size + entry->offset_size + entry->length_size);
		if ((size_t) (end - at) < extents)
			return false;
		if (this_id == id)
			return !elsewhere;
		at += extents;
	}
	return false;
}

/*
 * Returns the n-th target (from 1) of an item's references of this type; with wanted != 0 returns
 * wanted if it is a target.  Otherwise 0.  *any: there is such a reference.
 */
static uint32_t
referred(Heif *heif, const char *type, uint32_t from, uint64_t n, uint32_t wanted, bool *any)
{
	Box			refs = heif->iref;
	Box			ref;
	int			size;

	*any = false;
	if (refs.data == NULL || refs.length < 4)
		return 0;
	size = refs.data[0] == 0 ? 2 : 4;
	refs.data += 4;
	refs.length -= 4;
	while (heif->budget-- > 0 && box_next(&refs, &ref))
	{
		const uint8_t *at = ref.data;
		uint64_t	count;

		if (memcmp(ref.type, type, 4) != 0 || ref.length < (size_t) size + 2 ||
			take(&at, size) != from)
			continue;
		*any = true;
		count = take(&at, 2);
		for (uint64_t i = 1; i <= count && ref.data + ref.length - at >= size; i++)
		{
			uint32_t	to = (uint32_t) take(&at, size);

			if (n != 0 ? i == n : to == wanted)
				return to;
		}
	}
	return 0;
}

/* Append bytes.  Only the first ones need not be copied, if they are in the file. */
static bool
add_bytes(Heif *heif, Bytes *bytes, const uint8_t *data, size_t length, bool lasting)
{
	size_t		kept = bytes->owned == NULL ? bytes->length : 0;	/* still to be copied */
	size_t		needed;

	if (bytes->length == 0 && lasting)
	{
		free(bytes->owned);
		bytes->owned = NULL;
		bytes->data = data;
		bytes->length = length;
		return true;
	}
	if (length == 0)
		return true;
	if (length > heif->capacity || kept > heif->capacity - length)
		return false;
	heif->capacity -= length + kept;

	needed = bytes->length + length;
	if (bytes->owned == NULL || needed > bytes->capacity)
	{
		uint8_t    *longer = realloc(bytes->owned, needed * 2);

		if (longer == NULL)
			return false;
		if (kept > 0)
			memcpy(longer, bytes->data, kept);
		bytes->owned = longer;
		bytes->data = longer;
		bytes->capacity = needed * 2;
	}
	memcpy(bytes->owned + bytes->length, data, length);
	bytes->length = needed;
	return true;
}

/* Read an item from its extents.  On false, the caller still frees bytes->owned. */
static bool
read_item(Heif *heif, uint32_t id, int depth, Bytes *bytes)
{
	IlocEntry	entry;
	bool		any;

	memset(bytes, 0, sizeof(*bytes));
	if (depth > MAX_DEPTH || !locate(heif, id, &entry))
		return false;
	for (uint32_t i = 0; i < entry.count; i++)
	{
		uint64_t	index = take(&entry.extents, entry.index_size);
		uint64_t	offset = entry.base + take(&entry.extents, entry.offset_size);
		uint64_t	length = take(&entry.extents, entry.length_size);
		Bytes		source = {NULL, 0, NULL, 0};
		bool		good;

		if (heif->budget-- <= 0 || offset < entry.base)
			return false;
		if (entry.method == 0)
		{
			source.data = heif->file;
			source.length = heif->file_length;
		}
		else if (entry.method == 1)
		{
			source.data = heif->idat.data;
			source.length = heif->idat.length;
		}
		else if (entry.method == 2)
			read_item(heif, referred(heif, "iloc", id, index == 0 ? 1 : index, 0, &any),
					  depth + 1, &source);

		/* A length of 0 means up to the end; a truncated file may have most of an item. */
		if (offset < source.length && (length == 0 || length > source.length - offset))
			length = source.length - offset;
		good = source.data != NULL && offset < source.length &&
			add_bytes(heif, bytes, source.data + offset, (size_t) length, source.owned == NULL);
		free(source.owned);
		if (!good)
			break;				/* the bytes so far may suffice */
	}
	return bytes->length > 0;
}

/* An item of type mime: name, content type, and perhaps an encoding, each ends with a NUL. */
static bool
is_xmp_type(const uint8_t *at, const uint8_t *end)
{
	static const char type[] = "application/rdf+xml";
	const uint8_t *name_end = at < end ? memchr(at, '\0', (size_t) (end - at)) : NULL;

	if (name_end == NULL)
		return false;
	at = name_end + 1;
	if ((size_t) (end - at) < sizeof(type) || memcmp(at, type, sizeof(type)) != 0)
		return false;
	at += sizeof(type);
	return at == end || *at == '\0';
}

/*
 * Is this entry of iinf an item of this kind and, if of_primary, one that describes the
 * primary image?
 */
static bool
is_wanted(Heif *heif, ItemKind kind, const Box *infe, bool of_primary, uint32_t *id)
{
	const uint8_t *at = infe->data;
	const uint8_t *end = infe->data + infe->length;
	bool		any;
	int			id_size;

	if (infe->length < 12 || at[0] < 2)
		return false;
	id_size = at[0] == 2 ? 2 : 4;
	if (infe->length < (size_t) (4 + id_size + 2 + 4))
		return false;
	at += 4;
	*id = (uint32_t) take(&at, id_size);
	if (take(&at, 2) != 0)		/* encrypted */
		return false;
	if (kind == ITEM_EXIF ? memcmp(at, "Exif", 4) != 0 :
		memcmp(at, "mime", 4) != 0 || !is_xmp_type(at + 4, end))
		return false;
	return !of_primary || !heif->has_primary ||
		referred(heif, "cdsc", *id, 0, heif->primary, &any) == heif->primary || !any;
}

static void
add_items(Heif *heif, ItemKind kind, bool of_primary, ExifBlocks *blocks)
{
	Box			list = heif->iinf;
	Box			infe;
	size_t		head;

	if (list.data == NULL || list.length < 6)
		return;
	head = list.data[0] == 0 ? 6 : 8;
	if (list.length < head)
		return;
	list.data += head;
	list.length -= head;
	for (int i = 0; i < MAX_ITEMS && heif->entries > 0 && box_next(&list, &infe); i++)
	{
		uint32_t	id;
		Bytes		bytes;

		if (!box_is(&infe, "infe") || !is_wanted(heif, kind, &infe, of_primary, &id))
			continue;
		if (!read_item(heif, id, 0, &bytes))
		{
			free(bytes.owned);
			if (kind == ITEM_EXIF)
				blocks->problem = "EXIF item lies outside the file";
		}
		else if (kind == ITEM_EXIF)
			exif_blocks_add_payload(blocks, bytes.data, bytes.length, bytes.owned);
		else
			exif_packets_xmp(blocks->packets, bytes.data, bytes.length, bytes.owned);
	}
}

void
exif_find_heif(const uint8_t *file, size_t file_length, Box meta, ExifBlocks *blocks)
{
	Heif		heif = {.file = file, .file_length = file_length, .budget = MAX_EXTENTS,
	.entries = MAX_ENTRIES, .capacity = EXIF_MAX_JOINED};
	Box			box;

	if (meta.length < 4)
		return;
	meta.data += 4;				/* version and flags */
	meta.length -= 4;
	while (heif.budget-- > 0 && box_next(&meta, &box))
	{
		if (box_is(&box, "iloc"))
			heif.iloc = box;
		else if (box_is(&box, "iinf"))
			heif.iinf = box;
		else if (box_is(&box, "iref"))
			heif.iref = box;
		else if (box_is(&box, "idat"))
			heif.idat = box;
		else if (box_is(&box, "pitm") && box.length >= 6)
		{
			heif.has_primary = true;
			heif.primary = (uint32_t) be_number(box.data + 4, box.data[0] == 0 || box.length < 8 ? 2 : 4);
		}
	}

	/* If none describes the primary image, take any: it may describe a part of it. */
	add_items(&heif, ITEM_EXIF, true, blocks);
	if (blocks->count == 0)
		add_items(&heif, ITEM_EXIF, false, blocks);
	if (blocks->packets == NULL)
		return;
	add_items(&heif, ITEM_XMP, true, blocks);
	if (blocks->packets->xmp_count == 0)
		add_items(&heif, ITEM_XMP, false, blocks);
}
