/*
 * threads_rest.c
 *		Waits until the threads of this process have nothing to do, so that it can be forked.
 */
#include "threads.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define TRIES			1000
#define TRY_NS			1000000

/* The state of a thread, a letter; 0 if it has just ended. */
static char
thread_state(int thread)
{
	char		path[64];
	char		line[256];
	const char *end = NULL;
	FILE	   *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	/* "number (name) state ..." */
	if (fgets(line, sizeof(line), file) != NULL)
		end = strrchr(line, ')');
	fclose(file);
	return end != NULL && end[1] == ' ' ? end[2] : 0;
}

/* Do all threads but this one sleep? */
static bool
all_sleep(void)
{
	DIR		   *folder = opendir("/proc/self/task");
	struct dirent *entry;
	bool		sleep = folder != NULL;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
	{
		int			thread = atoi(entry->d_name);

		if (thread > 0 && thread != getpid() && thread_state(thread) != 'S')
			sleep = false;
	}
	if (folder != NULL)
		closedir(folder);
	return sleep;
}

/* How often the other threads have gone to sleep, or have been interrupted. */
static long
switches(void)
{
	struct rusage all;
	struct rusage own;

	getrusage(RUSAGE_SELF, &all);
	getrusage(RUSAGE_THREAD, &own);
	return all.ru_nvcsw + all.ru_nivcsw - own.ru_nvcsw - own.ru_nivcsw;
}

/* They rest if they all sleep now and have slept since the last look. */
bool
dec_threads_rest(void)
{
	struct timespec pause = {.tv_nsec = TRY_NS};
	long		before = -1;

	for (int i = 0; i < TRIES; i++)
	{
		long		count = switches();
		bool		sleep = all_sleep();

		if (sleep && count == before)
			return true;
		before = sleep ? count : -1;
		nanosleep(&pause, NULL);
	}
	return false;
}
