/*
 * open_file.h
 *		Opening one file beneath a root and describing it.
 */
#ifndef TE_OPENER_OPEN_FILE_H
#define TE_OPENER_OPEN_FILE_H

#include "wire/opening.h"

/*
 * Open a file and fill all fields of the reply but magic and number.  Returns the descriptor,
 * or -1.
 */
extern int	opn_open_file(const char *root, const char *path, uint32_t want, TeOpenReply *reply);

/* Have the kernel read the first bytes of a file into its cache.  Does not wait for them, but may wait to ask. */
extern void opn_read_ahead(int fd, uint64_t bytes);

#endif							/* TE_OPENER_OPEN_FILE_H */
