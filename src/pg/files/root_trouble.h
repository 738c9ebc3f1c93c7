/*
 * root_trouble.h
 *		The ways in which a root folder may be unusable, and the messages about them (private to root_check.c).
 */
#ifndef TE_PG_ROOT_TROUBLE_H
#define TE_PG_ROOT_TROUBLE_H

#include "postgres.h"

#include "pg/compat.h"

typedef enum TeRootTrouble
{
	TE_ROOT_OK,
	TE_ROOT_HANGS,
	TE_ROOT_FAILS,				/* with an errno */
	TE_ROOT_EMPTY,
	TE_ROOT_MOVED				/* to another device */
} TeRootTrouble;

/* ERROR with a hint. */
pg_noreturn extern void te_root_trouble_error(const char *root, TeRootTrouble trouble, int err);

/* In the worker, which goes on without an ERROR: report that trouble has begun or ended.  Elsewhere nothing. */
extern void te_root_trouble_begun(const char *root, TeRootTrouble trouble, int err);
extern void te_root_trouble_ended(const char *root);

#endif							/* TE_PG_ROOT_TROUBLE_H */
