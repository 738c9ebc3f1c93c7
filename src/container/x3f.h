/*
 * x3f.h
 *		Walks the sections of Sigma's X3F.
 *
 * Their directory lies at the end; the last four bytes of the file say where.
 */
#ifndef TE_CONTAINER_X3F_H
#define TE_CONTAINER_X3F_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define X3F_MAX_SECTIONS	100 /* looked at */
#define X3F_MAX_PROPERTIES	1000	/* looked at for one value */

typedef struct X3f
{
	const uint8_t *data;
	size_t		length;
	uint32_t	width,
				height;			/* before rotation; 0 if the header does not say */
	uint32_t	rotation;		/* degrees, clockwise */
	const uint8_t *entries;		/* of the directory */
	uint32_t	count;
} X3f;

typedef struct X3fSection
{
	uint8_t		type[4];
	const uint8_t *data;
	size_t		length;
} X3fSection;

/* What an image section is. */
typedef enum X3fImage
{
	X3F_NO_PREVIEW,
	X3F_JPEG,
	X3F_OTHER_PREVIEW			/* without compression, or in one of Sigma's own */
} X3fImage;

/* Does the file begin as an X3F? */
extern bool x3f_is(const uint8_t *data, size_t length);

/* Read header and directory.  False if it is no X3F, or if the directory lies outside the file. */
extern bool x3f_open(X3f *x3f, const uint8_t *data, size_t length);

/* The section at index 0 .. count - 1; false if it lies outside the file. */
extern bool x3f_section(const X3f *x3f, uint32_t index, X3fSection *section);

/* Is the section a preview, and where is its JPEG? */
extern X3fImage x3f_image(const X3fSection *section, const uint8_t **jpeg, size_t *jpeg_length);

/* A property as NUL-terminated UTF-8, cut off if it is longer.  False if there is none of this name, or no value. */
extern bool x3f_property(const X3f *x3f, const char *name, char *value, size_t size);

#endif							/* TE_CONTAINER_X3F_H */
