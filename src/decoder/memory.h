/*
 * memory.h
 *		Telling a process that ran out of memory from one that crashed.
 */
#ifndef TE_DECODER_MEMORY_H
#define TE_DECODER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Catch what kills.  Memory in [map, map + size) belongs to mapped files: a bus error
 * there is the file's.  Called once, before the sandbox closes.
 */
extern void dec_memory_watch(const void *map, size_t size);

/* Forget earlier failures: a new image begins. */
extern void dec_memory_reset(void);

/* Has an allocation failed since? */
extern bool dec_memory_failed(void);

#endif							/* TE_DECODER_MEMORY_H */
