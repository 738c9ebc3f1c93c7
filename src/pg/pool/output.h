/*
 * output.h
 *		The memory file to which a decoder writes the thumbnails of an image (private to the pool).
 */
#ifndef TE_PG_OUTPUT_H
#define TE_PG_OUTPUT_H

#include "decoder.h"

/*
 * Create the memory file of an entry that wants thumbnails, sealed at the largest size these can have.  Returns false
 * with errno on failure.
 */
extern bool te_output_open(TePoolEntry *entry);

/* Close it, if there is one, when no decoder has the entry in hand. */
extern void te_output_close(TePoolEntry *entry);

/* Read the thumbnails announced by the entry's reply, in that context.  Returns NULL or a description of the error. */
extern const char *te_output_read(TePoolEntry *entry, MemoryContext context);

#endif							/* TE_PG_OUTPUT_H */
