/*
 * thumbnail_path.c
 *		Names of thumbnail files, and file operations beneath thumbnail_dir.
 *
 * A name is "<2 hex>/<2 hex>/<id>-<xid>-<random>.<suffix>".  The two folders are a hash of the key, for an integer key
 * without its lowest 8 bits: then the assets of a batch share a few folders, each of which must be synced, and a folder
 * holds hundreds of files.  Nothing else depends on the hash, since the state row stores the whole name.
 */
#include "postgres.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "storage/fd.h"

#include "cluster_folder.h"
#include "pg/base/guc.h"
#include "pg/base/system_check.h"
#include "thumbnail_path.h"

#define FOLDER_MODE		0755
#define MAX_ID_LENGTH		36	/* a uuid; of longer ids, and those of other characters, a name has the hash */

static uint64
folder_hash(const char *id)
{
	char	   *end;
	int64		number;

	errno = 0;
	number = strtoll(id, &end, 10);
	if (*end == '\0' && end != id && errno == 0)
	{
		number >>= 8;
		return hash_bytes_extended((const unsigned char *) &number, sizeof(number), 0);
	}
	return hash_bytes_extended((const unsigned char *) id, strlen(id), 0);
}

/* The id as it stands in names: itself, or its hash. */
static const char *
id_in_name(const char *id, char hex[17])
{
	if (id[0] != '\0' && strlen(id) <= MAX_ID_LENGTH &&
		strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == strlen(id))
		return id;
	snprintf(hex, 17, "%016" PRIx64, folder_hash(id));
	return hex;
}

void
te_thumbnail_new_name(char name[TE_THUMBNAIL_NAME_SIZE], const char *id, uint64 xid)
{
	uint64		hash = folder_hash(id);
	uint64		random;
	char		hex[17];

	if (!pg_strong_random(&random, sizeof(random)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random file name"),
				 errhint("Check that the operating system's random number generator works.")));

	snprintf(name, TE_THUMBNAIL_NAME_SIZE - 8, "%02x/%02x/%s-" UINT64_FORMAT "-%016" PRIx64 ".",
			 (unsigned int) (hash & 0xff), (unsigned int) (hash >> 8 & 0xff), id_in_name(id, hex), xid, random);
}

int
te_thumbnail_path_length(int id_length)
{
	char	   *base = te_thumbnail_base_path();
	int			length = pg_mbstrlen(base);

	id_length = Min(id_length, MAX_ID_LENGTH);
	pfree(base);
	/* the folders of the database, or of a cluster, and the attachment, then the name with suffix */
	return length + (int) (sizeof("/c18446744073709551615-4294967295/2147483647/ab/cd/") - 1) + id_length +
		(int) (sizeof("-18446744073709551615-0123456789abcdef.avif") - 1);
}

/* See te_thumbnail_parse().  *id_length: of the id that stands in it. */
static bool
parse(const char *file, size_t *id_length, uint64 *xid)
{
	const char *dot = strrchr(file, '.');
	const char *random = dot;
	const char *number;
	char	   *end;

	if (dot == NULL || strlen(file) >= TE_THUMBNAIL_NAME_SIZE)
		return false;
	while (random > file && random[-1] != '-')
		random--;
	if (dot - random != 16 || strspn(random, "0123456789abcdef") != 16 || random - file < 2)
		return false;
	number = random - 1;
	while (number > file && isdigit((unsigned char) number[-1]))
		number--;
	if (number == random - 1 || number - file < 2 || number[-1] != '-')
		return false;
	*id_length = number - 1 - file;
	errno = 0;
	*xid = strtoull(number, &end, 10);
	return errno == 0;
}

bool
te_thumbnail_parse(const char *file, uint64 *xid)
{
	size_t		id_length;

	return parse(file, &id_length, xid);
}

bool
te_thumbnail_is_of(const char *name, const char *id)
{
	char		hex[17];
	const char *start = id_in_name(id, hex);
	const char *file = name + strlen("ab/cd/");
	size_t		id_length;
	uint64		xid;

	/* the whole id: a longer one may begin like this one, and go on with a hyphen */
	return parse(file, &id_length, &xid) && id_length == strlen(start) && strncmp(file, start, id_length) == 0;
}

bool
te_thumbnail_is_name(const char *name)
{
	uint64		xid;

	return strlen(name) > 6 &&
		strspn(name, "0123456789abcdef") == 2 && name[2] == '/' &&
		strspn(name + 3, "0123456789abcdef") == 2 && name[5] == '/' &&
		strchr(name + 6, '/') == NULL && te_thumbnail_parse(name + 6, &xid);
}

bool
te_thumbnail_is_absence(int err)
{
	return err == ENOENT || err == ENOTDIR || err == EISDIR || err == ELOOP || err == EXDEV;
}

int
te_thumbnail_open(int folder, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS
	};
	mode_t		mask = umask(0);
	int			fd = syscall(SYS_openat2, folder, path, &how, sizeof(how));

	umask(mask);
	return fd;
}

/* Open a subfolder, O_PATH, and create it if needed.  It is created with its final mode, since we may crash after mkdir. */
static int
make_subfolder(int parent, const char *name)
{
	int			fd = te_thumbnail_open(parent, name, O_PATH | O_DIRECTORY, 0);
	mode_t		mask;
	int			result;

	if (fd >= 0 || errno != ENOENT)
		return fd;
	mask = umask(0);
	result = mkdirat(parent, name, FOLDER_MODE);
	umask(mask);
	if (result != 0 && errno != EEXIST)
		return -1;
	return te_thumbnail_open(parent, name, O_PATH | O_DIRECTORY, 0);
}

void
te_thumbnail_close(int fd)
{
	int			err = errno;

	close(fd);
	errno = err;
}

char *
te_thumbnail_base_path(void)
{
	char	   *dir = pstrdup(te_thumbnail_dir);

	canonicalize_path(dir);
	return dir;
}

int
te_thumbnail_open_base(void)
{
	return open(te_thumbnail_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int
te_thumbnail_make_folder(int top, const char *path)
{
	char		name[TE_THUMBNAIL_NAME_SIZE];
	int			folder = te_thumbnail_open(top, path, O_PATH | O_DIRECTORY, 0);
	const char *next = path;

	if (folder >= 0 || errno != ENOENT)
		return folder;
	folder = top;
	for (;;)
	{
		size_t		length = strcspn(next, "/");
		int			child;

		strlcpy(name, next, Min(length + 1, sizeof(name)));
		child = make_subfolder(folder, name);
		if (folder != top)
			te_thumbnail_close(folder);
		if (child < 0 || next[length] == '\0')
			return child;
		folder = child;
		next += length + 1;
	}
}

int
te_thumbnail_sync_folder(int top, const char *path)
{
	int			fd = te_thumbnail_open(top, path, O_RDONLY | O_DIRECTORY, 0);
	int			err = 0;

	if (fd < 0)
		return errno;
	/* some file systems cannot sync a folder, and need not */
	if (pg_fsync(fd) != 0 && errno != EBADF && errno != EINVAL)
		err = errno;
	close(fd);
	return err;
}

int
te_thumbnail_unlink(int base, const char *folder, int attachment, const char *name)
{
	char		path[TE_FOLDER_PATH_SIZE];
	int			leaf;
	int			result;

	if (!te_thumbnail_is_name(name))
		return 0;
	snprintf(path, sizeof(path), "%s/%d/%.5s", folder, te_folder_number(attachment), name);
	leaf = te_thumbnail_open(base, path, O_PATH | O_DIRECTORY, 0);
	if (leaf < 0)
		return te_thumbnail_is_absence(errno) ? 0 : -1;
	result = unlinkat(leaf, name + 6, 0);
	te_thumbnail_close(leaf);
	if (result == 0)
		return 1;
	return te_thumbnail_is_absence(errno) ? 0 : -1;
}

static const char *
hint_for(int err)
{
	switch (err)
	{
		case ENOSPC:
		case EDQUOT:
			return "Free space in the file system of \"thumbexif.thumbnail_dir\" and try again.";
		case EROFS:
		case EACCES:
		case EPERM:
			return "The operating system user that runs PostgreSQL must be able to write to the folder \"thumbexif.thumbnail_dir\".";
		case ENOENT:
		case ENOTDIR:
			return "Create the folder, owned by the operating system user that runs PostgreSQL, or change \"thumbexif.thumbnail_dir\".";
		case ELOOP:
		case EXDEV:
			return "Remove symbolic links from the folders beneath \"thumbexif.thumbnail_dir\".";
		case ENOSYS:
			return "Use Linux 5.6 or later, which has the system call openat2.";
		default:
			return "Check the folder \"thumbexif.thumbnail_dir\" and its file system.";
	}
}

void
te_thumbnail_io_failed(int err)
{
	errno = err;
	ereport(ERROR,
			(err == EDQUOT ? errcode(ERRCODE_DISK_FULL) : errcode_for_file_access(),
			 errmsg("could not use the thumbnail folder \"%s\": %m", te_thumbnail_dir),
			 errhint("%s", te_system_hint(hint_for(err)))));
}
