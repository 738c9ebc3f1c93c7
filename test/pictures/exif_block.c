/*
 * exif_block.c
 *		Builds EXIF blocks byte by byte: first assigns an offset to each directory, value and blob,
 *		then writes them.
 */
#include "exif_block.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EB_MAX_ENTRIES 96		/* in one directory */

typedef enum EbKind
{
	EB_KIND_VALUE,				/* data, inline or behind the directory */
	EB_KIND_LITERAL,			/* data is the field itself */
	EB_KIND_LINK,				/* the offsets of other directories */
	EB_KIND_BLOB				/* the offset of data */
} EbKind;

typedef struct EbEntry
{
	EbKind		kind;
	uint16_t	tag,
				type;
	uint64_t	count;
	uint8_t    *data;			/* in the block's byte order; a link: one int a directory */
	size_t		size;
} EbEntry;

typedef struct EbDirectory
{
	bool		used;
	int			next;			/* directory that follows, or -1 */
	int			nentries;
	EbEntry		entries[EB_MAX_ENTRIES];
} EbDirectory;

struct ExifBlock
{
	bool		big_endian,
				bigtiff;
	size_t		pad;
	EbDirectory ifds[EB_MAX_IFDS];
};

/* Where everything goes; the same shape as the directories. */
typedef struct EbLayout
{
	size_t		ifd[EB_MAX_IFDS];
	size_t		value[EB_MAX_IFDS][EB_MAX_ENTRIES]; /* 0 = inline */
	size_t		total;
} EbLayout;

static void
give_up(const char *what)
{
	fprintf(stderr, "exif_block: %s\n", what);
	exit(1);
}

static void *
allocate(size_t size)
{
	void	   *memory = calloc(1, size ? size : 1);

	if (!memory)
		give_up("out of memory");
	return memory;
}

static void
put(const ExifBlock *block, uint8_t *to, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[block->big_endian ? bytes - 1 - i : i] = (uint8_t) (value >> (8 * i));
}

/* Bytes of one number of a type: what is swapped as a unit. */
static int
unit_of(int type)
{
	switch (type)
	{
		case EB_SHORT:
		case EB_SSHORT:
			return 2;
		case EB_LONG:
		case EB_SLONG:
		case EB_RATIONAL:
		case EB_SRATIONAL:
		case EB_FLOAT:
		case EB_IFD:
			return 4;
		case EB_DOUBLE:
		case EB_LONG8:
			return 8;
		default:
			return 1;
	}
}

static EbEntry *
new_entry(ExifBlock *block, int ifd, EbKind kind, int tag, int type, uint64_t count, size_t size)
{
	EbDirectory *directory = &block->ifds[ifd];
	EbEntry    *entry;

	if (ifd < 0 || ifd >= EB_MAX_IFDS || directory->nentries == EB_MAX_ENTRIES)
		give_up("too many entries or directories");
	directory->used = true;
	entry = &directory->entries[directory->nentries++];
	*entry = (EbEntry) {kind, (uint16_t) tag, (uint16_t) type, count, allocate(size), size};
	return entry;
}

ExifBlock *
exif_block_new(int flags)
{
	ExifBlock  *block = allocate(sizeof(ExifBlock));

	block->big_endian = (flags & EB_BIG_ENDIAN) != 0;
	block->bigtiff = (flags & EB_BIGTIFF) != 0;
	block->ifds[EB_IFD0].used = true;
	for (int i = 0; i < EB_MAX_IFDS; i++)
		block->ifds[i].next = -1;
	return block;
}

void
exif_block_free(ExifBlock *block)
{
	for (int i = 0; i < EB_MAX_IFDS; i++)
		for (int j = 0; j < block->ifds[i].nentries; j++)
			free(block->ifds[i].entries[j].data);
	free(block);
}

void
exif_block_pad(ExifBlock *block, size_t bytes)
{
	block->pad = bytes;
}

void
exif_block_add(ExifBlock *block, int ifd, int tag, int type, uint64_t count, const void *data)
{
	int			unit = unit_of(type);
	int			units = (type == EB_RATIONAL || type == EB_SRATIONAL) ? 2 : 1;
	size_t		size = (size_t) count * unit * units;
	EbEntry    *entry = new_entry(block, ifd, EB_KIND_VALUE, tag, type, count, size);
	const uint8_t *from = data;

	for (size_t at = 0; at < size; at += unit)
	{
		uint64_t	value = 0;

		for (int i = 0; i < unit; i++)
		{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			value |= (uint64_t) from[at + i] << (8 * i);
#else
			value = value << 8 | from[at + i];
#endif
		}
		put(block, entry->data + at, value, unit);
	}
}

void
exif_block_ascii(ExifBlock *block, int ifd, int tag, const char *text)
{
	exif_block_add(block, ifd, tag, EB_ASCII, strlen(text) + 1, text);
}

void
exif_block_short(ExifBlock *block, int ifd, int tag, int value)
{
	uint16_t	number = (uint16_t) value;

	exif_block_add(block, ifd, tag, EB_SHORT, 1, &number);
}

void
exif_block_long(ExifBlock *block, int ifd, int tag, uint32_t value)
{
	exif_block_add(block, ifd, tag, EB_LONG, 1, &value);
}

void
exif_block_rational(ExifBlock *block, int ifd, int tag, uint32_t numerator, uint32_t denominator)
{
	uint32_t	value[2] = {numerator, denominator};

	exif_block_add(block, ifd, tag, EB_RATIONAL, 1, value);
}

void
exif_block_literal(ExifBlock *block, int ifd, int tag, int type, uint64_t count, uint64_t field)
{
	int			bytes = block->bigtiff ? 8 : 4;

	put(block, new_entry(block, ifd, EB_KIND_LITERAL, tag, type, count, bytes)->data, field, bytes);
}

void
exif_block_link(ExifBlock *block, int ifd, int tag, int to_ifd)
{
	EbDirectory *directory = &block->ifds[ifd];
	EbEntry    *entry = directory->nentries ? &directory->entries[directory->nentries - 1] : NULL;

	if (entry && entry->kind == EB_KIND_LINK && entry->tag == tag)
	{
		entry->data = realloc(entry->data, (entry->count + 1) * sizeof(int));
		if (!entry->data)
			give_up("out of memory");
		entry->count++;
	}
	else
		entry = new_entry(block, ifd, EB_KIND_LINK, tag,
						  block->bigtiff ? EB_LONG8 : EB_LONG, 1, sizeof(int));
	memcpy(entry->data + (entry->count - 1) * sizeof(int), &to_ifd, sizeof(int));
	entry->size = entry->count * (block->bigtiff ? 8 : 4);
	block->ifds[to_ifd].used = true;
}

void
exif_block_chain(ExifBlock *block, int ifd, int next_ifd)
{
	block->ifds[ifd].next = next_ifd;
	block->ifds[next_ifd].used = true;
}

void
exif_block_blob(ExifBlock *block, int ifd, int tag, const void *data, size_t length)
{
	memcpy(new_entry(block, ifd, EB_KIND_BLOB, tag, EB_LONG, 1, length)->data, data, length);
}

/* Header, padding, each directory followed by its values, and the blobs at the end. */
static void
lay_out(const ExifBlock *block, EbLayout *layout)
{
	size_t		inline_bytes = block->bigtiff ? 8 : 4;
	size_t		at = (block->bigtiff ? 16 : 8) + block->pad;

	memset(layout, 0, sizeof(*layout));
	for (int i = 0; i < EB_MAX_IFDS; i++)
	{
		const EbDirectory *directory = &block->ifds[i];

		if (!directory->used)
			continue;
		layout->ifd[i] = at;
		at += block->bigtiff ? 8 + directory->nentries * 20 + 8 : 2 + directory->nentries * 12 + 4;
		for (int j = 0; j < directory->nentries; j++)
			if (directory->entries[j].kind != EB_KIND_BLOB && directory->entries[j].size > inline_bytes)
			{
				layout->value[i][j] = at;
				at += (directory->entries[j].size + 1) & ~(size_t) 1;
			}
	}
	for (int i = 0; i < EB_MAX_IFDS; i++)
		for (int j = 0; j < block->ifds[i].nentries; j++)
			if (block->ifds[i].entries[j].kind == EB_KIND_BLOB)
			{
				layout->value[i][j] = at;
				at += (block->ifds[i].entries[j].size + 1) & ~(size_t) 1;
			}
	layout->total = at;
}

/* Write one entry's field, and its value behind the directory if it has one. */
static void
write_entry(const ExifBlock *block, const EbLayout *layout, const EbEntry *entry,
			size_t value_at, uint8_t *field, uint8_t *bytes)
{
	int			width = block->bigtiff ? 8 : 4;
	uint8_t    *to = value_at ? bytes + value_at : field;

	if (value_at)
		put(block, field, value_at, width);
	if (entry->kind != EB_KIND_LINK)
	{
		memcpy(to, entry->data, entry->size);
		return;
	}
	for (uint64_t i = 0; i < entry->count; i++)
	{
		int			ifd;

		memcpy(&ifd, entry->data + i * sizeof(int), sizeof(int));
		put(block, to + i * width, layout->ifd[ifd], width);
	}
}

uint8_t *
exif_block_build(const ExifBlock *block, size_t *length)
{
	EbLayout	layout;
	uint8_t    *bytes;
	int			width = block->bigtiff ? 8 : 4;
	int			counter = block->bigtiff ? 8 : 2;

	lay_out(block, &layout);
	bytes = allocate(layout.total);
	memcpy(bytes, block->big_endian ? "MM" : "II", 2);
	put(block, bytes + 2, block->bigtiff ? 43 : 42, 2);
	if (block->bigtiff)
		put(block, bytes + 4, 8, 2);
	put(block, bytes + (block->bigtiff ? 8 : 4), layout.ifd[EB_IFD0], width);

	for (int i = 0; i < EB_MAX_IFDS; i++)
	{
		const EbDirectory *directory = &block->ifds[i];
		uint8_t    *at = bytes + layout.ifd[i];

		if (!directory->used)
			continue;
		put(block, at, directory->nentries, counter);
		at += counter;
		for (int j = 0; j < directory->nentries; j++)
		{
			const EbEntry *entry = &directory->entries[j];

			put(block, at, entry->tag, 2);
			put(block, at + 2, entry->type, 2);
			put(block, at + 4, entry->count, width);
			write_entry(block, &layout, entry, layout.value[i][j], at + 4 + width, bytes);
			at += 4 + 2 * width;
		}
		put(block, at, directory->next < 0 ? 0 : layout.ifd[directory->next], width);
	}
	*length = layout.total;
	return bytes;
}

uint8_t *
exif_block_into_jpeg(const uint8_t *jpeg, size_t jpeg_length,
					 const uint8_t *exif, size_t exif_length, size_t *length)
{
	size_t		segment = 2 + 6 + exif_length;
	uint8_t    *out;

	if (segment > 0xFFFF || jpeg_length < 2)
		give_up("the EXIF block does not fit into one APP1 segment");
	*length = jpeg_length + 2 + segment;
	out = allocate(*length);
	memcpy(out, jpeg, 2);
	out[2] = 0xFF;
	out[3] = 0xE1;
	out[4] = (uint8_t) (segment >> 8);
	out[5] = (uint8_t) segment;
	memcpy(out + 6, "Exif\0\0", 6);
	memcpy(out + 12, exif, exif_length);
	memcpy(out + 12 + exif_length, jpeg + 2, jpeg_length - 2);
	return out;
}
