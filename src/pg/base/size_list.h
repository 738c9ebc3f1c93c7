/*
 * size_list.h
 *		Lists of thumbnail sizes, as the setting thumbexif.thumbnail_sizes and attachments have them.
 */
#ifndef TE_PG_SIZE_LIST_H
#define TE_PG_SIZE_LIST_H

#include "postgres.h"

#include "wire/message.h"

/* Sides of squares in pixels, no two the same.  The first is the thumbnail itself. */
typedef struct TeSizes
{
	int			count;
	int			side[TE_MAX_SIZES];
} TeSizes;

/*
 * Parse a comma-separated list, in which blanks are ignored; an empty one has no sizes.  Returns NULL, or what is wrong with it, a
 * sentence (palloc'd or constant).
 */
extern const char *te_sizes_parse(const char *text, TeSizes *sizes);

/* The list as text, "256,1024", palloc'd. */
extern char *te_sizes_text(const TeSizes *sizes);

/* The index of a size; -1 if the list does not have it. */
extern int	te_sizes_find(const TeSizes *sizes, int side);

#endif							/* TE_PG_SIZE_LIST_H */
