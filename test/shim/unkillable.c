/*
 * unkillable.c
 *		Decoders and openers that do not die, as those of a dead file system: preloaded into the server.
 *
 * While the file UNKILLABLE_WHEN exists, SIGKILL does not reach them.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
is_ours(pid_t pid)
{
	char		name[64];
	char		text[32] = "";
	FILE	   *file;

	snprintf(name, sizeof(name), "/proc/%d/comm", (int) pid);
	file = fopen(name, "r");
	if (file == NULL)
		return false;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	fclose(file);
	return strncmp(text, "thumbexif-", strlen("thumbexif-")) == 0;
}

int
kill(pid_t pid, int number)
{
	static int	(*real) (pid_t, int);
	const char *when = getenv("UNKILLABLE_WHEN");

	if (real == NULL)
		*(void **) &real = dlsym(RTLD_NEXT, "kill");
	if (number == SIGKILL && when != NULL && access(when, F_OK) == 0 && is_ours(pid))
		return 0;
	return real(pid, number);
}
