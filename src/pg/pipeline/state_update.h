/*
 * state_update.h
 *		What an examination means for the asset's state.
 */
#ifndef TE_PG_STATE_UPDATE_H
#define TE_PG_STATE_UPDATE_H

#include "postgres.h"

#include "job.h"
#include "row_update.h"

/*
 * Write the final state of a job, as the extension: status, what was examined with which
 * settings, the reason of a failure, when to try again; no claim any more.  The state row
 * must be locked and its version be that in job->asset.state.  The file it named
 * before goes into the removal table if there is a new one.  Inside SPI.
 */
extern void te_state_update(const TeJob *job, const TeSettings *settings, const TeRowUpdate *update);

#endif							/* TE_PG_STATE_UPDATE_H */
