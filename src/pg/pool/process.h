/*
 * process.h
 *		A decoder or an opener as a process: started, listened to, ended.
 *
 * Knows nothing of images.  The conversations are decoder.h's and opener.h's.
 */
#ifndef TE_PG_PROCESS_H
#define TE_PG_PROCESS_H

#include <sys/types.h>

#include "postgres.h"

#include "pg/compat.h"

#define TE_LOG_TEXT 512

typedef enum TeProgram
{
	TE_PROGRAM_DECODER,
	TE_PROGRAM_OPENER
} TeProgram;

typedef struct TeProcess
{
	pid_t		pid;			/* 0 = none */
	int			place;			/* see decoder_slot.h */
	int			sock;			/* non-blocking SOCK_SEQPACKET; -1 when closed */
	int			log;			/* what it writes to its log pipe; non-blocking */
	char		said[TE_LOG_TEXT];	/* the end of that, printable ASCII on one line */
	int			said_length;
	bool		has_status;		/* it was reaped; otherwise it would not die, or somebody else reaped it */
	int			status;			/* as waitpid gives it */
} TeProcess;

/* The program's file: beside this module.  Points to static memory. */
extern const char *te_process_file(TeProgram program);

/*
 * Start a program in that place, with these numbers as its arguments behind version and parent.  Returns 0, or an error number if
 * the program is missing, or no descriptor, process or memory is left; then nothing is left
 * behind, not even the place, and te_process_start_failed raises the ERROR for it.
 */
extern int	te_process_start(TeProcess *process, TeProgram program, int place, const int *numbers, int count);
pg_noreturn extern void te_process_start_failed(TeProgram program, int error);

/* Read what there is in the log pipe into "said".  Never throws. */
extern void te_process_read_stderr(TeProcess *process);

/*
 * The end: close the descriptors, reap it and give back its place.  With "kill" it is killed at once; otherwise it is thought
 * to be dying already and killed only if that takes long.  Does not wait beyond that time (te_now_ms): a
 * process that even SIGKILL does not end soon (stuck in the kernel) is reaped later.
 * Never throws.
 */
extern void te_process_end(TeProcess *process, bool kill, int64 until_ms);

/* Kill it, if it is still there, and do not wait. */
extern void te_process_kill(TeProcess *process);

#endif							/* TE_PG_PROCESS_H */
