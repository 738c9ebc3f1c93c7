/*
 * sniff.c
 *		What a file is, by its first bytes, and whether its end is missing.
 */
#include "image/internal.h"

#include <string.h>

#include "image/raw.h"

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static uint32_t
le32(const uint8_t *p)
{
	return (uint32_t) p[3] << 24 | p[2] << 16 | p[1] << 8 | p[0];
}

static bool
starts(const ImgFile *file, size_t at, const char *bytes, size_t count)
{
	return file->length >= at + count && memcmp(file->data + at, bytes, count) == 0;
}

/* An ISO media file says by its brands what is in it: the major one, then the compatible ones. */
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
	if (starts(&file, 0, "FUJIFILMCCD-RAW", 15) || starts(&file, 0, "IIU\0", 4) ||
		starts(&file, 0, "IIRO", 4) || starts(&file, 0, "IIRS", 4) || starts(&file, 0, "MMOR", 4))
		return TE_FORMAT_RAW;
	if (starts(&file, 4, "ftyp", 4) && length >= 16)
		return sniff_brands(&file);
	if (starts(&file, 0, "\xFF\x0A", 2) || starts(&file, 0, "\0\0\0\x0CJXL \r\n\x87\n", 12))
		return TE_FORMAT_JXL;
	if (starts(&file, 0, "BM", 2) && length >= 18 && le32(data + 14) >= 12 && le32(data + 14) <= 124)
		return TE_FORMAT_BMP;
	return TE_FORMAT_UNKNOWN;
}

/* PNG: chunks up to IEND. */
static bool
png_is_cut(const ImgFile *file)
{
	for (size_t at = 8; at + 12 <= file->length;)
	{
		uint32_t	size = be32(file->data + at);

		if (starts(file, at + 4, "IEND", 4))
			return false;
		if (size > file->length - at - 12)
			return true;
		at += 12 + (size_t) size;
	}
	return true;
}

/* ISO media and the JPEG XL container: boxes that reach to the end and not beyond. */
static bool
boxes_are_cut(const ImgFile *file)
{
	size_t		at = 0;

	while (file->length - at >= 8)
	{
		uint64_t	size = be32(file->data + at);

		if (size == 0)			/* to the end of the file */
			return false;
		if (size == 1)
		{
			if (file->length - at < 16)
				return true;
			size = (uint64_t) be32(file->data + at + 8) << 32 | be32(file->data + at + 12);
		}
		if (size < 8)
			return false;
		if (size > file->length - at)
			return true;
		at += size;
	}
	return at != file->length;
}

bool
img_is_cut(const ImgFile *file)
{
	switch (file->format)
	{
		case TE_FORMAT_PNG:
			return png_is_cut(file);
		case TE_FORMAT_WEBP:
			return file->length < 12 || le32(file->data + 4) > file->length - 8;
		case TE_FORMAT_GIF:
			return file->data[file->length - 1] != ';';
		case TE_FORMAT_TIFF:
			return img_tiff_is_cut(file);
		case TE_FORMAT_HEIC:
		case TE_FORMAT_AVIF:
			return boxes_are_cut(file);
		case TE_FORMAT_JXL:
			return file->data[0] == 0 && boxes_are_cut(file);
		default:
			return false;
	}
}
