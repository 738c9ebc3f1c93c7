/*
 * utility_hook.h
 *		A ProcessUtility hook for commands that concern the background workers.
 */
#ifndef TE_PG_UTILITY_HOOK_H
#define TE_PG_UTILITY_HOOK_H

/* Called in _PG_init while shared libraries are preloaded, never otherwise. */
extern void te_utility_hook_install(void);

#endif							/* TE_PG_UTILITY_HOOK_H */
