/*
 * box.h
 *		Walks the boxes of ISO media files: HEIF, AVIF, JPEG XL, CR3.
 *
 * A box never reaches beyond the one around it, whatever its size says.
 */
#ifndef TE_CONTAINER_BOX_H
#define TE_CONTAINER_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOX_MAX 4096			/* boxes looked at on one level */

/* The content of a box, or the rest of it that has not been walked yet. */
typedef struct Box
{
	uint8_t		type[4];
	const uint8_t *data;
	size_t		length;
	bool		truncated;		/* its size goes beyond the box around it */
} Box;

/*
 * Take the next box off the front of another's content.  False at the end, and
 * where the bytes are not a box.
 */
extern bool box_next(Box *inside, Box *box);

/* The first box of this type directly in another. */
extern bool box_find(Box inside, const char *type, Box *box);

static inline bool
box_is(const Box *box, const char *type)
{
	return box->type[0] == (uint8_t) type[0] && box->type[1] == (uint8_t) type[1] &&
		box->type[2] == (uint8_t) type[2] && box->type[3] == (uint8_t) type[3];
}

#endif							/* TE_CONTAINER_BOX_H */
