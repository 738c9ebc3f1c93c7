/*
 * psql_template.c
 *		A psql that is loaded once and forked for each script: preloaded into psql by test/lib/PsqlTemplate.pm.
 *
 * To load a program and its libraries takes ten times as long as to fork it.  It reads requests from stdin: the number of bytes in decimal and a
 * newline, and strings that each end with a null byte, which are the files for psql's stdin, stdout and stderr and then its arguments.  A
 * child does main() with them.  The answers are its process id and, when it has ended, its status as waitpid() has it, in decimal and with
 * a newline each.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_STRINGS 64

typedef int (*MainFunction) (int argc, char **argv, char **envp);
typedef int (*StartFunction) (MainFunction main, int argc, char **argv, void (*init) (void), void (*fini) (void),
							  void (*rtld_fini) (void), void *stack_end);

static MainFunction psql_main;

static void
check(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	_exit(1);
}

/* The strings of the next request, a NULL after them; NULL at the end of input. */
static char **
next_request(void)
{
	static char *strings[MAX_STRINGS + 1];
	char		digits[16];
	int			n = 0;
	size_t		size;
	char	   *bytes;

	do
	{
		check(n < (int) sizeof(digits), "request");
		if (read(0, &digits[n], 1) != 1)
			return NULL;
	} while (digits[n++] != '\n');
	size = strtoul(digits, NULL, 10);
	bytes = malloc(size);
	check(bytes != NULL, "malloc");
	for (size_t have = 0; have < size;)
	{
		ssize_t		got = read(0, bytes + have, size - have);

		check(got > 0, "read");
		have += got;
	}
	n = 0;
	for (size_t at = 0; at < size; at += strlen(bytes + at) + 1)
	{
		check(n < MAX_STRINGS, "request");
		strings[n++] = bytes + at;
	}
	check(n >= 3, "request");
	strings[n] = NULL;
	return strings;
}

static void
use_file(int descriptor, const char *name, int flags)
{
	int			file = open(name, flags, 0600);

	check(file >= 0 && dup2(file, descriptor) == descriptor && close(file) == 0, name);
}

static int
serve(int argc, char **argv, char **envp)
{
	char	  **request;

	while ((request = next_request()) != NULL)
	{
		pid_t		child = fork();
		int			status;

		check(child >= 0, "fork");
		if (child == 0)
		{
			use_file(0, request[0], O_RDONLY);
			use_file(1, request[1], O_WRONLY | O_CREAT | O_TRUNC);
			use_file(2, request[2], O_WRONLY | O_CREAT | O_TRUNC);
			for (argc = 0; request[argc + 3] != NULL;)
				argc++;
			request[2] = argv[0];
			status = psql_main(argc + 1, request + 2, envp);
			fflush(NULL);
			_exit(status);		/* the libraries need not tidy up */
		}
		free(request[0]);
		check(dprintf(1, "%d\n", (int) child) > 0, "write");
		check(waitpid(child, &status, 0) == child && dprintf(1, "%d\n", status) > 0, "waitpid");
	}
	return 0;
}

int
__libc_start_main(MainFunction main, int argc, char **argv, void (*init) (void), void (*fini) (void),
				  void (*rtld_fini) (void), void *stack_end)
{
	StartFunction real;

	*(void **) &real = dlsym(RTLD_NEXT, "__libc_start_main");
	unsetenv("LD_PRELOAD");
	psql_main = main;
	return real(serve, argc, argv, init, fini, rtld_fini, stack_end);
}
