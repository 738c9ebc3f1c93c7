/*
 * open_file.c
 *		Opening one file beneath a root and describing it.
 *
 * Paths come from users.  Whether a path stays beneath the root is not decided by its text but
 * by the kernel: openat2(RESOLVE_BENEATH) resolves it from the opened root and fails if a
 * "..", a symbolic link or a concurrent rename would lead out of it.
 *
 * All calls here may hang forever if the file system does not respond.
 */
#include "open_file.h"
#include "open_sidecar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* openat2 fails with EAGAIN if something is renamed while the path is resolved. */
#define MAX_TRIES 100

/* Is the call permitted at all?  Filters of containers may answer EPERM to calls that they do not know.  Keeps errno. */
static bool
is_permitted(int root)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	int			error = errno;
	int			fd = (int) syscall(SYS_openat2, root, ".", &how, sizeof(how));
	bool		permitted = fd >= 0 || errno != EPERM;

	if (fd >= 0)
		close(fd);
	errno = error;
	return permitted;
}

static int
open_tries(int root, const char *path, int flags, uint64_t resolve, int tries)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve
	};
	int			fd;

	do
		fd = (int) syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && --tries > 0)));
	if (fd < 0 && errno == EPERM && !is_permitted(root))
		errno = ENOSYS;
	return fd;
}

int
opn_open_beneath(int folder, const char *path, int flags, uint64_t resolve)
{
	return open_tries(folder, path, flags, resolve, MAX_TRIES);
}

int
opn_open_again(int fd, int flags)
{
	char		name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, flags | O_CLOEXEC);
}

/*
 * Open a file for reading, without waiting for a FIFO or for another program's lease on the
 * file: then *in_use is set. EAGAIN means a lease or a rename while the path is resolved.
 */
static int
open_to_read(int root, const char *path, bool *in_use)
{
	const int	flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
	struct stat st;
	int			fd = open_tries(root, path, flags, 0, 1);
	int			file;

	if (fd >= 0 || errno != EAGAIN)
		return fd;
	file = opn_open_beneath(root, path, O_PATH, 0);
	if (file < 0)
		return -1;
	if (fstat(file, &st) == 0 && !S_ISREG(st.st_mode))
	{
		close(file);
		errno = ENODEV;
		return -1;
	}
	fd = opn_open_again(file, flags);
	*in_use = fd < 0 && errno == EAGAIN;
	if (fd < 0 && !*in_use)
		fd = opn_open_beneath(root, path, flags, 0);	/* /proc is not mounted: resolve the path again */
	close(file);
	return fd;
}

bool
opn_is_readable(int fd)
{
	char		name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return access(name, R_OK) == 0 || (errno != EACCES && errno != EPERM);
}

void
opn_describe(int fd, TeOpenReply *reply)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
	{
		reply->outcome = TE_OPEN_FAILED;
		reply->error = errno;
	}
	else if (!S_ISREG(st.st_mode))
		reply->outcome = TE_OPEN_NO_FILE;
	else
	{
		reply->outcome = TE_OPENED;
		reply->size = st.st_size;
		reply->mtime = (int64_t) st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	}
}

/*
 * Does the folder have entries?  1 also if it must not be read, -1 with errno on failure.  Each file that is missing asks that, so no
 * more is read than the first few, and not readdir()'s many.
 */
static int
has_entries(int root)
{
	int			fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(struct dirent64) char entries[1024];
	ssize_t		length;
	int			any = 0;
	int			error;

	if (fd < 0)
		return errno == EACCES || errno == EPERM || errno == EMFILE || errno == ENFILE ? 1 : -1;
	while (!any && (length = getdents64(fd, entries, sizeof(entries))) > 0)
	{
		const struct dirent64 *entry;

		for (ssize_t at = 0; at < length; at += entry->d_reclen)
		{
			entry = (const struct dirent64 *) (entries + at);
			any |= strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
		}
	}
	error = any || length == 0 ? 0 : errno;
	close(fd);
	if (error == 0)
		return any;
	errno = error;
	return -1;
}

/*
 * May the root be the reason for an error of open?  Not if the error concerns the path or this
 * process.
 */
static bool
root_is_suspect(int error)
{
	switch (error)
	{
		case EXDEV:
		case ELOOP:
		case ENAMETOOLONG:
		case EILSEQ:
		case EINVAL:
		case EISDIR:
		case ENXIO:
		case ENODEV:
		case EAGAIN:
		case EACCES:
		case EPERM:
		case EMFILE:
		case ENFILE:
		case ENOMEM:
		case ENOSYS:
			return false;
		default:
			return true;
	}
}

static void
root_failed(TeOpenReply *reply)
{
	reply->outcome = TE_OPEN_ROOT_FAILED;
	reply->error = errno;
}

void
opn_examine_root(int root, int error, TeOpenReply *reply)
{
	int			any;

	if (!root_is_suspect(error))
		return;
	reply->suspect = 1;
	any = has_entries(root);
	if (any < 0)
		root_failed(reply);
	reply->empty = any == 0;
}

int
opn_open_root(const char *root_name, TeOpenReply *reply)
{
	struct stat st;
	int			root = open(root_name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root >= 0 && fstat(root, &st) == 0)
	{
		reply->device = (int64_t) st.st_dev;
		return root;
	}
	root_failed(reply);
	if (root >= 0)
		close(root);
	return -1;
}

int
opn_open_file(const char *root_name, const char *path, uint32_t want, TeOpenReply *reply, int *sidecar_fd)
{
	bool		in_use = false;
	int			root = opn_open_root(root_name, reply);
	int			fd;

	*sidecar_fd = -1;
	if (root < 0)
		return -1;

	if (want & TE_OPEN_READ)
		fd = open_to_read(root, path, &in_use);
	else
		fd = opn_open_beneath(root, path, O_PATH, 0);
	if (fd >= 0)
	{
		opn_describe(fd, reply);
		if (reply->outcome == TE_OPENED && !(want & TE_OPEN_READ) && !opn_is_readable(fd))
		{
			reply->outcome = TE_OPEN_FAILED;
			reply->error = EACCES;
		}
		if (reply->outcome == TE_OPENED && (want & TE_OPEN_SIDECAR))
			*sidecar_fd = opn_open_sidecar(root, path, want, reply);
	}
	else
	{
		reply->outcome = in_use ? TE_OPEN_IN_USE : TE_OPEN_FAILED;
		reply->error = errno;
		opn_examine_root(root, reply->error, reply);
	}
	close(root);
	if (fd >= 0 && (reply->outcome != TE_OPENED || !(want & TE_OPEN_READ)))
	{
		close(fd);
		fd = -1;
	}
	return fd;
}
