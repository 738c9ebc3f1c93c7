/*
 * clean_named.h
 *		Comparison of states and files with the rows of attached tables, for thumbexif_clean().
 */
#ifndef TE_PG_CLEAN_NAMED_H
#define TE_PG_CLEAN_NAMED_H

#include "postgres.h"

#include "pg/catalog/attachment.h"

/* Can the rows of a table be read?  If not, a WARNING says why.  Locks the table until the transaction ends. */
extern bool te_clean_readable(const TeAttachment *attachment);

/* Can those of an attached table also be compared with their states? */
extern bool te_clean_comparable(const TeAttachment *attachment);

/* The WARNING. */
extern void te_clean_not_compared(const TeAttachment *attachment, const char *detail, const char *hint);

/*
 * A TeKeepFiles (thumbnail_sweep.h): set keep[i] if a row of the attached tables with this folder names the file.  Such a row has come
 * without its state: a restore with triggers off leaves such rows, and so does a shard that has come from another node.  A row of a table that was a partition keeps its file, too, as long as Citus keeps its shards
 * beside those of the others.  All are kept if the rows of one of these tables cannot be read.
 */
extern void te_clean_keep_named(int folder, char **names, int count, bool *keep);

#endif							/* TE_PG_CLEAN_NAMED_H */
