/*
 * record.c
 *		Says in the file RECORD_LOG what is done beneath the folder RECORD_FOLDER: preloaded into the server.
 *
 * A line is an operation and its paths, separated by tabs, written after it has succeeded.  What is not recorded
 * when the processes are killed counts as lost, which a power cut may do to it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST	4096

#define REAL(type, name, ...) \
	static type (*real) (__VA_ARGS__); \
	if (real == NULL) \
		*(void **) &real = dlsym(RTLD_NEXT, name)

/* The path of a descriptor, or of a name in the folder of one.  False if it cannot be told. */
static bool
path_of(int fd, const char *name, char *path)
{
	char		link[64];
	ssize_t		length = 0;

	if (name == NULL || name[0] != '/')
	{
		if (fd == AT_FDCWD)
			return false;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		length = readlink(link, path, MOST - 1);
		if (length < 0)
			return false;
	}
	path[length] = '\0';
	if (name != NULL)
		snprintf(path + length, MOST - (size_t) length, "%s%s", length > 0 ? "/" : "", name);
	return true;
}

static void
say(const char *operation, const char *path, const char *other)
{
	const char *folder = getenv("RECORD_FOLDER");
	const char *log = getenv("RECORD_LOG");
	char		line[3 * MOST];
	int			length;
	int			fd;

	if (folder == NULL || log == NULL || strncmp(path, folder, strlen(folder)) != 0)
		return;
	length = snprintf(line, sizeof(line), "%s\t%s\t%s\n", operation, path, other);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || syscall(SYS_write, fd, line, (size_t) length) != length)
		abort();
	close(fd);
}

static void
record(const char *operation, int fd, const char *name)
{
	int			saved = errno;
	char		path[MOST];

	if (path_of(fd, name, path))
		say(operation, path, "");
	errno = saved;
}

ssize_t
write(int fd, const void *data, size_t length)
{
	ssize_t		result;

	REAL(ssize_t, "write", int, const void *, size_t);
	result = real(fd, data, length);
	if (result > 0)
		record("write", fd, NULL);
	return result;
}

int
fsync(int fd)
{
	int			result;

	REAL(int, "fsync", int);
	result = real(fd);
	if (result == 0)
		record("fsync", fd, NULL);
	return result;
}

int
mkdirat(int fd, const char *name, mode_t mode)
{
	int			result;

	REAL(int, "mkdirat", int, const char *, mode_t);
	result = real(fd, name, mode);
	if (result == 0)
		record("mkdir", fd, name);
	return result;
}

int
unlinkat(int fd, const char *name, int flags)
{
	int			result;

	REAL(int, "unlinkat", int, const char *, int);
	result = real(fd, name, flags);
	if (result == 0)
		record("unlink", fd, name);
	return result;
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	char		old_path[MOST];
	char		new_path[MOST];
	int			result;

	REAL(int, "renameat", int, const char *, int, const char *);
	result = real(from_fd, from, to_fd, to);
	if (result == 0 && path_of(from_fd, from, old_path) && path_of(to_fd, to, new_path))
		say("rename", old_path, new_path);
	return result;
}

int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	char		old_path[MOST];
	char		new_path[MOST];
	int			result;

	REAL(int, "linkat", int, const char *, int, const char *, int);
	result = real(from_fd, from, to_fd, to, flags);
	/* the old name is removed next */
	if (result == 0 && path_of(from_fd, from, old_path) && path_of(to_fd, to, new_path))
		say("link", old_path, new_path);
	return result;
}
