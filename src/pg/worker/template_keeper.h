/*
 * template_keeper.h
 *		Keeps a template running, from which decoders are forked (for the launcher).
 */
#ifndef TE_PG_TEMPLATE_KEEPER_H
#define TE_PG_TEMPLATE_KEEPER_H

#include "postgres.h"

/* Before the first of the other functions. */
extern void te_template_keeper_prepare(void);

/* Start a template if there is none, and take note of those that have retired or ended. */
extern void te_template_keeper_run(void);

/*
 * Wait for the latch or for something that te_template_keeper_run() has to see, for that time at most.  True if the time
 * is over.
 */
extern bool te_template_keeper_wait(long timeout_ms, uint32 wait_event);

/* At the exit of the launcher: end all templates, and with them all decoders that they have forked. */
extern void te_template_keeper_end(void);

#endif							/* TE_PG_TEMPLATE_KEEPER_H */
