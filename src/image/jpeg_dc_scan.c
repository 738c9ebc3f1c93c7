/*
 * jpeg_dc_scan.c
 *		Decodes the DC coefficients of one scan of a JPEG: its rows and restart intervals.
 */
#include "image/jpeg_dc_walk.h"

#include <stdlib.h>

/* A sum of differences beyond this is none of a picture, and "int" has room for what a run adds to it. */
#define MAX_SUM			(1 << 24)
#define MAX_RUN			4096

/* A table; NULL for the impossible number of one that the scan does not use. */
static const DcHuffman *
find_table(const DcDecoder *decoder, int ac, int number)
{
	return number < DC_TABLES ? &decoder->huffman[ac][number] : NULL;
}

/* One component's blocks in an MCU; in a row of MCUs their places are those in the plane. */
static void
place_blocks(DcWalk *walk, int i, size_t row)
{
	const DcDecoder *decoder = walk->decoder;
	int			number = walk->scan->components[i].number;
	const jpeg_component_info *info = &decoder->cinfo->comp_info[number];
	const DcPlane *plane = &decoder->picture->planes[number];
	int			width = walk->scan->count > 1 ? info->h_samp_factor : 1;
	int			height = walk->scan->count > 1 ? info->v_samp_factor : 1;

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			walk->blocks[walk->block_count++] = (DcBlock)
		{
			.dc = find_table(decoder, 0, walk->scan->components[i].dc),
				.ac = find_table(decoder, 1, walk->scan->components[i].ac),
				.sum = &walk->sums[i],
				.at = plane->blocks + (row * height + y) * plane->stride + x,
				.step = width
		};
}

void
img_dc_begin_row(DcWalk *walk, size_t row)
{
	walk->row = row;
	walk->column = 0;
	walk->block_count = 0;
	for (int i = 0; i < walk->scan->count; i++)
		place_blocks(walk, i, row);
	for (int i = 0; walk->line && i < walk->block_count; i++)
	{
		walk->blocks[i].at = walk->line + i;
		walk->blocks[i].step = walk->block_count;
	}
}

void
img_dc_begin_segment(DcWalk *walk)
{
	img_dc_bytes_begin(walk->bytes);
	walk->reader = (DcReader) {.next = walk->bytes->buffer};
	for (int i = 0; i < MAX_COMPS_IN_SCAN; i++)
		walk->sums[i] = 0;
	walk->left = walk->decoder->restart_interval;
}

/* Are all bits of a segment read but those that fill its last byte? */
static bool
segment_ends(DcWalk *walk)
{
	return img_dc_fill(walk) && walk->bytes->complete && img_dc_bits_left(walk) < 8;
}

/* Pass a restart marker. */
static bool
restart(DcWalk *walk)
{
	if (!segment_ends(walk) || walk->bytes->marker != 0xD0 + (walk->restarts++ & 7))
		return false;
	if (walk->bytes->at == walk->meets)
	{
		walk->met = true;
		return false;
	}
	img_dc_begin_segment(walk);
	return true;
}

/* Are all MCUs read? */
static bool
is_done(const DcWalk *walk)
{
	return walk->row + 1 == walk->rows && walk->column == walk->columns;
}

size_t
img_dc_next_run(DcWalk *walk)
{
	size_t		count;

	if (walk->stopped || is_done(walk))
		return 0;
	for (int i = 0; i < MAX_COMPS_IN_SCAN; i++)
		if (abs(walk->sums[i]) > MAX_SUM)
			return 0;
	if (walk->column == walk->columns)
		img_dc_begin_row(walk, walk->row + 1);
	count = walk->columns - walk->column;
	if (walk->decoder->restart_interval > 0)
	{
		if (walk->left == 0 && !restart(walk))
			return 0;
		if (count > walk->left)
			count = walk->left;
	}
	return count > MAX_RUN ? MAX_RUN : count;
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
	DcWalk		walk = {.decoder = decoder, .scan = scan, .bytes = &decoder->bytes};
	size_t		count;

	img_dc_scan_size(decoder, scan, &walk.columns, &walk.rows);
	if (whole)
	{
		bool		done;

		if (!img_dc_read_pair(&walk, &done))
			return false;
		if (done)
			return true;
	}
	else
	{
		img_dc_begin_segment(&walk);
		img_dc_begin_row(&walk, 0);
	}
	while ((count = img_dc_next_run(&walk)) > 0)
		if (!img_dc_read(&walk, count))
			return false;
	return is_done(&walk) && (whole ? img_dc_bits_left(&walk) >= 0 : segment_ends(&walk));
}
