/*
 * removals.h
 *		Between two turns of the worker: unlinks what is no longer wanted.
 */
#ifndef TE_PG_REMOVALS_H
#define TE_PG_REMOVALS_H

#include "postgres.h"

#include "datatype/timestamp.h"

/*
 * Unlink some of the files listed in thumbexif_removal; *due becomes sooner if there is more to do.  Where that
 * fails te_store_empty_removals warns; it is then tried again only after a wait, and so the WARNING comes seldom.
 */
extern void te_removals_empty(TimestampTz *due);

#endif							/* TE_PG_REMOVALS_H */
