/*
 * ciff.h
 *		Finds values in CIFF, the structure of Canon's CRW.
 *
 * A heap has values, at its end their directory, and in the last four bytes the place of that.  A value
 * may be a heap itself.
 */
#ifndef TE_CONTAINER_CIFF_H
#define TE_CONTAINER_CIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CIFF_MAX_DEPTH		6	/* heaps within heaps */
#define CIFF_MAX_ENTRIES	4096	/* looked at for one value */

/* Numbers of values: what they are, in the file also where they lie. */
#define CIFF_MAKE_MODEL		0x080A	/* "Canon" NUL model NUL */
#define CIFF_TIME			0x180E	/* seconds of the camera's clock since 1970, and two numbers more */
#define CIFF_IMAGE			0x1810	/* width, height, aspect, rotation, and numbers more */
#define CIFF_EXPOSURE		0x1818	/* floating point: compensation, shutter speed, aperture (APEX) */
#define CIFF_JPEG			0x2007	/* the large preview */
#define CIFF_THUMBNAIL		0x2008	/* the small one */

typedef struct Ciff
{
	const uint8_t *heap;		/* the outermost one */
	size_t		length;
	bool		big_endian;
} Ciff;

typedef struct CiffValue
{
	const uint8_t *data;
	size_t		length;
} CiffValue;

/* Does the file begin as a CRW? */
extern bool ciff_is(const uint8_t *data, size_t length);

/* Read the header of a CRW.  False if the outermost directory lies outside the file. */
extern bool ciff_open(Ciff *ciff, const uint8_t *data, size_t length);

/* The first value of this number, in whatever heap.  False if there is none that lies in its heap. */
extern bool ciff_find(const Ciff *ciff, uint16_t number, CiffValue *value);

/* One of the 32-bit numbers that a value consists of; false if there are not that many. */
extern bool ciff_long(const Ciff *ciff, const CiffValue *value, size_t index, uint32_t *number);

#endif							/* TE_CONTAINER_CIFF_H */
