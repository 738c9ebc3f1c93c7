/*
 * template.h
 *		Has the template start a decoder (private to process.c).
 */
#ifndef TE_PG_TEMPLATE_H
#define TE_PG_TEMPLATE_H

#include <sys/types.h>

/*
 * Have the template fork a decoder with these descriptors and arguments (as te_process_start).  Returns its process id and
 * the connection to the template, 0 if there is no template, or -1 if it did not answer in time: it may still fork a
 * decoder, which it then kills, but which has the descriptors meanwhile.  Never throws.
 */
extern pid_t te_template_fork(int child_sock, int child_log, const int *numbers, int *template_sock);

#endif							/* TE_PG_TEMPLATE_H */
