/*
 * open_sidecar.c
 *		Opening the file with XMP beside an image.
 *
 * Lightroom, Bridge and Capture One write "a.xmp" for "a.cr2", darktable and digiKam "a.cr2.xmp".  The latter belongs to one
 * file for sure, and is preferred.  Names are resolved by the kernel as those of images are: see open_file.c.
 */
#include "open_sidecar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "open_file.h"
#include "wire/message.h"

static const char suffix[] = ".xmp";

/* Does this error mean that there is no such file beneath the root? */
static bool
is_absence(int error)
{
	switch (error)
	{
		case ENOENT:
		case ENOTDIR:
		case EXDEV:				/* a link out of the root */
		case ELOOP:
		case ENAMETOOLONG:
		case EILSEQ:
		case EINVAL:
		case EACCES:			/* a link into a folder that is closed to us */
		case EPERM:
			return true;
		default:
			return false;
	}
}

/* Try one name.  True if that settles the matter; otherwise there is no such file, or something else than a file. */
static bool
try_name(int root, const char *name, uint32_t want, TeOpenReply *reply, int *fd)
{
	struct stat st;
	int			file = opn_open_beneath(root, name, O_PATH, 0);

	if (file < 0 && is_absence(errno))
		return false;
	if (file < 0 || fstat(file, &st) != 0)
	{
		reply->outcome = TE_OPEN_FAILED;
		reply->error = errno;
		if (file >= 0)
			close(file);
		return true;
	}
	if (S_ISREG(st.st_mode))
	{
		reply->sidecar_size = st.st_size;
		reply->sidecar_mtime = (int64_t) st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
		reply->sidecar = st.st_size > TE_MAX_SIDECAR ? TE_SIDECAR_TOO_LARGE :
			!opn_is_readable(file) ? TE_SIDECAR_UNREADABLE : TE_SIDECAR_FOUND;
		if (reply->sidecar == TE_SIDECAR_FOUND && st.st_size > 0 && (want & TE_OPEN_READ))
		{
			*fd = opn_open_again(file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
			if (*fd < 0)
				*fd = opn_open_beneath(root, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);	/* /proc is not mounted */
			if (*fd < 0)
				reply->sidecar = TE_SIDECAR_UNREADABLE;
		}
	}
	close(file);
	return reply->sidecar != TE_SIDECAR_NONE;
}

int
opn_open_sidecar(int root, const char *path, uint32_t want, TeOpenReply *reply)
{
	char		name[TE_OPEN_MAX_PATH];
	size_t		length = strlen(path);
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	const char *dot = strrchr(file, '.');
	int			fd = -1;

	if (dot && strcasecmp(dot, suffix) == 0)
		return -1;				/* of a sidecar there is none */
	if (length + sizeof(suffix) <= sizeof(name))
	{
		memcpy(name, path, length);
		memcpy(name + length, suffix, sizeof(suffix));
		if (try_name(root, name, want, reply, &fd))
			return fd;
	}
	if (dot && dot > file && (size_t) (dot - path) + sizeof(suffix) <= sizeof(name))
	{
		length = (size_t) (dot - path);
		memcpy(name, path, length);
		memcpy(name + length, suffix, sizeof(suffix));
		if (try_name(root, name, want, reply, &fd))
			return fd;
	}
	return -1;
}
