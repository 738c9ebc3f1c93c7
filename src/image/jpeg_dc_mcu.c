/*
 * jpeg_dc_mcu.c
 *		Decodes the DC coefficients of MCUs, and passes over the others: the inner loops.
 */
#include "image/jpeg_dc_walk.h"

#include "container/bytes.h"

#define EXPECTED(condition)	__builtin_expect(!!(condition), 1)
#define INNER	static inline __attribute__((always_inline))
#define RARE	static __attribute__((noinline))

/* Have at least 56 bits.  Bits below "count" are there already, and the same. */
INNER void
refill(DcReader *reader)
{
	reader->bits |= be64(reader->next) >> reader->count;
	reader->next += (63 - reader->count) >> 3;
	reader->count |= 56;
}

INNER void
drop(DcReader *reader, unsigned bits)
{
	reader->bits <<= bits;
	reader->count -= bits;
}

/* Read one code; -1 if it is none. */
static int
read_symbol(DcReader *reader, const DcHuffman *huffman)
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

/* The number that the bits "from" so many on mean as a value of "size" bits. */
INNER int
value_of(uint64_t bits, unsigned to, unsigned size)
{
	int			value = (int) (bits >> (64 - to) & ((1u << size) - 1));

	return value < 1 << size >> 1 ? value - (1 << size) + 1 : value;
}

RARE bool
read_rare_difference(DcReader *reader, const DcHuffman *huffman, int *difference)
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
INNER bool
read_difference(DcReader *reader, const DcHuffman *huffman, int *difference)
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
		DcReader	copy = *reader; /* what has an address is in no register */

		if (!read_rare_difference(&copy, huffman, difference))
			return false;
		*reader = copy;
		refill(reader);
	}
	return true;
}

/*
 * Pass over the rest of a block from coefficient k on, symbol by symbol where an entry has none or too many.
 * False if it does not end well.
 */
RARE bool
skip_slowly(DcReader *reader, const DcHuffman *huffman, unsigned k)
{
	for (;;)
	{
		unsigned	entry;
		int			symbol;

		refill(reader);
		entry = huffman->skip[reader->bits >> (64 - DC_SKIP_BITS)];
		if (k + (entry >> 8) <= 64 || (k + (entry >> 8)) >> 6 == 2)
		{
			drop(reader, entry & 255);
			k += entry >> 8;
			if (k >= 64)
				return true;
			continue;
		}
		symbol = read_symbol(reader, huffman);
		if (symbol < 0)
			return false;
		if ((symbol & 15) == 0 && symbol != 0xF0)
			return true;
		drop(reader, symbol & 15);
		k += (unsigned) (symbol >> 4) + 1;
		if (k >= 64)
			return k == 64;
	}
}

/*
 * The AC coefficients of a block while they are passed over.  "taken" is a sum of entries: bits since the
 * last refill, and above them the number of the next coefficient.
 */
typedef struct Ac
{
	unsigned	taken;
	unsigned	entry;			/* the last one, */
	uint64_t	before;			/* and the bits before it */
} Ac;

#define AC_BEGIN	((Ac) {.taken = 1 << 8})

/* Pass over what one entry has; true if that is the end of the block, or too much. */
INNER bool
step(DcReader *reader, const DcHuffman *huffman, Ac *ac)
{
	ac->before = reader->bits;
	ac->entry = huffman->skip[ac->before >> (64 - DC_SKIP_BITS)];
	reader->bits = ac->before << (ac->entry & 63);
	ac->taken += ac->entry;
	return ac->taken >= 64 << 8;
}

INNER void
refill_ac(DcReader *reader, Ac *ac)
{
	reader->count -= ac->taken & 255;
	ac->taken &= ~255u;
	refill(reader);
}

/* After the last step: all 64 were there, or an end of block came before that; else the last entry went too far. */
INNER bool
end_block(DcReader *reader, const DcHuffman *huffman, const Ac *ac)
{
	reader->count -= ac->taken & 255;
	if (EXPECTED(ac->taken >> 14 == 2 || ac->taken >> 8 == 64))
		return true;
	else
	{
		DcReader	copy = {ac->before, reader->count + (ac->entry & 255), reader->next};
		bool		ok = skip_slowly(&copy, huffman, (ac->taken - ac->entry) >> 8);

		*reader = copy;
		return ok;
	}
}

/* The rest of a block; at first there are bits for "steps" steps, one or none. */
INNER bool
skip_ac(DcReader *reader, const DcHuffman *huffman, Ac ac, int steps)
{
	if (steps == 1 && step(reader, huffman, &ac))
		return end_block(reader, huffman, &ac);
	for (;;)
	{
		refill_ac(reader, &ac);
		if (step(reader, huffman, &ac))
			break;
		if (step(reader, huffman, &ac))
			break;
	}
	return end_block(reader, huffman, &ac);
}

/* The same of two blocks at once: each waits for its table, and the processor does the other's work in the meantime. */
INNER bool
skip_ac_two(DcReader *one, DcReader *other, const DcHuffman *huffman)
{
	Ac			ac = AC_BEGIN;
	Ac			other_ac = AC_BEGIN;
	bool		ends,
				other_ends;

	for (;;)
	{
		ends = step(one, huffman, &ac);
		other_ends = step(other, huffman, &other_ac);
		if (ends || other_ends)
			break;
		refill_ac(one, &ac);
		refill_ac(other, &other_ac);
		ends = step(one, huffman, &ac);
		other_ends = step(other, huffman, &other_ac);
		if (ends || other_ends)
			break;
	}
	return (ends ? end_block(one, huffman, &ac) : skip_ac(one, huffman, ac, 0)) &&
		(other_ends ? end_block(other, huffman, &other_ac) : skip_ac(other, huffman, other_ac, 0));
}

ptrdiff_t
img_dc_bits_left(const DcWalk *walk)
{
	return (walk->bytes->limit - walk->reader.next) * 8 + (ptrdiff_t) walk->reader.count;
}

bool
img_dc_fill(DcWalk *walk)
{
	DcBytes    *bytes = walk->bytes;

	walk->reader.next = img_dc_bytes_more(bytes, walk->reader.next);
	if (walk->spare && bytes->complete && !DC_IS_RESTART(bytes->marker) && bytes->limit - walk->reader.next < DC_MCU_BYTES)
		walk->stopped = true;
	return !walk->stopped && img_dc_bits_left(walk) >= 0;
}

void
img_dc_skip_bit(DcWalk *walk)
{
	refill(&walk->reader);
	drop(&walk->reader, 1);
}

typedef enum Kind
{
	BASELINE, PROGRESSIVE, REFINEMENT
} Kind;

INNER bool
has_bytes(const DcBytes *bytes, const DcReader *reader)
{
	return EXPECTED(bytes->limit - reader->next >= DC_MCU_BYTES);
}

/* MCUs have been read. */
INNER void
advance(DcWalk *walk, const DcReader *reader, size_t count)
{
	walk->reader = *reader;
	walk->column += count;
	walk->left -= count;
}

INNER bool
read_kind(DcWalk *walk, size_t count, Kind kind)
{
	const DcBlock *last = walk->blocks + walk->block_count;
	const int	low = walk->scan->low;
	DcReader	reader = walk->reader;
	size_t		done;
	int			difference;

	for (done = 0; done < count; done++)
	{
		if (!has_bytes(walk->bytes, &reader))
		{
			walk->reader = reader;
			if (!img_dc_fill(walk))
				break;
			reader = walk->reader;
		}
		for (DcBlock *block = walk->blocks; block < last; block++)
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
				if (kind == BASELINE && !skip_ac(&reader, block->ac, AC_BEGIN, 1))
					return false;
			}
			block->at += block->step;
		}
	}
	advance(walk, &reader, done);
	return done == count || walk->stopped;
}

bool
img_dc_read(DcWalk *walk, size_t count)
{
	if (!walk->decoder->cinfo->progressive_mode)
		return read_kind(walk, count, BASELINE);
	if (walk->scan->high == 0)
		return read_kind(walk, count, PROGRESSIVE);
	return read_kind(walk, count, REFINEMENT);
}

INNER void
put(DcBlock *block, int difference)
{
	*block->sum += difference;
	*block->at = (int16_t) *block->sum;
	block->at += block->step;
}

bool
img_dc_read_two(DcWalk *one, DcWalk *other, size_t count)
{
	DcReader	reader = one->reader;
	DcReader	other_reader = other->reader;
	size_t		done;

	for (done = 0; done < count; done++)
	{
		if (!has_bytes(one->bytes, &reader) || !has_bytes(other->bytes, &other_reader))
		{
			bool		ok;

			one->reader = reader;
			other->reader = other_reader;
			ok = has_bytes(one->bytes, &reader) || img_dc_fill(one);
			ok = (has_bytes(other->bytes, &other_reader) || img_dc_fill(other)) && ok;
			reader = one->reader;
			other_reader = other->reader;
			if (!ok)
				break;
		}
		for (int i = 0; i < one->block_count; i++)
		{
			const DcBlock *block = &one->blocks[i]; /* of both, as far as tables go */
			int			difference,
						other_difference;

			if (!read_difference(&reader, block->dc, &difference) ||
				!read_difference(&other_reader, block->dc, &other_difference))
				return false;
			put(&one->blocks[i], difference);
			put(&other->blocks[i], other_difference);
			if (!skip_ac_two(&reader, &other_reader, block->ac))
				return false;
		}
	}
	advance(one, &reader, done);
	advance(other, &other_reader, done);
	return done == count || one->stopped || other->stopped;
}
