/*
 * record.c
 *		Says in the file RECORD_LOG what is done beneath the folder RECORD_FOLDER, and to the WAL in the
 *		folder RECORD_WAL: preloaded into the server.
 *
 * A line is an operation and its paths, separated by tabs.  What must be safe on disk before something else happens
 * is recorded after it has succeeded; what must not happen too early (a write to the WAL, for it may be a commit; the removal of a file), before
 * it is tried.
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
append(const char *operation, const char *path, const char *other)
{
	const char *log = getenv("RECORD_LOG");
	char		line[3 * MOST];
	int			length;
	int			fd;

	if (log == NULL)
		return;
	length = snprintf(line, sizeof(line), "%s\t%s\t%s\n", operation, path, other);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || syscall(SYS_write, fd, line, (size_t) length) != length)
		abort();
	close(fd);
}

static void
say(const char *operation, const char *path, const char *other)
{
	const char *folder = getenv("RECORD_FOLDER");

	if (folder != NULL && strncmp(path, folder, strlen(folder)) == 0)
		append(operation, path, other);
}

/* A write to the WAL: which file, and up to where it has data.  Pages are written whole, with zeroes at their end. */
static void
record_wal(int fd, const char *data, size_t length, off_t offset)
{
	const char *folder = getenv("RECORD_WAL");
	int			saved = errno;
	char		path[MOST];
	char		end[32];

	while (length > 0 && data[length - 1] == 0)
		length--;
	if (folder != NULL && length > 0 && path_of(fd, NULL, path) && strncmp(path, folder, strlen(folder)) == 0)
	{
		snprintf(end, sizeof(end), "%lld", (long long) offset + (long long) length);
		append("wal", path, end);
	}
	errno = saved;
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

ssize_t
pwrite(int fd, const void *data, size_t length, off_t offset)
{
	REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
	record_wal(fd, data, length, offset);
	return real(fd, data, length, offset);
}

ssize_t
pwrite64(int fd, const void *data, size_t length, off_t offset)
{
	return pwrite(fd, data, length, offset);
}

int
fdatasync(int fd)
{
	const char *folder = getenv("RECORD_WAL");
	int			result;
	char		path[MOST];

	REAL(int, "fdatasync", int);
	result = real(fd);
	if (result == 0 && folder != NULL && path_of(fd, NULL, path) && strncmp(path, folder, strlen(folder)) == 0)
		append("walsync", path, "");
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
	REAL(int, "unlinkat", int, const char *, int);
	record("unlink", fd, name);
	return real(fd, name, flags);
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
