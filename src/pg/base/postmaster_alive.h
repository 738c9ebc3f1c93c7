/*
 * postmaster_alive.h
 *		Detecting the postmaster's death in loops that do not wait on a latch.
 *
 * The server cannot be started again while a process of the old one is running.
 */
#ifndef TE_PG_POSTMASTER_ALIVE_H
#define TE_PG_POSTMASTER_ALIVE_H

#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/pmsignal.h"

/* Exit, as WL_EXIT_ON_PM_DEATH does, if the postmaster has died.  Costs next to nothing. */
static inline void
te_exit_if_postmaster_died(void)
{
	if (IsUnderPostmaster && !PostmasterIsAlive())
		proc_exit(1);
}

#endif							/* TE_PG_POSTMASTER_ALIVE_H */
