/*
 * store_sweep.h
 *		Finding and removing thumbnail files that nothing names any more.  Private to clean.
 */
#ifndef TE_PG_STORE_SWEEP_H
#define TE_PG_STORE_SWEEP_H

#include "postgres.h"

/*
 * Sweep the folder of one attachment: remove (or, in a dry run, only count)
 * files that neither a state nor the removal table names in the active
 * snapshot, and that were written by transactions below "horizon", which are all over.
 * Names that we do not give are left alone.  Inside SPI, with the extension's
 * rights.  Returns how many.  ERROR with a hint on the server's trouble.
 */
extern int64 te_store_sweep(int attachment, uint64 horizon, bool dry_run);

/* Remove the empty folders of an attachment that is no more.  True if nothing is left of them. */
extern bool te_store_remove_folders(int attachment);

#endif							/* TE_PG_STORE_SWEEP_H */
