/*
 * list_files.h
 *		Listing the files beneath a folder.
 */
#ifndef TE_OPENER_LIST_FILES_H
#define TE_OPENER_LIST_FILES_H

#include "wire/opening.h"

/*
 * Put the next files beneath a folder into the list, of TE_OPEN_MAX_LIST bytes, and fill all fields of the reply but
 * magic and number.
 */
extern void opn_list_files(const char *root, const char *path, uint32_t want, TeOpenReply *reply, char *list);

#endif							/* TE_OPENER_LIST_FILES_H */
