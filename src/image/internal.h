/*
 * internal.h
 *		What the files of src/image share with each other and with nobody else.
 *
 * One image goes through these steps: sniff.c says what it is, header.c or the
 * loader how large it is, load.c, jpeg.c, bmp.c or raw.c give pixels,
 * thumbnail.c makes them small, colour.c makes them sRGB, encode.c writes them.
 *
 * Every step that can fail returns false or NULL after img_fail(), which keeps
 * the first reason only.
 */
#ifndef TE_IMAGE_INTERNAL_H
#define TE_IMAGE_INTERNAL_H

#include <vips/vips.h>

#include "image/image.h"

/* The bytes of one picture, ours to read only. */
typedef struct ImgFile
{
	TeFormat	format;
	const uint8_t *data;
	size_t		length;
} ImgFile;

/* A finished picture in memory: 8-bit sRGB, rows without gaps. */
typedef struct ImgPixels
{
	uint8_t    *data;			/* malloc'ed */
	int			width,
				height;
	int			bands;			/* grey, grey + alpha, RGB, RGBA */
} ImgPixels;

/* fail.c */

/* Keep status and words, unless there is a reason already.  Always returns false. */
extern bool img_fail(ImgResult *result, TeStatus status, const char *format,...)
			__attribute__((format(printf, 3, 4)));

/* vips_error.c */

/* img_fail in libvips' words, which are taken out of its buffer; finds the status by itself. */
extern bool img_fail_vips(ImgResult *result, const ImgFile *file);

/* Did libvips complain since the last img_vips_clear()?  Its return codes alone lie. */
extern bool img_vips_complained(void);
extern void img_vips_clear(void);

/* Remember a library's warning: words for a failure that comes without any. */
extern void img_note_warning(const char *text);

/* sniff.c */

/* What the bytes are, by content. */
extern TeFormat img_sniff(const uint8_t *data, size_t length);

/* truncated.c */

/* Does the file end before its own structure says it should? */
extern bool img_is_truncated(const ImgFile *file);

/* header.c */

/* Can img_header read the size of this format by itself, without a library? */
extern bool img_header_known(TeFormat format);

/* The size as stored, before orientation. */
extern bool img_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result);

/* load.c */

/*
 * Open with the one libvips loader for the format.  No pixel is decoded yet.  The image may
 * already be smaller, but not smaller than by "scale" (at most 1).
 */
extern VipsImage *img_load(const ImgFile *file, double scale, ImgResult *result);

/* wrap.c */

/*
 * Hand decoded pixels (8 bits; grey, RGB, RGB + alpha, of a JPEG CMYK) to libvips, with
 * what its own loaders attach.  The pixels are its to free from now on, whatever happens.
 */
extern VipsImage *img_wrap(uint8_t *pixels, int width, int height, int bands,
						   const void *profile, size_t profile_length,
						   const ImgFile *file, ImgResult *result);

/* bmp.c: the size from the header; and as img_jpeg_decode */
extern bool img_bmp_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result);
extern VipsImage *img_bmp_decode(const ImgFile *file, int width, int height, ImgResult *result);

/* jpeg.c */

/*
 * Decode a JPEG, at the smallest scale that still is a good source for a picture of
 * width x height (in the file's own orientation).  The image owns its pixels and
 * carries the colour profile as libvips' loaders attach it.
 */
extern VipsImage *img_jpeg_decode(const ImgFile *file, int width, int height, ImgResult *result);

/* thumbnail.c */

/* The largest size with that aspect that fits into the square and does not enlarge. */
extern void img_fit(uint32_t width, uint32_t height, uint32_t side, int *fit_width, int *fit_height);

/*
 * Shrink to width x height (before orientation) and convert to sRGB.  The pixels are the
 * caller's to free.
 */
extern bool img_shrink(VipsImage *in, int width, int height, const ImgFile *file,
					   ImgPixels *pixels, ImgResult *result);

/* colour.c */

/*
 * What turns pixels (1, 3 or 4 colour bands, then "alpha" 0 or 1 more, uchar, ushort or float)
 * from a profile's colours to 8-bit sRGB, or sRGB with alpha.  NULL if the profile is not one
 * for such pixels or does not work.  Valid until the next call; not to be freed.
 */
typedef void *ImgTransform;
extern ImgTransform img_srgb_transform(const void *profile, size_t length, int bands, int alpha,
									   VipsBandFormat format);
extern void img_srgb_apply(ImgTransform transform, const void *from, uint8_t *to, size_t count);

/* image.c */

/*
 * Decode an image of full_width into one of width x height (before orientation), in sRGB.
 *  "opened": the image if img_load has been called already, else NULL.  The pixels are the
 * caller's to free.
 */
extern bool img_decode(const ImgFile *file, VipsImage *opened, uint32_t full_width, int width,
					   int height, ImgPixels *pixels, ImgResult *result);

/* selftest.c: fills can_read, can_write and self_test */
extern void img_self_test(TeHello *hello);

/* nclx.c: a profile for colours that a HEIC or AVIF names by numbers; malloc'ed, NULL if they are sRGB's */
extern void *img_nclx_profile(const ImgFile *file, size_t *length);

/* encode.c */

/*
 * Write the pixels as the request wants into the result: upright (orientation as EXIF counts
 * it), transparency on white where the format has none, without any metadata.
 */
extern bool img_encode(const ImgPixels *pixels, int orientation, const TeRequest *request,
					   ImgResult *result);

#endif							/* TE_IMAGE_INTERNAL_H */
