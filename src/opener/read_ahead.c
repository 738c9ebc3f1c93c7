/*
 * read_ahead.c
 *		Having the kernel read files before they are needed.
 *
 * The kernel may keep us waiting when we ask for it: while the disk has much to do already, or for ever if the file system
 * does not respond.  Requests must not wait for that, the least those for files beneath other roots, whose roots would be
 * taken for hanging.  So a thread of its own does it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "read_ahead.h"

/* Files that may wait for the thread.  While there are so many, it would only be late for the next. */
#define MAX_WAITING	16

/* The kernel reads no more at a time than its own read-ahead, which is this long unless somebody has changed it. */
#define AHEAD_PIECE	(128 * 1024)

static struct
{
	int			fd;
	uint64_t	bytes;
}			waiting[MAX_WAITING];	/* a ring */
static unsigned first_waiting;
static unsigned nwaiting;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;

void
opn_ask_for(int fd, uint64_t bytes)
{
	for (uint64_t at = 0; at < bytes; at += AHEAD_PIECE)
		(void) posix_fadvise(fd, (off_t) at, (off_t) (bytes - at < AHEAD_PIECE ? bytes - at : AHEAD_PIECE),
							 POSIX_FADV_WILLNEED);
}

static void *
ask_for_files(void *unused)
{
	(void) unused;
	for (;;)
	{
		int			fd;
		uint64_t	bytes;

		(void) pthread_mutex_lock(&lock);
		while (nwaiting == 0)
			(void) pthread_cond_wait(&more, &lock);
		fd = waiting[first_waiting].fd;
		bytes = waiting[first_waiting].bytes;
		first_waiting = (first_waiting + 1) % MAX_WAITING;
		nwaiting--;
		(void) pthread_mutex_unlock(&lock);
		opn_ask_for(fd, bytes);
		(void) close(fd);
	}
	return NULL;
}

void
opn_read_ahead(int fd, uint64_t bytes)
{
	static bool started;
	pthread_t	thread;
	bool		taken = false;

	if (bytes > 0 && !started)
		started = pthread_create(&thread, NULL, ask_for_files, NULL) == 0;
	if (bytes > 0 && started)
	{
		(void) pthread_mutex_lock(&lock);
		if (nwaiting < MAX_WAITING)
		{
			waiting[(first_waiting + nwaiting) % MAX_WAITING].fd = fd;
			waiting[(first_waiting + nwaiting) % MAX_WAITING].bytes = bytes;
			nwaiting++;
			taken = true;
			(void) pthread_cond_signal(&more);
		}
		(void) pthread_mutex_unlock(&lock);
	}
	if (!taken)
		(void) close(fd);
}
