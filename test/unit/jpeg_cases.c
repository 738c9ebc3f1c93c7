/*
 * jpeg_cases.c
 *		Writes JPEGs of all kinds.
 */
#include "test/unit/jpeg_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#define S11		{1, 1}
#define YCC(h, v)	{{h, v}, S11, S11}

const JpegCase jpeg_cases[] = {
	{"grey", 131, 77, 1, .quality = 80},
	{"grey 2x2", 131, 77, 1, {{2, 2}}, 80},
	{"grey, restarts", 131, 77, 1, .quality = 80, .restart = 3},
	{"4:4:4", 131, 77, 3, YCC(1, 1), 80},
	{"4:2:2", 131, 77, 3, YCC(2, 1), 80},
	{"4:4:0", 131, 77, 3, YCC(1, 2), 80},
	{"4:2:0", 131, 77, 3, YCC(2, 2), 80},
	{"4:1:1", 131, 77, 3, YCC(4, 1), 80},
	{"1x4", 131, 77, 3, YCC(1, 4), 80},
	{"3x1", 131, 77, 3, YCC(3, 1), 80},
	{"1x3", 131, 77, 3, YCC(1, 3), 80},
	{"3x2", 131, 77, 3, YCC(3, 2), 80},
	{"2x3", 131, 77, 3, YCC(2, 3), 80},
	{"4x2", 131, 77, 3, YCC(4, 2), 80, .left = true},
	{"2x4", 131, 77, 3, YCC(2, 4), 80, .left = true},
	{"all 2x1", 131, 77, 3, {{2, 1}, {2, 1}, {2, 1}}, 80},
	{"chroma 2x1 of 2x2", 131, 77, 3, {{2, 2}, {2, 1}, {2, 1}}, 80},
	{"chroma 1x2 of 2x2", 131, 77, 3, {{2, 2}, {1, 2}, {1, 2}}, 80},
	{"chroma of two sizes", 131, 77, 3, {{2, 2}, {1, 2}, {2, 1}}, 80, .left = true},
	{"chroma larger than light", 131, 77, 3, {{1, 1}, {2, 2}, {1, 1}}, 80, .left = true},
	{"one block", 8, 8, 3, YCC(1, 1), 90},
	{"one pixel", 1, 1, 3, YCC(2, 2), 90},
	{"a row", 500, 1, 3, YCC(2, 2), 90},
	{"a column", 1, 500, 3, YCC(2, 2), 90},
	{"whole MCUs", 160, 96, 3, YCC(2, 2), 90},
	{"fine", 200, 150, 3, YCC(2, 2), 100},
	{"fine 4:4:4", 200, 150, 3, YCC(1, 1), 100},
	{"coarse", 200, 150, 3, YCC(2, 2), 5},
	{"large", 900, 700, 3, YCC(2, 2), 95},
	{"restart after each MCU", 200, 150, 3, YCC(2, 2), 80, .restart = 1},
	{"restart after 5", 200, 150, 3, YCC(2, 2), 80, .restart = 5},
	{"restart after a row", 200, 150, 3, YCC(2, 1), 80, .restart = 13},
	{"restart never", 200, 150, 3, YCC(2, 2), 80, .restart = 65535},
	{"optimal tables", 200, 150, 3, YCC(2, 2), 80, .tables = TABLES_OPTIMAL},
	{"optimal tables, fine", 200, 150, 3, YCC(2, 2), 100, .tables = TABLES_OPTIMAL},
	{"long codes", 200, 150, 3, YCC(2, 2), 95, .tables = TABLES_LONG},
	{"long codes, restarts", 200, 150, 3, YCC(2, 1), 95, 7, .tables = TABLES_LONG},
	{"apart", 131, 77, 3, YCC(2, 2), 80, .script = SCRIPT_APART},
	{"apart 3x2, restarts", 131, 77, 3, YCC(3, 2), 80, 4, SCRIPT_APART},
	{"progressive", 200, 150, 3, YCC(2, 2), 85, .script = SCRIPT_PROGRESSIVE},
	{"progressive grey", 131, 77, 1, .quality = 85, .script = SCRIPT_PROGRESSIVE},
	{"progressive 4:2:2, restarts", 200, 150, 3, YCC(2, 1), 85, 6, SCRIPT_PROGRESSIVE},
	{"progressive, DC whole", 131, 77, 3, YCC(2, 2), 85, .script = SCRIPT_DC_WHOLE},
	{"progressive, DC in thirds", 131, 77, 3, YCC(2, 2), 85, .script = SCRIPT_DC_THIRDS},
	{"progressive, DC in thirds, restarts", 131, 77, 3, YCC(2, 1), 85, 9, SCRIPT_DC_THIRDS},
	{"progressive 4:1:1", 131, 77, 3, YCC(4, 1), 85, .script = SCRIPT_PROGRESSIVE},
	/* large enough to be read from two places */
	{"two walks", 720, 736, 3, YCC(2, 2), 60},
	{"two walks, grey", 400, 344, 1, .quality = 30},
	{"two walks, long codes", 720, 368, 3, YCC(2, 1), 90, .tables = TABLES_LONG},
	{"two walks, restart after each MCU", 400, 344, 1, .quality = 30, .restart = 1},
	{"two walks, restart after 7", 400, 344, 3, YCC(1, 1), 30, 7},
	{"two walks, restart after a row", 400, 344, 1, .quality = 30, .restart = 50},
	{"two walks, one restart", 400, 344, 1, .quality = 30, .restart = 1500},
	{"two walks, restart never", 400, 344, 1, .quality = 30, .restart = 65535},
	{"two walks, YCCK", 400, 344, 4, {S11, S11, S11, S11}, 50},
	{"RGB", 131, 77, 3, YCC(1, 1), 85, .colours = JCS_RGB},
	{"CMYK", 131, 77, 4, {S11, S11, S11, S11}, 85, .colours = JCS_CMYK},
	{"YCCK", 131, 77, 4, {S11, S11, S11, S11}, 85},
	{"YCCK 2x1", 131, 77, 4, {{2, 1}, S11, S11, {2, 1}}, 85},
	{"YCCK 2x2", 131, 77, 4, {{2, 2}, S11, S11, {2, 2}}, 85},
	{"YCCK, progressive", 131, 77, 4, {{2, 2}, S11, S11, {2, 2}}, 85, .script = SCRIPT_PROGRESSIVE}
};
const int	jpeg_case_count = sizeof(jpeg_cases) / sizeof(jpeg_cases[0]);

/* Seven short codes, and as many as are left of 16 bits. */
static void
lengthen(JHUFF_TBL *table)
{
	int			count = 0;

	for (int i = 1; i <= 16; i++)
		count += table->bits[i];
	memset(table->bits, 0, sizeof(table->bits));
	for (int i = 2; i <= 8; i++)
		table->bits[i] = 1;
	table->bits[16] = (UINT8) (count - 7);
}

static int
add_scan(jpeg_scan_info *scan, int component, int last, int from, int to, int high, int low)
{
	*scan = (jpeg_scan_info) {.Ss = from, .Se = to, .Ah = high, .Al = low};
	for (int i = component; i <= last; i++)
		scan->component_index[scan->comps_in_scan++] = i;
	return 1;
}

/* Returns how many scans there are. */
static int
write_script(const JpegCase *jpeg, jpeg_scan_info *scans)
{
	int			last = jpeg->components - 1;
	int			count = 0;

	if (jpeg->script == SCRIPT_APART)
		for (int i = 0; i <= last; i++)
			count += add_scan(scans + count, i, i, 0, 63, 0, 0);
	if (jpeg->script == SCRIPT_DC_WHOLE)
		count += add_scan(scans + count, 0, last, 0, 0, 0, 0);
	if (jpeg->script == SCRIPT_DC_THIRDS)
		for (int i = 0; i <= last; i++)
			count += add_scan(scans + count, i, i, 0, 0, 0, 2);
	if (jpeg->script >= SCRIPT_DC_WHOLE)
		for (int i = last; i >= 0; i--)
			count += add_scan(scans + count, i, i, 1, 63, 0, 1);
	for (int low = 1; jpeg->script == SCRIPT_DC_THIRDS && low >= 0; low--)
		count += add_scan(scans + count, 0, last, 0, 0, low + 1, low);
	if (jpeg->script >= SCRIPT_DC_WHOLE)
		for (int i = 0; i <= last; i++)
			count += add_scan(scans + count, i, i, 1, 63, 1, 0);
	return count;
}

static void
configure(j_compress_ptr cinfo, const JpegCase *jpeg, jpeg_scan_info *scans)
{
	cinfo->image_width = (JDIMENSION) jpeg->width;
	cinfo->image_height = (JDIMENSION) jpeg->height;
	cinfo->input_components = jpeg->components;
	cinfo->in_color_space = jpeg->colours ? (J_COLOR_SPACE) jpeg->colours :
		jpeg->components == 1 ? JCS_GRAYSCALE : jpeg->components == 3 ? JCS_YCbCr : JCS_YCCK;
	jpeg_set_defaults(cinfo);
	jpeg_set_colorspace(cinfo, cinfo->in_color_space);
	jpeg_set_quality(cinfo, jpeg->quality, TRUE);
	for (int i = 0; i < jpeg->components; i++)
	{
		cinfo->comp_info[i].h_samp_factor = jpeg->sampling[i][0] ? jpeg->sampling[i][0] : 1;
		cinfo->comp_info[i].v_samp_factor = jpeg->sampling[i][1] ? jpeg->sampling[i][1] : 1;
	}
	cinfo->restart_interval = (unsigned) jpeg->restart;
	cinfo->optimize_coding = jpeg->tables == TABLES_OPTIMAL;
	for (int i = 0; i < 2 && jpeg->tables == TABLES_LONG; i++)
	{
		lengthen(cinfo->dc_huff_tbl_ptrs[i]);
		lengthen(cinfo->ac_huff_tbl_ptrs[i]);
	}
	if (jpeg->script == SCRIPT_PROGRESSIVE)
		jpeg_simple_progression(cinfo);
	else if (jpeg->script != SCRIPT_NONE)
	{
		cinfo->num_scans = write_script(jpeg, scans);
		cinfo->scan_info = scans;
	}
}

/* Hills with grain that is stronger in some places. */
static void
draw(const JpegCase *jpeg, int y, uint8_t *row, uint32_t *random)
{
	for (int i = 0; i < jpeg->width * jpeg->components; i++)
	{
		int			x = i / jpeg->components;
		int			grain;

		*random = *random * 1664525 + 1013904223;
		grain = (int) (*random >> 24) - 128;
		grain = x / 24 % 3 == 0 ? 0 : y / 40 % 2 ? grain : grain / 8;
		grain += 128 + (x * (i % 3 + 1) + y * 2) % 160 - 80;
		row[i] = (uint8_t) (grain < 0 ? 0 : grain > 255 ? 255 : grain);
	}
}

Bytes
jpeg_case(const JpegCase *jpeg)
{
	struct jpeg_compress_struct cinfo;
	struct jpeg_error_mgr errors;
	jpeg_scan_info scans[20];
	unsigned char *data = NULL;
	unsigned long length = 0;
	uint8_t    *row = malloc((size_t) jpeg->width * jpeg->components);
	uint32_t	random = 1;
	Bytes		bytes;

	cinfo.err = jpeg_std_error(&errors);
	jpeg_create_compress(&cinfo);
	jpeg_mem_dest(&cinfo, &data, &length);
	configure(&cinfo, jpeg, scans);
	jpeg_start_compress(&cinfo, TRUE);
	for (int y = 0; y < jpeg->height; y++)
	{
		draw(jpeg, y, row, &random);
		jpeg_write_scanlines(&cinfo, &row, 1);
	}
	jpeg_finish_compress(&cinfo);
	jpeg_destroy_compress(&cinfo);
	bytes = bytes_copy(data, length);
	free(data);
	free(row);
	return bytes;
}
