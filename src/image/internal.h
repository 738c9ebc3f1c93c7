/*
 * internal.h
 *		Declarations shared by the files of src/image.
 *
 * The steps of one image: sniff.c tells the format, header.c or the loader the size; load.c,
 * jpeg.c, png.c, heif.c, bmp.c or pnm.c decode (of a RAW file, the preview that raw.c chose); thumbnail.c shrinks,
 * colour.c converts to sRGB, encode.c rotates and writes; sizes.c does it for each size that is wanted.  The components of a JPEG are shrunk as
 * they are decoded, each by itself (planes.c), and stay what they are up to the encoder if they can.
 *
 * A step that fails returns false or NULL after img_fail(), which keeps the first reason.
 */
#ifndef TE_IMAGE_INTERNAL_H
#define TE_IMAGE_INTERNAL_H

#include <vips/vips.h>

#include "image/image.h"

/* The bytes of one image. */
typedef struct ImgFile
{
	TeFormat	format;
	const uint8_t *data;
	size_t		length;
} ImgFile;

/* A small image in memory: 8-bit sRGB, rows without gaps. */
typedef struct ImgPixels
{
	uint8_t    *data;			/* malloc'ed */
	int			width,
				height;
	int			bands;			/* grey, grey + alpha, RGB, RGBA */
	int			chroma;			/* not 0: JPEG's YCbCr, as three planes (img_plane); so many pixels have one sample of chroma,
								 * each way */
} ImgPixels;

/* What an image is to become. */
typedef struct ImgTarget
{
	int			width,			/* before orientation */
				height;
	int			orientation;	/* as EXIF counts it */
	int			chroma;			/* not 0: the pixels may be planes with this number */
	bool		damaged;		/* show what is left of a damaged image */
} ImgTarget;

/* fail.c */

/* Set status and detail, unless they are set already.  Always returns false. */
extern bool img_fail(ImgResult *result, TeStatus status, const char *format,...)
			__attribute__((format(printf, 3, 4)));

/* vips_error.c */

/* img_fail with the text in libvips' error buffer, which is cleared, and a status to match. */
extern bool img_fail_vips(ImgResult *result, const ImgFile *file);

/* Did libvips report an error since img_vips_clear()?  Its return codes are not enough. */
extern bool img_vips_has_error(void);

/* Is it that it had no memory? */
extern bool img_vips_lacks_memory(void);
extern void img_vips_clear(void);

/* Keep a library's warning; it is used as the detail if a later failure has none. */
extern void img_note_warning(const char *text);

/* sniff.c */

/* The format, by content. */
extern TeFormat img_sniff(const uint8_t *data, size_t length);

/* truncated.c */

/* Does the file end before its own structure says it should? */
extern bool img_is_truncated(const ImgFile *file);

/* header.c */

/* Can img_header read the size of this format? */
extern bool img_header_known(TeFormat format);

/* The size as stored, before orientation. */
extern bool img_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result);

/* load.c */

/*
 * Open with the one libvips loader for the format.  No pixel is decoded yet.  The image may
 * already be smaller, but not smaller than by "scale" (at most 1).
 */
extern VipsImage *img_load(const ImgFile *file, double scale, ImgResult *result);

/*
 * The thumbnail in a HEIC or AVIF, opened in the same way; the image itself if there is none.
 */
extern VipsImage *img_load_embedded(const ImgFile *file, ImgResult *result);

/* png_damaged.c */

/* With fewer rows than this, if it has more, a damaged image shows nothing. */
#define IMG_MIN_ROWS	8

/*
 * A whole PNG of the rows that are left of a damaged one, and white ones in place of the others.  malloc'ed; NULL after
 * img_fail().
 */
extern uint8_t *img_png_repair(const ImgFile *file, size_t *length, ImgResult *result);

/* damaged.c */

/*
 * The rows of an image that can be decoded, in memory, and white ones in place of the others.  NULL after img_fail() if
 * there are not enough of them.
 */
extern VipsImage *img_damaged_rows(VipsImage *opened, const ImgFile *file, ImgResult *result);

/* wrap.c */

/*
 * Make a libvips image of decoded pixels (8 bits; grey, RGB, each also with alpha, of a JPEG CMYK), with
 * the profile that its loaders attach.  Takes over the pixels, also on failure.
 */
extern VipsImage *img_wrap(uint8_t *pixels, int width, int height, int bands,
						   const void *profile, size_t profile_length,
						   const ImgFile *file, ImgResult *result);

/* bmp.c: the size from the header; and as img_jpeg_decode */
extern bool img_bmp_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result);
extern VipsImage *img_bmp_decode(const ImgFile *file, int width, int height, ImgResult *result);

/* pnm.c: does the file begin as a PBM, PGM or PPM?  And the same two */
extern bool img_pnm_is(const uint8_t *data, size_t length);
extern bool img_pnm_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result);
extern VipsImage *img_pnm_decode(const ImgFile *file, int width, int height, ImgResult *result);

/*
 * png.c, heif.c: decode an image that img_load has opened, and shrink it to width x height.  Returns
 * "opened" itself, with a reference, if libvips is to do it.
 */
extern VipsImage *img_png_decode(const ImgFile *file, VipsImage *opened, int width, int height, ImgResult *result);
extern VipsImage *img_heif_decode(const ImgFile *file, VipsImage *opened, int width, int height, ImgResult *result);

/* jpeg.c */

/* Decode a JPEG at the smallest scale that is a good source, and shrink it; as img_decode. */
extern bool img_jpeg_decode(const ImgFile *file, const ImgTarget *target, ImgPixels *pixels,
							ImgResult *result);

/* reduce.c */

/* How a row or column of samples becomes another one. */
typedef struct ImgSide
{
	int			from,			/* samples before */
				to;				/* samples after */
	double		start;			/* where the first one of these begins, in samples before; outside of them the last one goes on */
	double		scale;			/* samples before to one after; less than 1 enlarges */
	int			box;			/* so many samples are averaged first; at most "scale" */
} ImgSide;

/* The whole of "from" samples to "to", which are not more. */
extern ImgSide img_side(int from, int to);

/*
 * Shrinks pixels of 8 bits, given row by row, to "out", rows without gaps.
 *  "alpha": the last band is transparency, which the others are weighted by.
 * NULL if out of memory.
 */
typedef struct ImgReducer ImgReducer;
#define IMG_REDUCER_BANDS	4
#define IMG_REDUCER_LIMIT	65536	/* down->scale must be less */
extern ImgReducer *img_reducer_new(const ImgSide *across, const ImgSide *down, int bands, bool alpha,
								   uint8_t *out);
extern void img_reducer_add(ImgReducer *reducer, const uint8_t *row);
extern void img_reducer_free(ImgReducer *reducer);

/* planes.c */

/*
 * One component of an image, as its decoder has it: samples of which the image covers so many, the last one perhaps in
 * part.  The image begins with the first sample, or in it.
 */
typedef struct ImgPlane
{
	int			width,
				height;
	double		covers_x,
				covers_y;
	double		starts_x,
				starts_y;		/* where it begins */
} ImgPlane;

/*
 * Shrinks up to four planes, given row by row, to the target's size, or planes 1 and 2 to the size that
 * its "chroma" wants.  NULL if out of memory.
 */
typedef struct ImgPlanes ImgPlanes;
#define IMG_PLANES			4
extern ImgPlanes *img_planes_new(const ImgPlane *planes, int count, const ImgTarget *target);
extern void img_planes_add(ImgPlanes *planes, int number, const uint8_t *row);
extern void img_planes_free(ImgPlanes *planes);

/* When all rows are there: hand over the planes; needs 1 plane, or 3 and "chroma".  The pixels are the caller's to free. */
extern void img_planes_take(ImgPlanes *planes, ImgPixels *pixels);

/*
 * When all rows are there, without "chroma": the samples of each pixel side by side, malloc'ed; NULL if out of memory.
 *  "ycc": the first three planes are JPEG's YCbCr and become red, green and blue.
 */
extern uint8_t *img_planes_join(const ImgPlanes *planes, bool ycc);

/* One of the planes that pixels are, as pixels of one band. */
extern ImgPixels img_plane(const ImgPixels *pixels, int number);

/* Bytes of pixels, whether planes or not. */
extern size_t img_pixels_size(const ImgPixels *pixels);

/* thumbnail.c */

/* The largest size with that aspect that fits into the square, without enlarging. */
extern void img_fit(uint32_t width, uint32_t height, uint32_t side, int *fit_width, int *fit_height);

/* Is there something to do that reduce.c can do?  Only a file whose header lies is to be enlarged. */
extern bool img_is_reducible(VipsImage *image, int width, int height);

/*
 * Shrink to width x height (before orientation) and convert to sRGB.  The pixels are the
 * caller's to free.
 */
extern bool img_shrink(VipsImage *in, int width, int height, const ImgFile *file,
					   ImgPixels *pixels, ImgResult *result);

/* colour.c */

/*
 * A transform of pixels (1, 3 or 4 colour bands, then "alpha" 0 or 1 more, uchar, ushort or float)
 * from a profile's colours to 8-bit sRGB, or sRGB with alpha.  NULL if the profile is sRGB's, NULL, invalid or
 * not for such pixels; but CMYK then has libvips' general one.  Valid until the next call; not to be freed.
 */
typedef void *ImgTransform;
extern ImgTransform img_srgb_transform(const void *profile, size_t length, int bands, int alpha,
									   VipsBandFormat format);
extern void img_srgb_apply(ImgTransform transform, const void *from, uint8_t *to, size_t count);

/* image.c */

/*
 * Decode an image of full_width, in sRGB.
 *  "opened": the image if img_load has been called already, else NULL.  The pixels are the
 * caller's to free.
 */
extern bool img_decode(const ImgFile *file, VipsImage *opened, uint32_t full_width, const ImgTarget *target,
					   ImgPixels *pixels, ImgResult *result);

/* nclx.c: a malloc'ed profile for a HEIC's or AVIF's colours given by numbers; NULL if there are none or sRGB's */
extern void *img_nclx_profile(const ImgFile *file, size_t *length);

/* jpeg_write.c */

/* Pixels to a sample of chroma, each way, at this quality. */
extern int	img_jpeg_chroma(int quality);

/* A JPEG of 1 or 3 bands and at most "limit" bytes, for g_free(); NULL after img_fail() */
extern uint8_t *img_jpeg_write(const ImgPixels *pixels, int quality, size_t limit, size_t *length,
							   ImgResult *result);

/* encode.c */

/* Is an image mirrored left to right, or top to bottom, before it is turned by a quarter or not? */
extern bool img_mirrored_x(int orientation);
extern bool img_mirrored_y(int orientation);

/*
 * Write the pixels as the request wants into the result: upright (orientation as EXIF counts
 * it), transparency on white where the format has none, without any metadata.  The pixels may be changed.
 */
extern bool img_encode(ImgPixels *pixels, int orientation, const TeRequest *request,
					   ImgResult *result);

/* sizes.c */

/* The largest size that a request wants a thumbnail in. */
extern uint32_t img_largest_size(const TeRequest *request);

/*
 * Make the thumbnails that a request wants of an image of width x height, as stored.
 *  "opened": as for img_decode.  If one cannot be made, none is.
 */
extern void img_make_thumbnails(const ImgFile *file, VipsImage *opened, uint32_t width, uint32_t height,
								int orientation, const TeRequest *request, ImgResult *result);

#endif							/* TE_IMAGE_INTERNAL_H */
