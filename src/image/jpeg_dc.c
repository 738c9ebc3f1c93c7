/*
 * jpeg_dc.c
 *		Decodes a JPEG at 1/8 of its size, about three times as fast as libjpeg.
 *
 * A JPEG stores each block of 8 x 8 samples as 64 coefficients.  The first, called DC, is the block's average: a
 * picture of all DCs is the picture at 1/8 of its size.  The other 63, AC, are not needed for it, but in a sequential
 * file they stand between the DCs, as Huffman codes of unknown length: libjpeg decodes each of them.  Here they are
 * passed over, several with one look into a table.
 *
 *	jpeg_dc.c			whether a file is for us; one scan after the other
 *	jpeg_dc_header.c	the segments between scans; whether a scan fits to those before it
 *	jpeg_dc_bytes.c		image data without the stuffed bytes, so that the next 64 bits are one unaligned load
 *	jpeg_dc_huffman.c	the tables
 *	jpeg_dc_mcu.c		the inner loops: a DC is decoded as ever.  For AC, the next 12 bits of the file are the index
 *						of an entry, which tells how many bits all whole symbols in them have (with the value
 *						bits of the last one, even if they lie beyond), how many coefficients those are, and
 *						whether the block ends.  Two entries fit into what one refill guarantees.  Where an entry
 *						goes beyond coefficient 63, which means that it runs into the next block, and where it
 *						has none since the code is too long, its bits are read again symbol by symbol.
 *	jpeg_dc_scan.c		rows and restart intervals
 *	jpeg_dc_pair.c		a large scan is read from its beginning and its middle at once
 *	jpeg_dc_samples.c	from DCs to samples
 *
 * Of a progressive file only the scans of DC are decoded.  Of the others header, tables, restart markers and end are
 * checked, but the data in them are not read: what is damaged there is not seen, and does no harm to the picture.
 *
 * Errors are left to libjpeg.  Whatever is not as it should be makes us give up, and libjpeg, whose state has not
 * changed, decodes the whole file: so the verdict on a damaged file, its words and the pixels that it may still
 * show are libjpeg's.  The rule for all checks here is therefore: what we decode, libjpeg decodes without any
 * complaint that src/image/jpeg.c counts as damage, and to the same DCs.  The opposite need not hold.  The
 * unit test and the fuzzer compare both.
 *
 * The samples are libjpeg's too, bit by bit, with one exception: of chroma that is stored at half the size both ways (4:2:0)
 * libjpeg decodes four samples of a block, from AC coefficients as well.  Here it stays at half.  As the picture is at
 * least 1.5 times the thumbnail, its chroma is at least 0.75 times the thumbnail, of which JPEG, WebP and AVIF store only half.
 *
 * Memory: two bytes a block, twice while a scan is read from two places; tables and buffers of 150 KB.
 */
#include "image/jpeg_dc.h"

#include <stdlib.h>
#include <string.h>

/* As libjpeg's caller allows. */
#define MAX_SCANS 500

/*
 * Is the size of a component one that is read here?  All have the picture's size but chroma, which libjpeg
 * decodes at a larger scale, as far as it can, if it is smaller both ways: half of that is good enough.
 */
static bool
fits_picture(j_decompress_ptr cinfo, int number)
{
	const jpeg_component_info *info = &cinfo->comp_info[number];
	const jpeg_component_info *other = &cinfo->comp_info[number == 1 ? 2 : 1];
	int			shrink_x = cinfo->max_h_samp_factor / info->h_samp_factor;
	int			shrink_y = cinfo->max_v_samp_factor / info->v_samp_factor;

	if (shrink_x == 1 && shrink_y == 1)
		return cinfo->max_h_samp_factor == info->h_samp_factor && cinfo->max_v_samp_factor == info->v_samp_factor;
	if (number == 0 || number == 3 || (cinfo->jpeg_color_space != JCS_YCbCr && cinfo->jpeg_color_space != JCS_YCCK))
		return false;
	if (cinfo->max_h_samp_factor % info->h_samp_factor != 0 || cinfo->max_v_samp_factor % info->v_samp_factor != 0)
		return false;
	if (info->h_samp_factor != other->h_samp_factor || info->v_samp_factor != other->v_samp_factor)
		return false;
	return shrink_x % 2 != 0 || shrink_y % 2 != 0 || (shrink_x == 2 && shrink_y == 2);
}

/* Is the frame of a kind that is read here? */
static bool
is_for_us(j_decompress_ptr cinfo)
{
	if (cinfo->arith_code || cinfo->data_precision != 8 || cinfo->jpeg_color_space == JCS_UNKNOWN)
		return false;
	for (int i = 0; i < cinfo->num_components; i++)
	{
		const jpeg_component_info *info = &cinfo->comp_info[i];

		/* libjpeg-turbo 3 counts samples and not blocks in what calls itself lossless */
		if (info->width_in_blocks != (cinfo->image_width * info->h_samp_factor + cinfo->max_h_samp_factor * DCTSIZE - 1) /
			(cinfo->max_h_samp_factor * DCTSIZE))
			return false;
		if (!fits_picture(cinfo, i))
			return false;
		if (info->quant_tbl_no < 0 || info->quant_tbl_no >= NUM_QUANT_TBLS || !cinfo->quant_tbl_ptrs[info->quant_tbl_no] ||
			cinfo->quant_tbl_ptrs[info->quant_tbl_no]->quantval[0] > INT16_MAX)
			return false;
		for (int j = 0; j < i; j++)
			if (cinfo->comp_info[j].component_id == info->component_id)
				return false;
	}
	return true;
}

/* Room for the blocks of all components, in whole MCUs. */
static bool
make_planes(DcDecoder *decoder)
{
	j_decompress_ptr cinfo = decoder->cinfo;
	DcPicture  *picture = decoder->picture;
	size_t		mcu_width = 8 * (size_t) cinfo->max_h_samp_factor;
	size_t		mcu_height = 8 * (size_t) cinfo->max_v_samp_factor;
	size_t		total = 0;

	decoder->columns = (cinfo->image_width + mcu_width - 1) / mcu_width;
	decoder->rows = (cinfo->image_height + mcu_height - 1) / mcu_height;
	for (int i = 0; i < cinfo->num_components; i++)
		total += decoder->columns * decoder->rows * cinfo->comp_info[i].h_samp_factor * cinfo->comp_info[i].v_samp_factor;
	picture->memory = total > 0 ? malloc(total * sizeof(int16_t)) : NULL;
	if (!picture->memory)
		return false;
	picture->count = cinfo->num_components;
	total = 0;
	for (int i = 0; i < cinfo->num_components; i++)
	{
		const jpeg_component_info *info = &cinfo->comp_info[i];

		picture->planes[i] = (DcPlane)
		{
			.blocks = picture->memory + total,
				.stride = decoder->columns * info->h_samp_factor,
				.columns = (int) info->width_in_blocks,
				.rows = (int) info->height_in_blocks
		};
		total += decoder->columns * decoder->rows * info->h_samp_factor * info->v_samp_factor;
	}
	return true;
}

/* What libjpeg has read so far. */
static void
take_header(j_decompress_ptr cinfo, DcDecoder *decoder, DcScan *scan)
{
	*scan = (DcScan)
	{
		.count = cinfo->comps_in_scan, .first = cinfo->Ss, .last = cinfo->Se, .high = cinfo->Ah, .low = cinfo->Al
	};
	for (int i = 0; i < scan->count; i++)
	{
		scan->components[i].number = cinfo->cur_comp_info[i]->component_index;
		scan->components[i].dc = cinfo->cur_comp_info[i]->dc_tbl_no;
		scan->components[i].ac = cinfo->cur_comp_info[i]->ac_tbl_no;
	}
	for (int ac = 0; ac <= 1; ac++)
		for (int i = 0; i < DC_TABLES; i++)
		{
			const JHUFF_TBL *table = ac ? cinfo->ac_huff_tbl_ptrs[i] : cinfo->dc_huff_tbl_ptrs[i];
			DcTable    *own = &decoder->tables[ac][i];

			if (!table)
				continue;
			own->known = true;
			memcpy(own->counts, table->bits, sizeof(own->counts));
			memcpy(own->values, table->huffval, sizeof(own->values));
		}
	decoder->restart_interval = cinfo->restart_interval;
	decoder->bytes.at = cinfo->src->next_input_byte;
	decoder->bytes.end = decoder->bytes.at + cinfo->src->bytes_in_buffer;
	memset(decoder->accuracy, 0xFF, sizeof(decoder->accuracy));
}

/* Is every bit of the coefficients in the file?  libjpeg invents some that are not. */
static bool
is_complete(const DcDecoder *decoder)
{
	for (int i = 0; i < decoder->picture->count; i++)
		for (int k = 0; k < 64; k++)
			if (decoder->accuracy[i][k] != 0)
				return false;
	return true;
}

static bool
read_scans(DcDecoder *decoder, DcScan *scan)
{
	bool		whole = !decoder->cinfo->progressive_mode && scan->count == decoder->cinfo->num_components;
	DcNext		next = DC_SCAN;

	for (int i = 0; i < MAX_SCANS && next == DC_SCAN; i++)
	{
		if (!img_dc_scan_fits(decoder, scan))
			return false;
		if (scan->first > 0)
		{
			size_t		columns,
						rows,
						interval = decoder->restart_interval;

			img_dc_scan_size(decoder, scan, &columns, &rows);
			if (!img_dc_bytes_skip(&decoder->bytes, interval == 0 ? 1 : (columns * rows + interval - 1) / interval))
				return false;
		}
		else if (!img_dc_scan(decoder, scan, whole))
			return false;
		next = whole ? DC_END : img_dc_next(decoder, scan);
	}
	return next == DC_END && is_complete(decoder);
}

bool
img_dc_decode(j_decompress_ptr cinfo, DcPicture *picture)
{
	DcDecoder  *decoder;
	DcScan		scan;
	bool		ok = false;

	memset(picture, 0, sizeof(*picture));
	if (!is_for_us(cinfo))
		return false;
	decoder = calloc(1, sizeof(DcDecoder));
	if (decoder)
	{
		decoder->cinfo = cinfo;
		decoder->picture = picture;
		take_header(cinfo, decoder, &scan);
		ok = make_planes(decoder) && read_scans(decoder, &scan);
	}
	free(decoder);
	if (!ok)
	{
		free(picture->memory);
		picture->memory = NULL;
	}
	return ok;
}
