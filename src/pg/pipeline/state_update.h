/*
 * state_update.h
 *		The UPDATE of an asset's state with the result of an examination.
 */
#ifndef TE_PG_STATE_UPDATE_H
#define TE_PG_STATE_UPDATE_H

#include "postgres.h"

#include "job.h"
#include "row_update.h"

/*
 * Update the state of a job, as the extension, and end its claim: status, parts and their settings, the reason of a failure,
 * the time of the next try.  The state row must be locked and have the version in job->asset.state.  A file that is replaced
 * is listed for removal.  Needs SPI.
 */
extern void te_state_update(const TeJob *job, const TeSettings *settings, const TeRowUpdate *update);

#endif							/* TE_PG_STATE_UPDATE_H */
