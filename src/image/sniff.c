/*
 * sniff.c
 *		Tells the format of a file by its first bytes.
 */
#include "image/internal.h"

#include <string.h>

#include "container/bytes.h"
#include "container/ciff.h"
#include "container/jp2.h"
#include "container/mrw.h"
#include "container/x3f.h"
#include "image/raw.h"

static bool
starts(const ImgFile *file, size_t at, const char *bytes, size_t count)
{
	return file->length >= at + count && memcmp(file->data + at, bytes, count) == 0;
}

/* The brands of an ISO media file tell its format: the major one, then the compatible ones. */
static TeFormat
sniff_brands(const ImgFile *file)
{
	static const char heic[][5] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"};
	size_t		end = be32(file->data);
	bool		heif = false;

	if (end > file->length)
		end = file->length;
	for (size_t at = 8; at + 4 <= end; at += at == 8 ? 8 : 4)
	{
		const char *brand = (const char *) file->data + at;

		if (memcmp(brand, "avif", 4) == 0 || memcmp(brand, "avis", 4) == 0)
			return TE_FORMAT_AVIF;
		if (memcmp(brand, "crx ", 4) == 0)
			return TE_FORMAT_RAW;
		for (size_t i = 0; i < sizeof(heic) / sizeof(heic[0]); i++)
			if (memcmp(brand, heic[i], 4) == 0)
				return TE_FORMAT_HEIC;
		if (memcmp(brand, "mif1", 4) == 0 || memcmp(brand, "msf1", 4) == 0)
			heif = true;
	}
	return heif ? TE_FORMAT_HEIC : TE_FORMAT_UNKNOWN;
}

TeFormat
img_sniff(const uint8_t *data, size_t length)
{
	const ImgFile file = {TE_FORMAT_UNKNOWN, data, length};

	if (starts(&file, 0, "\xFF\xD8\xFF", 3))
		return TE_FORMAT_JPEG;
	if (starts(&file, 0, "\x89PNG\r\n\x1A\n", 8))
		return TE_FORMAT_PNG;
	if (starts(&file, 0, "GIF87a", 6) || starts(&file, 0, "GIF89a", 6))
		return TE_FORMAT_GIF;
	if (starts(&file, 0, "RIFF", 4) && starts(&file, 8, "WEBP", 4))
		return TE_FORMAT_WEBP;
	if (starts(&file, 0, "II*\0", 4) || starts(&file, 0, "MM\0*", 4) ||
		starts(&file, 0, "II+\0\x08\0\0\0", 8) || starts(&file, 0, "MM\0+\0\x08\0\0", 8))
		return img_is_raw(&file) ? TE_FORMAT_RAW : TE_FORMAT_TIFF;
	if (starts(&file, 0, "FUJIFILMCCD-RAW", 15) || starts(&file, 0, "IIU\0", 4) || starts(&file, 0, "MM\0U", 4) ||
		starts(&file, 0, "IIRO", 4) || starts(&file, 0, "IIRS", 4) || starts(&file, 0, "MMOR", 4))
		return TE_FORMAT_RAW;
	if (ciff_is(data, length) || mrw_is(data, length) || x3f_is(data, length))
		return TE_FORMAT_RAW;
	if (starts(&file, 4, "ftyp", 4) && length >= 16)
		return sniff_brands(&file);
	if (starts(&file, 0, "\xFF\x0A", 2) || starts(&file, 0, "\0\0\0\x0CJXL \r\n\x87\n", 12))
		return TE_FORMAT_JXL;
	if (jp2_has_boxes(data, length) || jp2_is_codestream(data, length))
		return TE_FORMAT_JP2;
	if (img_pnm_is(data, length))
		return TE_FORMAT_PNM;
	if (starts(&file, 0, "BM", 2) && length >= 18 && le32(data + 14) >= 12 && le32(data + 14) <= 124)
		return TE_FORMAT_BMP;
	return TE_FORMAT_UNKNOWN;
}
