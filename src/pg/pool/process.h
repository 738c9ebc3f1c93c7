/*
 * process.h
 *		Starting, listening to and ending a decoder or opener process.
 *
 * The messages exchanged with it are in decoder.h and opener.h.
 */
#ifndef TE_PG_PROCESS_H
#define TE_PG_PROCESS_H

#include <sys/types.h>

#include "postgres.h"

#include "pg/compat.h"
#include "pg/shared/child_end.h"

#define TE_LOG_TEXT 512

typedef enum TeProgram
{
	TE_PROGRAM_DECODER,
	TE_PROGRAM_TEMPLATE,		/* makes decoders by fork, see wire/template.h */
	TE_PROGRAM_OPENER
} TeProgram;

typedef struct TeProcess
{
	pid_t		pid;			/* 0 = none */
	int			child;			/* its number in decoder_slot.h */
	int			sock;			/* non-blocking SOCK_SEQPACKET; -1 when closed */
	int			log;			/* read end of its log pipe; non-blocking */
	char		stderr_tail[TE_LOG_TEXT];	/* end of its log output, printable ASCII on one line */
	int			stderr_length;
	int			template_sock;	/* of a decoder that the template has started, see child_end.h; else -1 */
	TeChildEnd	end;			/* without a status if it does not end or was reaped elsewhere */
} TeProcess;

/* Path of the program, beside this module, in static memory. */
extern const char *te_process_file(TeProgram program);

/*
 * Start a program as this child, with these numbers as its arguments after version and parent; a decoder by the template,
 * if there is one.
 * Returns 0, or an error number if the program is missing or no descriptor, process or memory
 * is left; then everything is released, including the child's number, and
 * te_process_start_failed raises the ERROR for it.
 */
extern int	te_process_start(TeProcess *process, TeProgram program, int child, const int *numbers, int count);
pg_noreturn extern void te_process_start_failed(TeProgram program, int error);

/*
 * Take over a process that another server process has handed over, and these descriptors.  False if no descriptor may be
 * kept; then they are closed, which ends it.
 */
extern bool te_process_take_over(TeProcess *process, int child, pid_t pid, const int *fds);

/* Close the descriptors of a process that was handed over, whose number is free already. */
extern void te_process_leave(TeProcess *process);

/* Read the log pipe into stderr_tail.  Never throws. */
extern void te_process_read_stderr(TeProcess *process);

/*
 * Close the descriptors, reap the process and release its number.  With "kill" it is killed at
 * once, otherwise only if it does not exit soon.  Waits until until_ms (te_now_ms) at most: a
 * process that SIGKILL does not end (stuck in the kernel) is reaped later.  Never throws.
 */
extern void te_process_end(TeProcess *process, bool kill, int64 until_ms);

/* Kill the process if it exists, without waiting for it. */
extern void te_process_kill(TeProcess *process);

#endif							/* TE_PG_PROCESS_H */
