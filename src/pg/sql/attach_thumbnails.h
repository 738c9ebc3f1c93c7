/*
 * attach_thumbnails.h
 *		How the thumbnails of a table that is attached are stored, and in which sizes.  Private to attach.c.
 */
#ifndef TE_PG_ATTACH_THUMBNAILS_H
#define TE_PG_ATTACH_THUMBNAILS_H

#include "postgres.h"

#include "attach_check.h"
#include "pg/catalog/attachment.h"

/*
 * The list of sizes to be kept: the one that was given, none for an empty one, and with NULL the one that the table had before
 * (old is NULL if it was not attached).  NULL = none.  ERROR for a list with an error.
 */
extern const char *te_attach_choose_sizes(const TeAttachment *old, const char *given);

/*
 * The column that still has thumbnails of ours although it is no longer mapped, or NULL.  ERROR if another column takes its place
 * while it has some.  Inside SPI, with the extension's rights.
 */
extern const char *te_attach_choose_former(const TeAttachment *old, const TeMapping *mapping);

/*
 * Have the bytes in a column stored without compression, as the caller.  If that is not possible, NOTICE.  The table is locked, and
 * not open.  Inside SPI.
 */
extern void te_attach_set_external(Oid relation, const char *column);

#endif							/* TE_PG_ATTACH_THUMBNAILS_H */
