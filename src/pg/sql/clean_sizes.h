/*
 * clean_sizes.h
 *		Removing thumbnails of sizes that are no longer wanted.  Private to clean.c.
 */
#ifndef TE_PG_CLEAN_SIZES_H
#define TE_PG_CLEAN_SIZES_H

#include "postgres.h"

#include "pg/catalog/attachment.h"

/*
 * Of assets whose thumbnails are as the settings want them but for surplus sizes, delete these and list their files for
 * removal; in a dry run, only count.  Assets that others have locked are left alone.  Returns the number of files.  Inside SPI.
 */
extern int64 te_clean_sizes(const TeAttachment *attachment, bool dry_run);

#endif							/* TE_PG_CLEAN_SIZES_H */
