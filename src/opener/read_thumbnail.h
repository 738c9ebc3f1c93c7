/*
 * read_thumbnail.h
 *		Reading a part of a thumbnail file.
 */
#ifndef TE_OPENER_READ_THUMBNAIL_H
#define TE_OPENER_READ_THUMBNAIL_H

#include "wire/opening.h"

/*
 * Read up to TE_OPEN_MAX_LIST bytes of a thumbnail, from an offset, and fill all fields of the reply but magic and number.
 * The path begins with the folder of a database; if the file is not there, it is looked for in those of the other databases.
 */
extern void opn_read_thumbnail(const char *root_name, const char *path, uint64_t offset, TeOpenReply *reply, char *data);

#endif							/* TE_OPENER_READ_THUMBNAIL_H */
