/*
 * memory.h
 *		Detects that the process runs out of memory.
 */
#ifndef TE_DECODER_MEMORY_H
#define TE_DECODER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Handle fatal signals.  [map, map + size) is where files are mapped: SIGBUS there means that
 * the file could not be read.  Called once, before the sandbox closes.
 */
extern void dec_memory_watch(const void *map, size_t size);

/* Reset at the begin of an image. */
extern void dec_memory_reset(void);

/* Has an allocation failed since the reset? */
extern bool dec_memory_failed(void);

#endif							/* TE_DECODER_MEMORY_H */
