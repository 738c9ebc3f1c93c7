/*
 * system_check.h
 *		What the kernel, or the container that the server runs in, does not let us do.
 */
#ifndef TE_PG_SYSTEM_CHECK_H
#define TE_PG_SYSTEM_CHECK_H

/* What is missing, and what to do, in sentences for a hint.  NULL if nothing is. */
extern const char *te_system_missing(void);

/* Say so in the log. */
extern void te_system_warn(void);

/* The same, or another hint if nothing is missing. */
extern const char *te_system_hint(const char *otherwise);

#endif							/* TE_PG_SYSTEM_CHECK_H */
