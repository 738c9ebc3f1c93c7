/*
 * finish_notify.h
 *		NOTIFY for assets that are finished, if their attachment asks for it.
 */
#ifndef TE_PG_FINISH_NOTIFY_H
#define TE_PG_FINISH_NOTIFY_H

#include "postgres.h"

#include "job.h"

/*
 * Send notifications, when the current transaction commits, with the keys of those jobs of one attachment that are finished:
 * not of those that were released, lost, are to be tried again, or still lack a part; nor again of a file that is still missing.
 */
extern void te_notify_finished(TeJob *const *jobs, int count);

#endif							/* TE_PG_FINISH_NOTIFY_H */
