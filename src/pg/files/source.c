/*
 * source.c
 *		The descriptor that a decoder reads an image from: of a file beneath the roots, or of a bytea in memory.
 *
 * Files are opened by another process (opener.h), because open() may block for ever.  This process only finds the root
 * of a path and passes the descriptor on.  A path outside the roots is reported like a file that does not exist, so
 * that users cannot learn which files the server has.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/fd.h"

#include "pg/base/guc.h"
#include "pg/base/postmaster_alive.h"
#include "pg/base/system_check.h"
#include "pg/base/transient_fd.h"
#include "root_path.h"
#include "source.h"
#include "wire/message.h"

/* Number of files that te_source_check_files() requests ahead. */
#define CHECK_AHEAD 32

/* Bytes that are read ahead of a file, of which at most TE_SOURCE_AHEAD are asked for at a time. */
#define AHEAD_START	(64 * 1024)
#define AHEAD_WHOLE	(8 * 1024 * 1024)

/* since Linux 6.3, may be missing in the headers */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static inline int64
max_file_bytes(void)
{
	return (int64) te_max_file_size * 1024 * 1024;
}

void
te_source_no_descriptor(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			 errmsg("no file descriptor left to read an image"),
			 errhint("Raise \"max_files_per_process\" or lower \"thumbexif.decoders\".")));
}

static void
close_fd(int *fd)
{
	if (*fd >= 0 && te_transient_fd_release(*fd))
	{
		(void) close(*fd);
		ReleaseExternalFD();
	}
	*fd = -1;
}

void
te_source_close(TeSource *source)
{
	if (source->opening != NULL)
		te_opener_drop(source->opening);
	source->opening = NULL;
	close_fd(&source->fd);
	close_fd(&source->sidecar_fd);
}

void
te_source_drop_sidecar(TeSource *source)
{
	close_fd(&source->sidecar_fd);
}

int64
te_source_take_sidecar(TeSource *source, int *fd)
{
	*fd = source->sidecar_fd;
	source->sidecar_fd = -1;
	return *fd >= 0 ? source->sidecar_bytes : 0;
}

/* --- files */

/* The status of an image whose file could not be opened.  ERROR for problems of the server. */
static TeStatus
status_of_errno(int err)
{
	switch (err)
	{
		case ENOENT:
		case ENOTDIR:
		case EXDEV:				/* outside the root */
		case ELOOP:
		case ENAMETOOLONG:
		case EILSEQ:			/* not a valid name in this file system */
		case EINVAL:
		case EISDIR:			/* not a regular file */
		case ENXIO:
		case ENODEV:
			return TE_MISSING;

		case EACCES:
		case EPERM:
			return TE_DENIED;

		case EMFILE:
		case ENFILE:
		case ENOMEM:
			errno = err;
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					 errmsg("could not open an image file: %m"),
					 errhint("The server is short of memory or file descriptors.")));
			break;

		case ENOSYS:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("this system does not offer the system call openat2, by which image files are opened"),
					 errhint("%s", te_system_hint("Use Linux 5.6 or later, in a container that permits the call."))));
			break;
	}
	return TE_IO_ERROR;
}

bool
te_source_request(const char *path, int flags, TeSource *source)
{
	const char *below;
	char	   *name;
	TeRoot	   *root;
	TeOpening  *opening;

	te_guc_check();
	*source = (TeSource) {.fd = -1, .sidecar_fd = -1, .status = TE_MISSING, .bulk = (flags & TE_ASK_BULK) != 0,
		.sidecar_known = (flags & TE_ASK_SIDECAR) != 0};
	name = te_path_find_root(path, &below);
	if (name == NULL)
		return true;
	root = te_root_get(name);
	pfree(name);
	if (strlen(te_root_name(root)) >= TE_OPEN_MAX_PATH)
		te_root_set_failing(root, ENAMETOOLONG);
	else if (!te_root_is_held(root, source->bulk))
	{
		if (strlen(below) >= TE_OPEN_MAX_PATH)
			return true;
		opening = palloc0(sizeof(TeOpening));
		opening->root = root;
		opening->path = pstrdup(below);
		opening->want_fd = (flags & TE_ASK_READ) != 0;
		opening->want_sidecar = te_sidecars && (flags & TE_ASK_SIDECAR);
		if (flags & TE_ASK_AHEAD)
			opening->read_ahead = (flags & TE_ASK_START) ? AHEAD_START : AHEAD_WHOLE;
		if (!te_opener_request(opening))
			return false;
		source->opening = opening;
		return true;
	}
	source->status = TE_IO_ERROR;
	source->trouble = root;
	return true;
}

void
te_source_send(void)
{
	te_opener_send();
}

/* What the opener tells of a sidecar. */
static void
read_sidecar(const TeOpenReply *reply, TeSource *source)
{
	const int64 facts[] = {reply->sidecar, reply->sidecar_size, reply->sidecar_mtime};

	if (reply->sidecar == TE_SIDECAR_NONE)
		return;
	source->sidecar_bytes = reply->sidecar_size;
	source->sidecar = (int64) hash_bytes_extended((const unsigned char *) facts, sizeof(facts), 0);
	if (source->sidecar == 0)
		source->sidecar = 1;
	if (reply->sidecar == TE_SIDECAR_TOO_LARGE)
		source->sidecar_error = "XMP sidecar is larger than " CppAsString2(TE_MAX_SIDECAR_KB) " kB";
	else if (reply->sidecar == TE_SIDECAR_UNREADABLE)
		source->sidecar_error = "XMP sidecar could not be read";
}

/* Status, size and mtime of a file from the reply of the opener. */
static void
read_reply(const TeOpenReply *reply, TeSource *source)
{
	switch ((TeOpened) reply->outcome)
	{
		case TE_OPENED:
			source->size_bytes = reply->size;
			source->mtime_ns = reply->mtime;
			source->status = source->size_bytes == 0 ? TE_EMPTY :
				source->size_bytes > max_file_bytes() ? TE_FILE_TOO_LARGE : TE_OK;
			read_sidecar(reply, source);
			break;
		case TE_OPEN_IN_USE:
			source->status = TE_IN_USE;
			break;
		case TE_OPEN_FAILED:
			source->status = status_of_errno(reply->error);
			break;
		default:
			source->status = TE_MISSING;
			break;
	}
}

void
te_source_wait(TeSource *source)
{
	TeOpening  *opening = source->opening;
	bool		no_descriptor = false;

	if (opening == NULL)
		return;
	te_transient_fd_prepare();
	te_opener_wait(opening);
	if (opening->timed_out || !te_root_check_reply(opening->root, &opening->reply))
	{
		source->status = TE_IO_ERROR;
		source->trouble = opening->root;
		if (source->bulk)
			te_root_note_skipped(opening->root);
	}
	else
	{
		source->fd = te_transient_fd_record(te_opener_take(opening, &source->sidecar_fd));
		(void) te_transient_fd_record(source->sidecar_fd);
		no_descriptor = opening->sidecar_lost;
		read_reply(&opening->reply, source);
	}
	source->opening = NULL;
	te_opener_drop(opening);
	pfree(opening->path);
	pfree(opening);
	if (source->status != TE_OK)
		te_source_close(source);
	if (no_descriptor)
		te_source_no_descriptor();
}

void
te_source_open(const char *path, int flags, TeSource *source)
{
	if (!te_source_request(path, TE_ASK_READ | flags, source))
		te_source_no_descriptor();
	te_source_wait(source);
	if (source->trouble != NULL)
		te_root_report(source->trouble);
}

void
te_source_check_files(const char *const *paths, int count, TeSource *sources)
{
	int			asked = 0;

	for (int i = 0; i < count; i++)
	{
		te_exit_if_postmaster_died();
		if (asked - i <= CHECK_AHEAD / 2)
		{
			for (; asked < count && asked < i + CHECK_AHEAD; asked++)
				(void) te_source_request(paths[asked], TE_ASK_BULK | TE_ASK_SIDECAR, &sources[asked]);
			te_source_send();
		}
		te_source_wait(&sources[i]);
	}
}

bool
te_source_is_held(const char *path)
{
	const char *below;
	char	   *name;

	if (!te_root_any_held())
		return false;
	name = te_path_find_root(path, &below);
	return name != NULL && te_root_is_held(te_root_get(name), true);
}

/* --- images in memory */

/* memfd_create(), with MFD_NOEXEC_SEAL where the kernel has it, since vm.memfd_noexec may require it. */
static int
create_memfd(void)
{
	int			fd = memfd_create("thumbexif", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("thumbexif", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

/* Write the image and seal the file.  False with errno. */
static bool
fill_memfd(int fd, const char *data, Size length)
{
	while (length > 0)
	{
		ssize_t		written = write(fd, data, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		data += written;
		length -= written;
	}
	return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0;
}

void
te_source_from_bytes(const void *data, Size length, TeSource *source)
{
	te_guc_check();
	*source = (TeSource) {.fd = -1, .sidecar_fd = -1, .size_bytes = length};
	if (length == 0)
		source->status = TE_EMPTY;
	else if ((int64) length > max_file_bytes())
		source->status = TE_FILE_TOO_LARGE;
	if (source->status != TE_OK)
		return;

	te_transient_fd_prepare();
	if (!AcquireExternalFD())
		te_source_no_descriptor();
	source->fd = te_transient_fd_record(create_memfd());
	if (source->fd < 0)
	{
		int			err = errno;

		ReleaseExternalFD();
		errno = err;
	}
	if (source->fd >= 0 && !fill_memfd(source->fd, data, length))
	{
		int			err = errno;

		te_source_close(source);
		errno = err;
	}
	if (source->fd < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not copy an image of %zu bytes for the decoder: %m", length),
				 errhint("The server is short of memory or file descriptors.")));
}
