/*
 * postmaster_alive.h
 *		Is the postmaster still there?  For loops that wait for nothing.
 *
 * Whoever waits on a latch is told.  Whoever opens file after file is not, and the server
 * cannot be started again as long as one process of the old one lives.
 */
#ifndef TE_PG_POSTMASTER_ALIVE_H
#define TE_PG_POSTMASTER_ALIVE_H

#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/pmsignal.h"

/* End this process, as WL_EXIT_ON_PM_DEATH does, if there is no postmaster any more.  Costs next to nothing. */
static inline void
te_exit_if_postmaster_died(void)
{
	if (IsUnderPostmaster && !PostmasterIsAlive())
		proc_exit(1);
}

#endif							/* TE_PG_POSTMASTER_ALIVE_H */
