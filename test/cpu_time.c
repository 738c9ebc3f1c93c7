/*
 * cpu_time.c
 *		Runs a command, and appends to a file what processor time it took, with all servers that it started.
 *
 * cpu_time FILE NAME COMMAND...
 */
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
seconds(const struct timeval *t)
{
	return (double) t->tv_sec + (double) t->tv_usec / 1e6;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	double		start = now();
	struct rusage usage;
	int			status = 0;
	FILE	   *file;
	pid_t		command,
				ended;

	if (argc < 4)
		return 2;
	/* a server is a daemon: without this, init would inherit it and its time */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	command = fork();
	if (command == 0)
	{
		execvp(argv[3], argv + 3);
		perror(argv[3]);
		_exit(127);
	}
	do
		ended = wait(&status);
	while (ended > 0 && ended != command);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	getrusage(RUSAGE_CHILDREN, &usage);
	file = fopen(argv[1], "a");
	if (file)
	{
		fprintf(file, "%8.1f %8.1f  %s\n", seconds(&usage.ru_utime) + seconds(&usage.ru_stime), now() - start, argv[2]);
		fclose(file);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
