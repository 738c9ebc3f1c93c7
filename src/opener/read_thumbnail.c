/*
 * read_thumbnail.c
 *		Reading a part of a thumbnail file.
 *
 * The folder of a database has its OID in its name, and perhaps a hash of the server (pg/files/thumbnail_folder.h).  The rows
 * of a copy of a database name files in the folder of the original.  The name of a thumbnail, with transaction id and random
 * number, is unique, so that it is found by its name in whatever folder it is.
 *
 * All calls here may hang forever if the file system does not respond.
 */
#include "read_thumbnail.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "open_file.h"

static int
open_thumbnail(int root, const char *path)
{
	return opn_open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_NO_SYMLINKS);
}

/* Does this errno mean that there is no such file of ours? */
static bool
is_absence(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EISDIR || error == ELOOP || error == EXDEV;
}

/* Open the file in the folder of another database.  -1 with errno; *any tells if there is a folder of a database at all. */
static int
open_elsewhere(int root, const char *path, bool *any)
{
	const char *rest = strchr(path, '/');
	int			listed = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR		   *dir = listed >= 0 ? fdopendir(listed) : NULL;
	struct dirent *entry;
	int			fd = -1;
	int			error = dir != NULL ? ENOENT : errno;

	*any = dir == NULL;
	while (dir != NULL && rest != NULL && fd < 0 && (entry = readdir(dir)) != NULL)
	{
		char		other[TE_OPEN_MAX_PATH];

		/* the folder of a cluster has no files of databases, but its file system is mounted */
		*any = *any || (entry->d_name[0] == 'c' && isdigit((unsigned char) entry->d_name[1]));
		if (!isdigit((unsigned char) entry->d_name[0]))
			continue;
		*any = true;
		if (snprintf(other, sizeof(other), "%s%s", entry->d_name, rest) >= (int) sizeof(other))
			continue;
		fd = open_thumbnail(root, other);
		if (fd < 0 && !is_absence(errno))
			error = errno;		/* a folder in trouble; the file may be in another one */
	}
	if (dir != NULL)
		closedir(dir);
	else if (listed >= 0)
		close(listed);
	errno = error;
	return fd;
}

static void
read_part(int fd, uint64_t offset, TeOpenReply *reply, char *data)
{
	while (reply->list_bytes < TE_OPEN_MAX_LIST)
	{
		ssize_t		got = pread(fd, data + reply->list_bytes, TE_OPEN_MAX_LIST - reply->list_bytes,
								(off_t) (offset + reply->list_bytes));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
		{
			reply->outcome = TE_OPEN_FAILED;
			reply->error = errno;
			reply->list_bytes = 0;
		}
		if (got <= 0)
			return;
		reply->list_bytes += (uint32_t) got;
	}
}

void
opn_read_thumbnail(const char *root_name, const char *path, uint64_t offset, TeOpenReply *reply, char *data)
{
	bool		any = true;
	int			root = opn_open_root(root_name, reply);
	int			fd;

	if (root < 0)
		return;
	fd = open_thumbnail(root, path);
	if (fd < 0 && is_absence(errno))
		fd = open_elsewhere(root, path, &any);
	if (fd < 0)
	{
		reply->outcome = TE_OPEN_FAILED;
		reply->error = errno;
		reply->empty = !any;
	}
	else
	{
		opn_describe(fd, reply);
		if (reply->outcome == TE_OPENED)
			read_part(fd, offset, reply, data);
		close(fd);
	}
	close(root);
}
