/*
 * jpeg_dc_pair.c
 *		Decodes a scan from its beginning and from its middle at once.
 *
 * Decoding is a chain of table look-ups, each of which waits for the last: two chains in turns take a tenth (photos with
 * little detail) to a quarter less time than one after the other.  If there are restart markers, the second walk begins behind one.  If there are none, it
 * begins anywhere and takes what it sees for the beginning of an MCU.  That is wrong at first, but Huffman codes
 * bring a reader back into step: after some tens of MCUs, a few hundreds at most, it is where the first walk
 * will be too.  Nothing depends on that: only where the first walk comes to the very bit at which the second
 * began one of its first MCUs are its MCUs taken over, for from there on both would read the same.  Otherwise the
 * first walk goes on alone.
 *
 * The second walk does not know which MCUs it reads: it puts their DCs in a line, with sums that begin at 0.
 */
#include "image/jpeg_dc_walk.h"

#include <stdlib.h>
#include <string.h>

/* So many MCUs must make sense to the second walk before it is taken to be in step; it tries a bit farther else. */
#define TRIAL	128
#define MAX_TRIES 256

/* MCUs of a picture that is not worth it. */
#define SMALL	2048

typedef struct Pair
{
	DcWalk	   *first;
	DcWalk		second;
	const uint8_t *end;			/* of the file */
	size_t		begun;			/* MCUs whose places are known: bits from the beginning of the second walk */
	int64_t		places[TRIAL];
	size_t		use;			/* the first MCU of the second walk that counts */
} Pair;

/* Bits of the segment that the walk has read. */
static int64_t
place_of(const DcWalk *walk)
{
	return (int64_t) (walk->bytes->dropped + (size_t) (walk->reader.next - walk->bytes->buffer)) * 8 - walk->reader.count;
}

/* The marker that ends the image data; "end" if there is none before. */
static const uint8_t *
find_marker(const uint8_t *at, const uint8_t *end)
{
	while ((at = memchr(at, 0xFF, (size_t) (end - at))) != NULL && end - at >= 2)
	{
		if (at[1] != 0x00 && at[1] != 0xFF && !DC_IS_RESTART(at[1]))
			return at;
		at++;
	}
	return end;
}

/* Where the second walk can begin, about the middle of the data (other data may follow in the file); NULL: nowhere. */
static const uint8_t *
find_middle(const DcBytes *bytes, bool restarts)
{
	const uint8_t *at = bytes->at + (bytes->end - bytes->at) / 2;
	const uint8_t *marker = find_marker(bytes->at, at);

	if (marker < at)
		at = bytes->at + (marker - bytes->at) / 2;
	if (!restarts)
	{
		while (at < bytes->end && at[-1] == 0xFF)
			at++;
		return at;
	}
	while ((at = memchr(at, 0xFF, (size_t) (bytes->end - at))) != NULL && bytes->end - at >= 2)
	{
		if (DC_IS_RESTART(at[1]))
			return at + 2;
		at++;
	}
	return NULL;
}

/* From the beginning of the second walk on, find into step.  False if that does not succeed. */
static bool
find_step(Pair *pair)
{
	DcWalk	   *walk = &pair->second;

	for (int i = 0; i < MAX_TRIES; i++)
	{
		DcReader	begin = walk->reader;

		img_dc_begin_row(walk, 0);
		for (pair->begun = 0; pair->begun < TRIAL; pair->begun++)
		{
			if (!img_dc_fill(walk))
				return false;
			begin = walk->reader;
			pair->places[pair->begun] = place_of(walk);
			if (!img_dc_read(walk, 1))
				break;
		}
		if (pair->begun == TRIAL)
			return true;
		walk->reader = begin;
		img_dc_skip_bit(walk);
		memset(walk->sums, 0, sizeof(walk->sums));
	}
	return false;
}

/* Let the first walk go on as if it were alone. */
static void
go_on(Pair *pair)
{
	DcWalk	   *walk = pair->first;

	walk->bytes->end = pair->end;
	if (walk->bytes->at == walk->meets && walk->bytes->marker == 0)
		walk->bytes->complete = false;
	walk->spare = walk->stopped = false;
	walk->meets = NULL;
}

/* Read by the first walk until it meets the second one.  False if it is damaged; if they do not meet, "met" is not set. */
static bool
meet(Pair *pair)
{
	DcWalk	   *walk = pair->first;
	size_t		count;
	int64_t		joint;

	while ((count = img_dc_next_run(walk)) > 0)
		if (!img_dc_read(walk, count))
			return false;
	if (walk->met)
		return true;
	if (!walk->stopped || walk->bytes->at != walk->meets)
	{
		go_on(pair);
		return true;
	}
	joint = (int64_t) (walk->bytes->dropped + (size_t) (walk->bytes->limit - walk->bytes->buffer)) * 8;
	go_on(pair);
	for (;;)
	{
		int64_t		place = place_of(walk) - joint;

		while (pair->use < pair->begun && pair->places[pair->use] < place)
			pair->use++;
		walk->met = pair->use < pair->begun && pair->places[pair->use] == place;
		if (walk->met || pair->use == pair->begun)
			return true;
		if (img_dc_next_run(walk) == 0 || !img_dc_read(walk, 1))
			return false;
	}
}

/* What is to be added to the DC of each block in an MCU of the second walk, whose sums began at 0. */
static void
find_offsets(const Pair *pair, int *offsets)
{
	const DcWalk *first = pair->first;
	const int16_t *line = pair->second.line + pair->use * pair->second.block_count;

	for (int i = 0; i < first->block_count; i++)
	{
		int			last = first->block_count - 1;

		/* the component's last block in the MCU before: at the same bit, there its sum was what the first walk's is */
		while (first->blocks[last].sum != first->blocks[i].sum)
			last--;
		offsets[i] = *first->blocks[i].sum;
		if (pair->use > 0)
			offsets[i] -= line[last - first->block_count];
	}
}

/* Put the DCs of the second walk where they belong, from the place of the first one on. */
static void
take_over(Pair *pair, size_t count)
{
	DcWalk	   *walk = pair->first;
	const int16_t *line = pair->second.line + pair->use * pair->second.block_count;
	int			offsets[DC_MCU_BLOCKS] = {0};

	if (walk->decoder->restart_interval == 0)	/* else both begin with 0 */
		find_offsets(pair, offsets);
	while (count-- > 0)
	{
		if (walk->column == walk->columns)
			img_dc_begin_row(walk, walk->row + 1);
		for (int i = 0; i < walk->block_count; i++)
		{
			*walk->blocks[i].at = (int16_t) (*line++ + offsets[i]);
			walk->blocks[i].at += walk->blocks[i].step;
		}
		walk->column++;
	}
}

/* What the second walk still has to read, now that its place is known. */
static bool
finish(Pair *pair)
{
	const DcWalk *first = pair->first;
	DcWalk	   *second = &pair->second;
	size_t		needed = first->columns * first->rows - (first->row * first->columns + first->column);
	size_t		count;

	second->spare = second->stopped = false;
	while (second->column < pair->use + needed)
	{
		count = img_dc_next_run(second);
		if (count > pair->use + needed - second->column)
			count = pair->use + needed - second->column;
		if (count == 0 || !img_dc_read(second, count))
			return false;
	}
	take_over(pair, needed);
	return img_dc_bits_left(second) >= 0;
}

/* Begin both walks.  False if there is no second one. */
static bool
begin(Pair *pair)
{
	DcWalk	   *first = pair->first;
	DcWalk	   *second = &pair->second;
	DcBytes    *ahead = &first->decoder->ahead;
	bool		restarts = first->decoder->restart_interval > 0;
	size_t		mcus = first->columns * first->rows;
	const uint8_t *middle = mcus < SMALL ? NULL : find_middle(first->bytes, restarts);

	pair->end = first->bytes->end;
	img_dc_begin_segment(first);
	img_dc_begin_row(first, 0);
	if (!middle)
		return false;
	*second = (DcWalk)
	{
		.decoder = first->decoder, .scan = first->scan, .bytes = ahead, .columns = mcus, .rows = 1,
			.line = malloc(mcus * first->block_count * sizeof(int16_t)),
			.spare = true, .restarts = restarts ? (size_t) (middle[-1] & 7) + 1 : 0
	};
	if (!second->line)
		return false;
	ahead->at = middle;
	ahead->end = pair->end;
	img_dc_begin_segment(second);
	img_dc_begin_row(second, 0);
	if (!restarts && !find_step(pair))
		return false;
	first->bytes->end = first->meets = middle;
	first->spare = true;
	return true;
}

bool
img_dc_read_pair(DcWalk *walk, bool *done)
{
	Pair	   *pair = calloc(1, sizeof(Pair));
	bool		ok = true;

	*done = false;
	if (!pair)
		return false;
	pair->first = walk;
	if (begin(pair))
	{
		size_t		count,
					other;

		while (ok && (count = img_dc_next_run(walk)) > 0 && (other = img_dc_next_run(&pair->second)) > 0)
			ok = img_dc_read_two(walk, &pair->second, count < other ? count : other);
		ok = ok && meet(pair);
		*done = ok && walk->met;
		if (*done)
			ok = finish(pair);
	}
	free(pair->second.line);
	free(pair);
	return ok;
}
