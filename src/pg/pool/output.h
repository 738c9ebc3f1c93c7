/*
 * output.h
 *		The memory file to which a decoder writes a thumbnail (private to the pool).
 */
#ifndef TE_PG_OUTPUT_H
#define TE_PG_OUTPUT_H

#include "decoder.h"

/*
 * Create the memory file of an entry that wants a thumbnail, sealed at the largest size this can have.  Returns false
 * with errno on failure.
 */
extern bool te_output_open(TePoolEntry *entry);

/* Close it, if there is one, when no decoder has the entry in hand. */
extern void te_output_close(TePoolEntry *entry);

/* Read the thumbnail announced by the entry's reply, in that context.  Returns NULL or a description of the error. */
extern const char *te_output_read(TePoolEntry *entry, MemoryContext context);

#endif							/* TE_PG_OUTPUT_H */
