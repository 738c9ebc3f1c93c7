/*
 * stored_size.h
 *		Reading the thumbnails in several sizes of one asset.
 */
#ifndef TE_PG_STORED_SIZE_H
#define TE_PG_STORED_SIZE_H

#include "postgres.h"

#include "pg/catalog/asset.h"

/* One of the sizes, as the table thumbexif_thumbnail has it; texts are palloc'd. */
typedef struct TeStoredSize
{
	int			size;
	int			width,
				height;
	int64		length;			/* bytes */
	char	   *file;			/* NULL if it is the first size, or stored as bytes */
	char	   *path;			/* NULL if it is stored as bytes */
	bool		has_bytes;		/* stored as bytes, and not the first size */
} TeStoredSize;

/* Read them, the smallest first.  Returns their number, 0 for an asset with one size.  The caller has checked rights.  Inside SPI. */
extern int	te_stored_sizes(const TeAsset *asset, TeStateRead how, TeStoredSize sizes[TE_MAX_SIZES]);

/* The bytes of one that has_bytes, palloc'd; NULL if it is gone. */
extern bytea *te_stored_size_bytes(const TeAsset *asset, TeStateRead how, int size);

#endif							/* TE_PG_STORED_SIZE_H */
