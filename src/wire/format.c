/*
 * format.c
 *		Names of image formats, and file suffixes of thumbnails.
 */
#include "wire/message.h"

const char *
te_format_name(int format)
{
	switch (format)
	{
		case TE_FORMAT_JPEG:
			return "jpeg";
		case TE_FORMAT_PNG:
			return "png";
		case TE_FORMAT_WEBP:
			return "webp";
		case TE_FORMAT_GIF:
			return "gif";
		case TE_FORMAT_TIFF:
			return "tiff";
		case TE_FORMAT_HEIC:
			return "heic";
		case TE_FORMAT_AVIF:
			return "avif";
		case TE_FORMAT_JXL:
			return "jxl";
		case TE_FORMAT_BMP:
			return "bmp";
		case TE_FORMAT_RAW:
			return "raw";
		case TE_FORMAT_JP2:
			return "jp2";
		case TE_FORMAT_PNM:
			return "pnm";
		default:
			return NULL;
	}
}

const char *
te_format_suffix(int format)
{
	switch (format)
	{
		case TE_FORMAT_JPEG:
			return "jpg";
		case TE_FORMAT_PNG:
			return "png";
		case TE_FORMAT_WEBP:
			return "webp";
		case TE_FORMAT_AVIF:
			return "avif";
		default:
			return NULL;
	}
}
