/*
 * jpeg_dc_scan.c
 *		Decodes the DC coefficients of one scan of a JPEG, and passes over the others.
 */
#include "image/jpeg_dc.h"

#include <stdlib.h>

#include "container/jpeg.h"

#define EXPECTED(condition)	__builtin_expect(!!(condition), 1)

/* A sum of differences beyond this is none of a picture; a row of the largest one adds less than 2^30. */
#define MAX_SUM			(1 << 24)

/* The next bits of the file, from the top of "bits"; "count" of them are valid, and "next" has more. */
typedef struct Reader
{
	uint64_t	bits;
	unsigned	count;
	const uint8_t *next;
} Reader;

/* A block of an MCU, in the order of the file. */
typedef struct Block
{
	const DcHuffman *dc,
			   *ac;
	int		   *sum;			/* the component's last DC */
	int16_t    *at;				/* the DC in the current MCU */
	int			step;			/* to the next MCU */
} Block;

typedef struct Scan
{
	DcDecoder  *decoder;
	const DcScan *scan;
	Reader		reader;
	int			block_count;
	Block		blocks[DC_MCU_BLOCKS];
	int			sums[MAX_COMPS_IN_SCAN];
	size_t		columns,		/* of MCUs */
				rows;
	size_t		left,			/* MCUs to the next restart marker, if there are any */
				restarts;
} Scan;

/* Have at least 56 bits.  Bits below "count" are there already, and the same. */
static inline __attribute__((always_inline)) void
refill(Reader *reader)
{
	const uint8_t *at = reader->next;
	uint64_t	more = (uint64_t) at[0] << 56 | (uint64_t) at[1] << 48 | (uint64_t) at[2] << 40 | (uint64_t) at[3] << 32 |
		(uint64_t) at[4] << 24 | (uint64_t) at[5] << 16 | (uint64_t) at[6] << 8 | at[7];

	reader->bits |= more >> reader->count;
	reader->next += (63 - reader->count) >> 3;
	reader->count |= 56;
}

static inline __attribute__((always_inline)) void
drop(Reader *reader, unsigned bits)
{
	reader->bits <<= bits;
	reader->count -= bits;
}

/* Read one code; -1 if it is none. */
static int
read_symbol(Reader *reader, const DcHuffman *huffman)
{
	uint32_t	bits;

	refill(reader);
	bits = (uint32_t) (reader->bits >> 48);
	for (int length = 1; length <= 16; length++)
		if (bits < huffman->limit[length])
		{
			drop(reader, (unsigned) length);
			return huffman->values[(int) (bits >> (16 - length)) + huffman->offset[length]];
		}
	return -1;
}

/* The number that the next bits mean as a value of so many bits. */
static inline __attribute__((always_inline)) int
value_of(uint64_t bits, unsigned from, unsigned size)
{
	int			value = (int) (bits >> (64 - from) & ((1u << size) - 1));

	return value < 1 << size >> 1 ? value - (1 << size) + 1 : value;
}

static __attribute__((noinline)) bool
read_rare_difference(Reader *reader, const DcHuffman *huffman, int *difference)
{
	int			size = read_symbol(reader, huffman);

	if (size < 0)
		return false;
	refill(reader);
	*difference = size == 0 ? 0 : value_of(reader->bits, (unsigned) size, (unsigned) size);
	drop(reader, (unsigned) size);
	return true;
}

/* Read the difference between a DC and the last; leaves DC_ENTRY_BITS for more. */
static inline __attribute__((always_inline)) bool
read_difference(Reader *reader, const DcHuffman *huffman, int *difference)
{
	unsigned	entry;

	refill(reader);
	entry = huffman->first[reader->bits >> (64 - DC_FIRST_BITS)];
	if (EXPECTED(entry != 0))
	{
		*difference = value_of(reader->bits, entry & 255, entry >> 8);
		drop(reader, entry & 255);
	}
	else
	{
		Reader		copy = *reader;	/* has an address, and is in no register */

		if (!read_rare_difference(&copy, huffman, difference))
			return false;
		*reader = copy;
		refill(reader);
	}
	return true;
}

/* Pass over the rest of a block from coefficient k on, symbol by symbol.  False if it does not end well. */
static __attribute__((noinline)) bool
skip_slowly(Reader *reader, const DcHuffman *huffman, unsigned k)
{
	while (k < 64)
	{
		unsigned	entry;
		int			symbol;

		refill(reader);
		entry = huffman->first[reader->bits >> (64 - DC_FIRST_BITS)];
		symbol = EXPECTED(entry != 0) ? (int) (entry >> 8) : read_symbol(reader, huffman);
		if (symbol < 0)
			return false;
		drop(reader, entry != 0 ? entry & 255 : symbol & 15);
		if ((symbol & 15) == 0 && symbol != 0xF0)
			return true;
		k += (unsigned) (symbol >> 4) + 1;
	}
	return k == 64;
}

/*
 * Pass over the AC coefficients of a block.  "taken" is a sum of entries: bits since the last refill,
 * and the current coefficient above them.
 */
static inline __attribute__((always_inline)) bool
skip_ac(Reader *reader, const DcHuffman *huffman)
{
	const unsigned end = 64 << 8;
	unsigned	taken = 1 << 8;
	unsigned	entry;
	uint64_t	before;

#define STEP() \
	before = reader->bits; \
	entry = huffman->skip[before >> (64 - DC_SKIP_BITS)]; \
	reader->bits = before << (entry & 63); \
	taken += entry; \
	if (taken >= end) \
		break

	for (;;)
	{
		STEP();
		reader->count -= taken & 255;
		taken &= ~255u;
		refill(reader);
		STEP();
	}
#undef STEP
	reader->count -= taken & 255;

	/* All 64 are there, or an end of block came before that; else the last entry goes too far. */
	if (EXPECTED(taken >> 14 == 2 || taken >> 8 == 64))
		return true;
	else
	{
		Reader		copy = {before, reader->count + (entry & 255), reader->next};
		bool		ok = skip_slowly(&copy, huffman, (taken - entry) >> 8);

		*reader = copy;
		return ok;
	}
}

/* Bits of the segment that are not read yet; negative if more were read than it has. */
static ptrdiff_t
bits_left(const Scan *scan)
{
	return (scan->decoder->bytes.limit - scan->reader.next) * 8 + (ptrdiff_t) scan->reader.count;
}

/* Have the bytes of one MCU, or all there are. */
static bool
fill_buffer(Scan *scan)
{
	scan->reader.next = img_dc_bytes_more(&scan->decoder->bytes, scan->reader.next);
	return bits_left(scan) >= 0;
}

typedef enum Kind
{
	BASELINE, PROGRESSIVE, REFINEMENT
} Kind;

/* Decode MCUs of one row. */
static inline __attribute__((always_inline)) bool
read_run(Scan *scan, size_t count, Kind kind)
{
	const DcBytes *bytes = &scan->decoder->bytes;
	const Block *last = scan->blocks + scan->block_count;
	const int	low = scan->scan->low;
	Reader		reader = scan->reader;
	int			difference;

	for (; count > 0; count--)
	{
		if (bytes->limit - reader.next < DC_MCU_BYTES)
		{
			scan->reader = reader;
			if (!fill_buffer(scan))
				return false;
			reader = scan->reader;
		}
		for (Block *block = scan->blocks; block < last; block++)
		{
			if (kind == REFINEMENT)
			{
				refill(&reader);
				*block->at = (int16_t) (*block->at | (int) (reader.bits >> 63) << low);
				drop(&reader, 1);
			}
			else
			{
				if (!read_difference(&reader, block->dc, &difference))
					return false;
				*block->sum += difference;
				*block->at = (int16_t) ((unsigned) *block->sum << low);
				if (kind == BASELINE && !skip_ac(&reader, block->ac))
					return false;
			}
			block->at += block->step;
		}
	}
	scan->reader = reader;
	return true;
}

static bool
read_mcus(Scan *scan, size_t count)
{
	if (!scan->decoder->cinfo->progressive_mode)
		return read_run(scan, count, BASELINE);
	if (scan->scan->high == 0)
		return read_run(scan, count, PROGRESSIVE);
	return read_run(scan, count, REFINEMENT);
}

static void
begin_segment(Scan *scan)
{
	img_dc_bytes_begin(&scan->decoder->bytes);
	scan->reader = (Reader) {.next = scan->decoder->bytes.buffer};
	for (int i = 0; i < MAX_COMPS_IN_SCAN; i++)
		scan->sums[i] = 0;
	scan->left = scan->decoder->restart_interval;
}

/* Are all bits of a segment read but those that fill its last byte? */
static bool
segment_ends(Scan *scan)
{
	return fill_buffer(scan) && scan->decoder->bytes.complete && bits_left(scan) < 8;
}

static bool
read_row(Scan *scan)
{
	for (size_t done = 0; done < scan->columns;)
	{
		size_t		count = scan->columns - done;

		if (scan->decoder->restart_interval > 0)
		{
			if (scan->left == 0)
			{
				if (!segment_ends(scan) || scan->decoder->bytes.marker != 0xD0 + (scan->restarts++ & 7))
					return false;
				begin_segment(scan);
			}
			if (count > scan->left)
				count = scan->left;
			scan->left -= count;
		}
		if (!read_mcus(scan, count))
			return false;
		done += count;
	}
	for (int i = 0; i < MAX_COMPS_IN_SCAN; i++)
		if (abs(scan->sums[i]) > MAX_SUM)
			return false;
	return true;
}

/* One component's blocks in the MCUs of a row. */
static void
place_blocks(Scan *scan, int i, size_t row)
{
	DcDecoder  *decoder = scan->decoder;
	int			number = scan->scan->components[i].number;
	const jpeg_component_info *info = &decoder->cinfo->comp_info[number];
	const DcPlane *plane = &decoder->picture->planes[number];
	int			width = scan->scan->count > 1 ? info->h_samp_factor : 1;
	int			height = scan->scan->count > 1 ? info->v_samp_factor : 1;

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			scan->blocks[scan->block_count++] = (Block)
		{
			.dc = &decoder->huffman[0][scan->scan->components[i].dc],
			.ac = &decoder->huffman[1][scan->scan->components[i].ac],
			.sum = &scan->sums[i],
			.at = plane->blocks + (row * height + y) * plane->stride + x,
			.step = width
		};
}

void
img_dc_scan_size(const DcDecoder *decoder, const DcScan *scan, size_t *columns, size_t *rows)
{
	const DcPlane *plane = &decoder->picture->planes[scan->components[0].number];

	*columns = scan->count > 1 ? decoder->columns : (size_t) plane->columns;
	*rows = scan->count > 1 ? decoder->rows : (size_t) plane->rows;
}

bool
img_dc_scan(DcDecoder *decoder, const DcScan *scan, bool whole)
{
	Scan		state = {.decoder = decoder, .scan = scan};

	img_dc_scan_size(decoder, scan, &state.columns, &state.rows);
	begin_segment(&state);
	for (size_t row = 0; row < state.rows; row++)
	{
		state.block_count = 0;
		for (int i = 0; i < scan->count; i++)
			place_blocks(&state, i, row);
		if (!read_row(&state))
			return false;
	}
	return whole ? bits_left(&state) >= 0 : segment_ends(&state);
}
