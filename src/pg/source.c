/*
 * source.c
 *		Where image bytes come from: a path beneath the roots, or a bytea.
 *
 * A path is data: anybody who may insert a row may choose it.  That it leads to
 * nothing outside the roots is not decided by looking at its text but by the
 * kernel: openat2(RESOLVE_BENEATH) walks it from the opened root and fails if
 * any "..", symbolic link or rename on the way would lead out.  What is outside is
 * answered in the same words as what is not there, so that nobody can ask what
 * the server's disk holds.
 */
#include "postgres.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/varlena.h"

#include "guc.h"
#include "root_watch.h"
#include "source.h"

/* openat2 fails with EAGAIN when something is renamed during the walk. */
#define MAX_TRIES 100

/* since Linux 6.3; may be missing in the headers */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* Descriptors that are open between te_source_open and the pool: one, or some in nested calls. */
#define MAX_OPEN 32
static struct
{
	int			fd;
	int			level;			/* transaction nest level */
}			open_files[MAX_OPEN];
static int	nopen;

static inline int64
max_bytes(void)
{
	return (int64) te_max_file_size * 1024 * 1024;
}

/* --- descriptors */

static void
close_from(int level)
{
	int			kept = 0;

	for (int i = 0; i < nopen; i++)
	{
		if (open_files[i].level < level)
		{
			open_files[kept++] = open_files[i];
			continue;
		}
		(void) close(open_files[i].fd);
		ReleaseExternalFD();
	}
	nopen = kept;
}

static void
on_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT || event == XACT_EVENT_COMMIT)
		close_from(0);
}

static void
on_subtransaction_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
		close_from(level);
	for (int i = 0; i < nopen && event == SUBXACT_EVENT_COMMIT_SUB; i++)
		open_files[i].level = Min(open_files[i].level, level - 1);
}

/* Count a descriptor that fd.c does not manage, before it is opened; then record() it. */
static void
reserve_descriptor(void)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(on_transaction_end, NULL);
		RegisterSubXactCallback(on_subtransaction_end, NULL);
		registered = true;
	}
	if (nopen == MAX_OPEN)
		elog(ERROR, "too many images are open");
	if (!AcquireExternalFD())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("no file descriptor left to read an image: %m"),
				 errhint("Raise \"max_files_per_process\" or lower \"thumbexif.decoders\".")));
}

/* It is open, or not (-1, errno is kept): whatever throws from now on, it will be closed. */
static int
record(int fd)
{
	if (fd >= 0)
	{
		open_files[nopen].fd = fd;
		open_files[nopen].level = GetCurrentTransactionNestLevel();
		nopen++;
	}
	else
	{
		int			save_errno = errno;

		ReleaseExternalFD();
		errno = save_errno;
	}
	return fd;
}

/* False if it is not ours any more. */
static bool
strike_out(int fd)
{
	for (int i = 0; i < nopen; i++)
	{
		if (open_files[i].fd == fd)
		{
			open_files[i] = open_files[--nopen];
			return true;
		}
	}
	return false;
}

void
te_source_hand_over(int fd)
{
	(void) strike_out(fd);
}

void
te_source_close(TeSource *source)
{
	if (source->fd >= 0 && strike_out(source->fd))
	{
		(void) close(source->fd);
		ReleaseExternalFD();
	}
	source->fd = -1;
}

/* --- paths */

/* What follows the root in an absolute path, or NULL if that does not begin with it. */
static const char *
path_below(const char *path, const char *root)
{
	for (;;)
	{
		size_t		length;

		path += strspn(path, "/");
		root += strspn(root, "/");
		if (*root == '\0')
			return path;
		length = strcspn(root, "/");
		if (strncmp(path, root, length) != 0 ||
			(path[length] != '/' && path[length] != '\0'))
			return NULL;
		path += length;
		root += length;
	}
}

/*
 * The root a path lies beneath (the innermost, should there be several), and
 * the path from there on.  Palloc'd; NULL if it lies beneath none.
 */
static char *
find_root(const char *path, const char **below)
{
	char	   *raw = pstrdup(te_image_roots);
	List	   *roots;
	ListCell   *cell;
	char	   *found = NULL;

	/* the syntax was checked when it was set */
	(void) SplitDirectoriesString(raw, ',', &roots);
	if (roots == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"thumbexif.image_roots\" is not set"),
				 errhint("A superuser sets \"thumbexif.image_roots\" to the folders that images may be read from.")));

	if (!is_absolute_path(path))
	{
		found = pstrdup(linitial(roots));
		*below = path;
	}
	else
	{
		foreach(cell, roots)
		{
			const char *rest = path_below(path, lfirst(cell));

			if (rest && (!found || strlen(found) < strlen(lfirst(cell))))
			{
				found = lfirst(cell);
				*below = rest;
			}
		}
		if (found)
			found = pstrdup(found);
	}

	list_free_deep(roots);
	pfree(raw);
	return found;
}

/* The root as a descriptor that the transaction's end closes if we do not. */
static int
open_root(const char *root)
{
	int			fd = OpenTransientFile(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		te_root_gone(root, errno);
	return fd;
}

/* A read-only descriptor of our own for what lies there, or -1 with errno. */
static int
open_beneath(int root_fd, const char *below)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS
	};
	int			tries = 0;

	for (;;)
	{
		int			fd;

		reserve_descriptor();
		fd = record((int) syscall(SYS_openat2, root_fd, below, &how, sizeof(how)));
		if (fd >= 0)
			return fd;
		if ((errno != EAGAIN && errno != EINTR) || ++tries >= MAX_TRIES)
			return -1;
		CHECK_FOR_INTERRUPTS();
	}
}

/* What it means for an image that its file cannot be opened. */
static TeStatus
status_of_errno(int err)
{
	switch (err)
	{
		case ENOENT:
		case ENOTDIR:
		case EXDEV:				/* leads out of the root */
		case ELOOP:
		case ENAMETOOLONG:
		case EILSEQ:			/* names this file system cannot have */
		case EINVAL:
		case EISDIR:			/* no regular file: */
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
					 errmsg("this system has no openat2(2), which image files are opened with"),
					 errhint("Linux 5.6 or later is needed, and a container that allows the call.")));
			break;
	}
	return TE_IO_ERROR;
}

/* Fill in what the file is like; gives the descriptor up unless it can be used. */
static void
examine(TeSource *source)
{
	struct stat st;

	if (fstat(source->fd, &st) != 0)
		source->status = TE_IO_ERROR;
	else if (!S_ISREG(st.st_mode))
		source->status = TE_MISSING;
	else
	{
		source->size = st.st_size;
		source->mtime = (int64) st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
		if (source->size == 0)
			source->status = TE_EMPTY;
		else if (source->size > max_bytes())
			source->status = TE_FILE_TOO_LARGE;
	}
	if (source->status != TE_OK)
		te_source_close(source);
}

void
te_source_open(const char *path, TeSource *source)
{
	const char *below;
	char	   *root;
	int			root_fd;

	te_guc_check();
	root = find_root(path, &below);
	*source = (TeSource) {.fd = -1, .status = TE_MISSING};
	if (root == NULL)
		return;

	root_fd = open_root(root);
	source->fd = open_beneath(root_fd, below);
	if (source->fd >= 0)
	{
		te_root_found(root, root_fd);
		source->status = TE_OK;
		examine(source);
	}
	else
	{
		int			err = errno;

		source->status = status_of_errno(err);
		if (err == ENOENT || err == ENOTDIR || source->status == TE_IO_ERROR)
			te_root_check(root, root_fd);
	}
	CloseTransientFile(root_fd);
	pfree(root);
}

/* memfd_create, for a system that insists on files that are not executable too. */
static int
create_memfd(void)
{
	int			fd = memfd_create("thumbexif", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("thumbexif", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

/* Write all of it and let nobody change it any more.  False with errno. */
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
	*source = (TeSource) {.fd = -1, .size = length};
	if (length == 0)
		source->status = TE_EMPTY;
	else if ((int64) length > max_bytes())
		source->status = TE_FILE_TOO_LARGE;
	if (source->status != TE_OK)
		return;

	reserve_descriptor();
	source->fd = record(create_memfd());
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
