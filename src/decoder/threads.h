/*
 * threads.h
 *		The threads of a decoder, all started before the sandbox closes.
 *
 * Image libraries start and end threads for every image.  The kernel cannot limit the threads of one
 * process (RLIMIT_NPROC counts all of a user's, and a filter of system calls cannot count), so none
 * may be started once the sandbox is closed.  They are started before, and pthread_create(), which
 * overrides the C library's, hands out an idle one.  When all are in use it fails with EAGAIN.
 */
#ifndef TE_DECODER_THREADS_H
#define TE_DECODER_THREADS_H

#include <stdbool.h>
#include <sys/types.h>

/* Threads beside the first. */
#define DEC_THREADS		32

/* Limit on the processors that libraries see: some start a thread for each. */
#define DEC_PROCESSORS	4

/*
 * Start all that are missing, and wait until they have made the system calls of a new thread.  No
 * others are started from then on.  False with errno.
 */
extern bool dec_threads_fill(void);

/* Wait until all threads but the calling one wait for something.  False if they do not within a second. */
extern bool dec_threads_rest(void);

/* fork(), once all threads wait for something, and while none can change what dec_threads_forked() needs. */
extern pid_t dec_threads_fork(void);

/*
 * In a process that was forked, and therefore has none of the threads: start them again.  One that was at work begins its
 * start function again, which is right for threads that wait for work at its beginning, as libvips' do, if the library does
 * not count who waits (image/env.c sees to that).  Whether it is for all of them, the template (template.h) tests.  A thread
 * has another pthread_t than the library was told, so that it must not be joined: end the process by _exit().  False with
 * errno.
 */
extern bool dec_threads_forked(void);

#endif							/* TE_DECODER_THREADS_H */
