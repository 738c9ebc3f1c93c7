/*
 * image.h
 *		Makes the thumbnail and reads the EXIF of an image.  The public face of src/image.
 *
 * Works on memory that the caller holds, without files or processes.  libvips' error buffer is
 * global: a process does one image at a time.  Nothing here exits, throws or writes to stderr.
 */
#ifndef TE_IMAGE_H
#define TE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exif/exif.h"
#include "wire/message.h"

/* A further thumbnail of an image. */
typedef struct ImgThumbnail
{
	uint32_t	width,
				height;
	void	   *data;			/* encoded bytes, for g_free(); NULL if there is none */
	size_t		bytes;
} ImgThumbnail;

/* The result of one image.  Zeroed by img_process; img_result_free releases its contents. */
typedef struct ImgResult
{
	TeStatus	status;			/* of thumbnail and size */
	char		error[TE_MAX_TEXT]; /* detail of a failure or of damage: UTF-8, one line, or "" */
	TeStatus	damage;			/* with TE_OK: why the thumbnail shows a part of the image only; 0 = it shows all */
	TeFormat	format;
	uint32_t	width,
				height;			/* upright, of the full image; 0 if not known */
	uint32_t	thumbnail_width,
				thumbnail_height;
	void	   *thumbnail;		/* encoded bytes, or NULL */
	size_t		thumbnail_bytes;
	ImgThumbnail more[TE_MAX_SIZES - 1];	/* those of the request's more_size */
	uint32_t	measured_width,
				measured_height;	/* of the request's "measure" */

	ExifResult	exif;
	TeFacts		facts;			/* that the request wants; the lengths of texts are 0: exif.texts has them */
} ImgResult;

/*
 * Start the libraries, warm them up (codec plugins loaded, thread pool and
 * vector code ready) and run the self-test.  Must be called before
 * the sandbox closes and before any other function.  Fills hello.  Returns
 * false if the process cannot serve at all, with the reason in hello->self_test.
 */
extern bool img_init(TeHello *hello);

/* Run the self-test again: fills can_read, can_write and self_test of a zeroed hello. */
extern void img_self_test(TeHello *hello);

/*
 * Process the image in data[0..length-1] as requested.  Always fills the result; a
 * failure is a status in it.  EXIF and thumbnail do not depend on each other:
 * either may succeed alone.
 */
extern void img_process(const TeRequest *request, const uint8_t *data, size_t length,
						ImgResult *result);

/* The same, also with the XMP of the file beside it (NULL: there is none). */
extern void img_process_beside(const TeRequest *request, const uint8_t *data, size_t length,
							   const ExifSidecar *sidecar, ImgResult *result);
extern void img_result_free(ImgResult *result);

/* Free all thumbnails of a result. */
extern void img_result_drop_thumbnails(ImgResult *result);

/*
 * How many bytes of a file, of which "length" are at hand, does a request need?  If not more than
 * these, img_process has the same result for them as for the whole file.
 */
extern size_t img_bytes_needed(const TeRequest *request, const uint8_t *data, size_t length);

#endif							/* TE_IMAGE_H */
