/*
 * write_rights.h
 *		May the caller update an asset's row?  Rights on the table that was named count.
 */
#ifndef TE_PG_WRITE_RIGHTS_H
#define TE_PG_WRITE_RIGHTS_H

#include "postgres.h"

#include "pg/pipeline/row_update.h"

/* ERROR, before the image is decoded, unless the caller may update some column.  The UPDATE checks each column. */
extern void te_write_rights_check(const TeAttachment *attachment);

/* ERROR unless the caller may update the columns that will be written. */
extern void te_write_rights_check_columns(const TeAttachment *attachment, const TeRowUpdate *update);

#endif							/* TE_PG_WRITE_RIGHTS_H */
