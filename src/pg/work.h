/*
 * work.h
 *		Transactions of the background worker.
 */
#ifndef TE_PG_WORK_H
#define TE_PG_WORK_H

/*
 * Begin one: with an SPI connection (in which a run may commit) and a snapshot, in the
 * memory context of the turn.  End it: commit.
 */
extern void te_work_begin(void);
extern void te_work_end(void);

#endif							/* TE_PG_WORK_H */
