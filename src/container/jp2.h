/*
 * jp2.h
 *		Reads the size of a JPEG 2000, as a file of boxes (JP2, JPX) or a bare codestream.
 */
#ifndef TE_CONTAINER_JP2_H
#define TE_CONTAINER_JP2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum Jp2Outcome
{
	JP2_GOOD,
	JP2_ENDS,					/* the file ends before the size */
	JP2_BAD						/* there is no codestream, or it does not begin with the size */
} Jp2Outcome;

/* Does the file begin as one, with boxes or without? */
extern bool jp2_has_boxes(const uint8_t *data, size_t length);
extern bool jp2_is_codestream(const uint8_t *data, size_t length);

/* The size of the first codestream's image. */
extern Jp2Outcome jp2_size(const uint8_t *data, size_t length, uint32_t *width, uint32_t *height);

/* Does the file end before the end of its first codestream? */
extern bool jp2_is_truncated(const uint8_t *data, size_t length);

#endif							/* TE_CONTAINER_JP2_H */
