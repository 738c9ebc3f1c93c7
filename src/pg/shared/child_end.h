/*
 * child_end.h
 *		Notices and reaps child processes that have ended, also those that the template has for this process.
 *
 * "template_sock" is the connection to the template (wire/template.h) of a decoder that it has started, -1 for a child of
 * this process.  While it is open the process id is not used again, as with a child that has not been reaped.  These
 * functions are safe in signal handlers.
 */
#ifndef TE_PG_CHILD_END_H
#define TE_PG_CHILD_END_H

#include "postgres.h"

typedef struct TeChildEnd
{
	bool		has_status;
	int			status;			/* as returned by waitpid */
	bool		template_lost;	/* the template has died, and the decoder with it */
} TeChildEnd;

extern bool te_child_has_ended(pid_t pid, int template_sock);

/* Kill the child, if it has not ended. */
extern void te_child_kill(pid_t pid, int template_sock);

/* Reap the child if it has ended, and close the connection.  False if it has not. */
extern bool te_child_reap(pid_t pid, int template_sock, TeChildEnd *end);

#endif							/* TE_PG_CHILD_END_H */
