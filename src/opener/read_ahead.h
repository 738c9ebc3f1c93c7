/*
 * read_ahead.h
 *		Having the kernel read files before they are needed.
 */
#ifndef TE_OPENER_READ_AHEAD_H
#define TE_OPENER_READ_AHEAD_H

#include <stdint.h>

/*
 * Have the kernel read the first bytes of a file into its cache.  Takes over the descriptor, and closes it.  Never waits: a
 * thread does it, and while that is behind, files are not read ahead.
 */
extern void opn_read_ahead(int fd, uint64_t bytes);

/* What the thread does with one file; it does not wait for the bytes, but may have to wait to ask. */
extern void opn_ask_for(int fd, uint64_t bytes);

#endif							/* TE_OPENER_READ_AHEAD_H */
