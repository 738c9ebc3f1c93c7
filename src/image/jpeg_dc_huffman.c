/*
 * jpeg_dc_huffman.c
 *		Makes the tables by which jpeg_dc_scan.c reads Huffman codes.
 */
#include "image/jpeg_dc.h"

#include <string.h>

#define ZEROS_16		0xF0

/* The length of the code at the top of 16 bits, or 17 if there is none. */
static int
code_length(const DcHuffman *huffman, uint32_t bits)
{
	int			length = 1;

	while (length <= 16 && bits >= huffman->limit[length])
		length++;
	return length;
}

/* The canonical codes.  No code may be all ones, as in libjpeg. */
static bool
make_codes(const DcTable *table, DcHuffman *huffman)
{
	uint32_t	code = 0;
	int			symbol = 0;

	for (int length = 1; length <= 16; length++)
	{
		huffman->offset[length] = symbol - (int) code;
		symbol += table->counts[length];
		code += table->counts[length];
		if (symbol > 256 || (table->counts[length] > 0 && code >= 1u << length))
			return false;
		huffman->limit[length] = code << (16 - length);
		code <<= 1;
	}
	memcpy(huffman->values, table->values, sizeof(huffman->values));
	return true;
}

static void
make_first(DcHuffman *huffman)
{
	for (uint32_t i = 0; i < 1 << DC_FIRST_BITS; i++)
	{
		uint32_t	bits = i << (16 - DC_FIRST_BITS);
		int			length = code_length(huffman, bits);
		int			size;

		huffman->first[i] = 0;
		if (length > DC_FIRST_BITS)
			continue;
		size = huffman->values[(int) (bits >> (16 - length)) + huffman->offset[length]];
		huffman->first[i] = (uint16_t) (size << 8 | (length + size));
	}
}

/*
 * An entry is that of its first symbol, and of the bits behind that.  Entries are made from the one for
 * zeros only on, shorter ones first: what the bits behind a symbol say is that which an index says
 * that has these bits in front, as far as it does not need more of them than there are.
 */
static void
make_skip(DcHuffman *huffman)
{
	uint16_t	single[1 << DC_SKIP_BITS];	/* the entries of first symbols, with the lengths of their codes */
	uint8_t		codes[1 << DC_SKIP_BITS];

	for (uint32_t i = 0; i < 1 << DC_SKIP_BITS; i++)
	{
		uint32_t	bits = i << (16 - DC_SKIP_BITS);
		int			length = code_length(huffman, bits);
		uint8_t		symbol;

		single[i] = DC_NO_ENTRY;
		codes[i] = DC_SKIP_BITS + 1;
		if (length > DC_SKIP_BITS)
			continue;
		symbol = huffman->values[(int) (bits >> (16 - length)) + huffman->offset[length]];
		if (length + (symbol & 15) > DC_ENTRY_BITS)
			continue;
		codes[i] = (uint8_t) length;
		single[i] = (uint16_t) (length + (symbol & 15));
		if (symbol & 15 || symbol == ZEROS_16)
			single[i] += (uint16_t) (((symbol >> 4) + 1) << 8);
		else
			single[i] += DC_BLOCK_ENDS << 8;
	}
	for (uint32_t i = 0; i < 1 << DC_SKIP_BITS; i++)
	{
		unsigned	entry = single[i];

		while (entry < DC_BLOCK_ENDS << 8 && (entry & 255) < DC_SKIP_BITS)
		{
			unsigned	used = entry & 255;
			uint32_t	rest = i << used & ((1 << DC_SKIP_BITS) - 1);
			unsigned	next = single[rest];

			if (used + codes[rest] > DC_SKIP_BITS || used + (next & 255) > DC_ENTRY_BITS || (entry >> 8) + (next >> 8 & 127) > 63)
				break;
			entry += next;
		}
		huffman->skip[i] = (uint16_t) entry;
	}
}

bool
img_dc_huffman(const DcTable *table, bool ac, DcHuffman *huffman)
{
	int			count = 0;

	if (!table->known || !make_codes(table, huffman))
		return false;
	if (ac)
	{
		make_skip(huffman);
		return true;
	}
	for (int length = 1; length <= 16; length++)
		count += table->counts[length];
	for (int i = 0; i < count; i++)
		if (table->values[i] > 15)
			return false;
	make_first(huffman);
	return true;
}
