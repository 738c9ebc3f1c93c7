/*
 * threads.h
 *		All threads a decoder will ever have.
 *
 * Image libraries start and end threads as they please, for every picture.  Nothing in the kernel
 * counts the threads of one process for us (RLIMIT_NPROC counts all of a user's, and a filter of
 * system calls cannot count), so none is made any more once the sandbox closes: the threads wait here
 * before that, and pthread_create(), which stands before the C library's, hands out one that is idle.
 * When all are taken it fails as it does on a full system.
 */
#ifndef TE_DECODER_THREADS_H
#define TE_DECODER_THREADS_H

#include <stdbool.h>

/* Threads beside the first. */
#define DEC_THREADS		32

/* Processors that libraries see, at most: some start a thread for each. */
#define DEC_PROCESSORS	4

/*
 * Start what is missing of them.  From then on there are no others, and none makes a system call any
 * more that only a new thread makes.  False with errno.
 */
extern bool dec_threads_fill(void);

#endif							/* TE_DECODER_THREADS_H */
