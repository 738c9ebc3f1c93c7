/*
 * pictures.h
 *		Helpers of the unit tests of src/image: files of the test set, thumbnails of them, and
 *		how much two images differ.
 */
#ifndef TEST_UNIT_PICTURES_H
#define TEST_UNIT_PICTURES_H

#include "image/image.h"
#include "test/pictures/containers.h"

/* Start the image code once; ends the program if that fails. */
extern void pictures_start(void);

/* A file of the folder TE_PICTURES; no bytes if it is not there. */
extern Bytes picture_read(const char *name);

/* What the server asks for by default: a JPEG of 256 pixels, and EXIF with GPS. */
extern TeRequest picture_request(void);

/* Process bytes; they are copied first, so that ASan sees a step beyond their end. */
extern ImgResult picture_process(const Bytes *bytes, const TeRequest *request);

/*
 * Mean difference, 0..255, between an encoded picture and the test scene at the same size, as
 * grey if "grey"; 255 if it cannot be decoded or has another size.
 */
extern double picture_difference(const void *data, size_t length, int width, int height, bool grey);

/* The same between an encoded picture and a canvas. */
extern double picture_difference_to(const void *data, size_t length, const Canvas *canvas, bool grey);

#endif							/* TEST_UNIT_PICTURES_H */
