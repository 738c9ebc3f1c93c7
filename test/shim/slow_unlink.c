/*
 * slow_unlink.c
 *		A disk on which files take long to be removed: preloaded into the server.
 *
 * Each takes 20 ms more while the file SLOW_UNLINK_WHEN exists.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

int
unlinkat(int folder, const char *name, int flags)
{
	static int	(*real) (int, const char *, int);
	const char *when = getenv("SLOW_UNLINK_WHEN");

	if (real == NULL)
		*(void **) &real = dlsym(RTLD_NEXT, "unlinkat");
	if (when != NULL && access(when, F_OK) == 0)
		usleep(20000);
	return real(folder, name, flags);
}
