/*
 * state_update.h
 *		The UPDATE of assets' states with the results of their examination.
 */
#ifndef TE_PG_STATE_UPDATE_H
#define TE_PG_STATE_UPDATE_H

#include "postgres.h"

#include "job.h"
#include "row_update.h"

/*
 * Update the states of jobs of one table, as the extension, and end their claims: status, parts and their settings, the
 * reason of a failure, the time of the next try.  The state rows must be locked and have the versions in job->asset.state.
 * Files that are replaced are listed for removal.  Needs SPI.
 */
extern void te_states_update(TeJob *const *jobs, const TeRowUpdate *updates, int count, const TeSettings *settings);

#endif							/* TE_PG_STATE_UPDATE_H */
