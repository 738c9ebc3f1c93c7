/*
 * full_disk.c
 *		A disk that is full on demand, where a test may mount none: preloaded into the server.
 *
 * While the file FULL_DISK_WHEN exists, nothing can be written beneath the folder FULL_DISK_FOLDER.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
is_full(int fd)
{
	const char *folder = getenv("FULL_DISK_FOLDER");
	const char *when = getenv("FULL_DISK_WHEN");
	char		link[64];
	char		path[4096];
	ssize_t		length;
	int			saved = errno;
	bool		full = false;

	if (folder != NULL && when != NULL && access(when, F_OK) == 0)
	{
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		length = readlink(link, path, sizeof(path));
		full = length > (ssize_t) strlen(folder) && strncmp(path, folder, strlen(folder)) == 0;
	}
	errno = saved;
	return full;
}

ssize_t
write(int fd, const void *data, size_t length)
{
	static ssize_t (*real) (int, const void *, size_t);

	if (real == NULL)
		*(void **) &real = dlsym(RTLD_NEXT, "write");
	if (is_full(fd))
	{
		errno = ENOSPC;
		return -1;
	}
	return real(fd, data, length);
}
