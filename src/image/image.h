/*
 * image.h
 *		Bytes in, thumbnail and EXIF out.  The public face of src/image.
 *
 * No PostgreSQL, no processes, no files: everything works on memory that the
 * caller holds.  libvips' error buffer is global, so one image at a time in
 * a process.  Nothing here exits, throws or writes to stderr.
 */
#ifndef TE_IMAGE_H
#define TE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exif/exif.h"
#include "wire/message.h"

/* What one image gave.  Zeroed by img_process; img_result_free releases what is inside. */
typedef struct ImgResult
{
	TeStatus	status;			/* of thumbnail and size */
	char		error[TE_MAX_TEXT];		/* words for it (libvips' or ours), UTF-8, one line, or "" */
	TeFormat	format;
	uint32_t	width, height;	/* upright, of the full image; 0 if not known */
	uint32_t	thumbnail_width, thumbnail_height;
	void	   *thumbnail;		/* encoded bytes, or NULL */
	size_t		thumbnail_bytes;

	ExifResult	exif;
} ImgResult;

/*
 * Start the libraries, warm them up (codec plugins loaded, thread pool and
 * vector code ready) and try what this build can do.  Must be called before
 * the sandbox closes and before any other function.  Fills hello.  Returns
 * false if the process cannot serve at all, with the reason in hello->self_test.
 */
extern bool img_init(TeHello *hello);

/*
 * Do what the request asks with the image in data[0..length-1].  Always fills
 * the result; an image that is bad is a status in it.  EXIF and thumbnail do
 * not depend on each other: either may succeed alone.
 */
extern void img_process(const TeRequest *request, const uint8_t *data, size_t length,
						ImgResult *result);
extern void img_result_free(ImgResult *result);

#endif							/* TE_IMAGE_H */
