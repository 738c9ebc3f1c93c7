/*
 * template.h
 *		Has the template start a decoder (private to process.c).
 */
#ifndef TE_PG_TEMPLATE_H
#define TE_PG_TEMPLATE_H

#include <sys/types.h>

/*
 * Have the template fork a decoder with these descriptors and arguments (as te_process_start).  Returns its process id and
 * the connection to the template, or 0 if there is no template or it does not answer at once.  Never throws.
 */
extern pid_t te_template_fork(int child_sock, int child_log, const int *numbers, int *template_sock);

#endif							/* TE_PG_TEMPLATE_H */
