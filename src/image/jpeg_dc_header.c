/*
 * jpeg_dc_header.c
 *		Reads what stands between the scans of a JPEG, by libjpeg's rules or stricter ones.
 */
#include "image/jpeg_dc.h"

#include <string.h>

#include "container/bytes.h"
#include "container/jpeg.h"

#define MARKER_DHT	0xC4
#define MARKER_DRI	0xDD
#define MARKER_COM	0xFE

static bool
read_tables(DcDecoder *decoder, const uint8_t *at, size_t length)
{
	while (length >= 17)
	{
		int			ac = at[0] >> 4;
		int			number = at[0] & 15;
		size_t		count = 0;
		DcTable		table = {.known = true};

		for (int i = 1; i <= 16; i++)
			count += table.counts[i] = at[i];
		if (ac > 1 || number >= DC_TABLES || count > 256 || count > length - 17)
			return false;
		memcpy(table.values, at + 17, count);
		decoder->tables[ac][number] = table;
		decoder->built[ac][number] = false;
		at += 17 + count;
		length -= 17 + count;
	}
	return length == 0;
}

static bool
read_scan_header(const DcDecoder *decoder, const uint8_t *at, size_t length, DcScan *scan)
{
	*scan = (DcScan) {.count = length > 0 ? at[0] : 0};
	if (scan->count < 1 || scan->count > MAX_COMPS_IN_SCAN || length != 4 + 2 * (size_t) scan->count)
		return false;
	for (int i = 0; i < scan->count; i++)
	{
		int			number = 0;

		at++;
		while (number < decoder->cinfo->num_components && decoder->cinfo->comp_info[number].component_id != *at)
			number++;
		for (int j = 0; j < i; j++)
			if (scan->components[j].number == number)
				return false;
		at++;
		scan->components[i].number = number;
		scan->components[i].dc = *at >> 4;
		scan->components[i].ac = *at & 15;
		if (number == decoder->cinfo->num_components)
			return false;
	}
	scan->first = at[1];
	scan->last = at[2];
	scan->high = at[3] >> 4;
	scan->low = at[3] & 15;
	return true;
}

DcNext
img_dc_next(DcDecoder *decoder, DcScan *scan)
{
	DcBytes    *bytes = &decoder->bytes;

	for (uint8_t marker = bytes->marker; marker != JPEG_EOI; marker = *bytes->at++)
	{
		const uint8_t *at = bytes->at + 2;
		size_t		length;

		if (bytes->end - bytes->at < 2 || be16(bytes->at) < 2 || (size_t) (bytes->end - bytes->at) < be16(bytes->at) + 2u)
			return DC_STRANGE;
		length = be16(bytes->at) - 2;
		bytes->at = at + length;
		if (marker == JPEG_SOS)
			return read_scan_header(decoder, at, length, scan) ? DC_SCAN : DC_STRANGE;
		if (marker == MARKER_DRI && length == 2)
			decoder->restart_interval = be16(at);
		else if (marker != MARKER_COM && !(marker == MARKER_DHT && read_tables(decoder, at, length)))
			return DC_STRANGE;

		/* the next one, at once: libjpeg would pass over bytes between */
		if (*bytes->at++ != 0xFF)
			return DC_STRANGE;
	}
	return DC_END;
}

/* Make the tables of a component that the scan uses, and those that it only has to have. */
static bool
make_tables(DcDecoder *decoder, const DcScan *scan, int i)
{
	bool		progressive = decoder->cinfo->progressive_mode;

	for (int ac = 0; ac <= 1; ac++)
	{
		int			number = ac ? scan->components[i].ac : scan->components[i].dc;

		if (progressive && (ac != (scan->first > 0) || (!ac && scan->high > 0)))
			continue;
		if (number >= DC_TABLES)
			return false;
		if (!decoder->built[ac][number] && !img_dc_huffman(&decoder->tables[ac][number], ac, &decoder->huffman[ac][number]))
			return false;
		decoder->built[ac][number] = true;
	}
	return true;
}

/* Of a progressive file: does the scan add to what is known of the coefficients, and nothing else? */
static bool
adds_bits(DcDecoder *decoder, const DcScan *scan)
{
	if (scan->first == 0 ? scan->last != 0 : scan->count != 1 || scan->last < scan->first || scan->last > 63)
		return false;
	if (scan->low > 13 || (scan->high > 0 && scan->high != scan->low + 1))
		return false;
	for (int i = 0; i < scan->count; i++)
	{
		int		   *accuracy = decoder->accuracy[scan->components[i].number];

		if (scan->first > 0 && accuracy[0] < 0)
			return false;
		for (int k = scan->first; k <= scan->last; k++)
		{
			if (accuracy[k] != (scan->high == 0 ? -1 : scan->high))
				return false;
			accuracy[k] = scan->low;
		}
	}
	return true;
}

/* Of a sequential file: is it all of components that are not there yet? */
static bool
adds_components(DcDecoder *decoder, const DcScan *scan)
{
	if (scan->first != 0 || scan->last != 63 || scan->high != 0 || scan->low != 0)
		return false;
	for (int i = 0; i < scan->count; i++)
	{
		int		   *accuracy = decoder->accuracy[scan->components[i].number];

		if (accuracy[0] != -1)
			return false;
		for (int k = 0; k < 64; k++)
			accuracy[k] = 0;
	}
	return true;
}

bool
img_dc_scan_fits(DcDecoder *decoder, const DcScan *scan)
{
	int			blocks = 0;

	for (int i = 0; i < scan->count; i++)
	{
		const jpeg_component_info *info = &decoder->cinfo->comp_info[scan->components[i].number];

		blocks += info->h_samp_factor * info->v_samp_factor;
		if (!make_tables(decoder, scan, i))
			return false;
	}
	if (scan->count > 1 && blocks > DC_MCU_BLOCKS)
		return false;
	return decoder->cinfo->progressive_mode ? adds_bits(decoder, scan) : adds_components(decoder, scan);
}
