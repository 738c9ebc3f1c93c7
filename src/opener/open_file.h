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

#endif							/* TE_OPENER_OPEN_FILE_H */
