/*
 * list_files.c
 *		Listing the files beneath a folder.
 *
 * A list may be long, so it is sent in parts, between which the folders on the way to the current one stay open: memory
 * does not depend on the number of files.  Each folder is opened relative to the one it was found in, by its name, by
 * openat2 without following symbolic links.  So whatever is renamed or replaced meanwhile, the list never leaves the
 * folder that was asked for, which itself lies beneath the root.
 *
 * All calls here may hang forever if the file system does not respond.
 */
#include "list_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "open_file.h"
#include "wire/clock.h"

#define MAX_DEPTH	200			/* folders in each other, each of which needs a descriptor */
#define PART_SECONDS	1		/* after which a part is sent, however short it is */
#define FOLDER_FLAGS	(O_RDONLY | O_DIRECTORY | O_NONBLOCK)

/* A folder that is being read. */
typedef struct Folder
{
	DIR		   *dir;
	dev_t		device;
	ino_t		inode;
	size_t		length;			/* of its path below the root */
} Folder;

static Folder folders[MAX_DEPTH];
static int	depth = 0;			/* folders that are open; 0 = no list was begun, or it has ended */
static char path[TE_OPEN_MAX_PATH]; /* of the innermost folder, below the root */

static void
leave_folder(void)
{
	closedir(folders[--depth].dir);
}

static void
leave_all(void)
{
	while (depth > 0)
		leave_folder();
}

/* Is it a folder with thumbnails of ours?  Its marker tells. */
static bool
is_thumbnail_folder(int fd)
{
	return faccessat(fd, TE_THUMBNAIL_MARKER, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Is it one of the folders that are open?  A file system may be mounted within itself. */
static bool
is_open(const struct stat *st)
{
	for (int i = 0; i < depth; i++)
		if (folders[i].device == st->st_dev && folders[i].inode == st->st_ino)
			return true;
	return false;
}

/* Go on in a folder, whose path is that of the innermost one, extended to a length.  Takes over the descriptor. */
static void
enter_folder(int fd, size_t length, TeOpenReply *reply)
{
	struct stat st;
	DIR		   *dir;

	if (fstat(fd, &st) != 0 || is_open(&st) || is_thumbnail_folder(fd))
	{
		reply->skipped_folders++;
		close(fd);
		return;
	}
	dir = fdopendir(fd);
	if (dir == NULL)
	{
		reply->unreadable++;
		close(fd);
		return;
	}
	folders[depth++] = (Folder)
	{
		dir, st.st_dev, st.st_ino, length
	};
}

/* Append a name to the path of the innermost folder.  The new length, or 0 if it is too long. */
static size_t
extend_path(const char *name)
{
	size_t		length = folders[depth - 1].length;
	size_t		more = strlen(name);

	if (length + 1 + more >= sizeof(path))
		return 0;
	if (length > 0)
		path[length++] = '/';
	memcpy(path + length, name, more + 1);
	return length + more;
}

static void
found_folder(const char *name, TeOpenReply *reply)
{
	size_t		length = depth < MAX_DEPTH ? extend_path(name) : 0;
	int			fd;

	if (length == 0)
	{
		reply->too_deep++;
		return;
	}
	fd = opn_open_beneath(dirfd(folders[depth - 1].dir), name, FOLDER_FLAGS, RESOLVE_NO_SYMLINKS);
	if (fd >= 0)
		enter_folder(fd, length, reply);
	else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) /* it was removed or replaced */
		reply->unreadable++;
}

static void
found_file(const char *name, TeOpenReply *reply, char *list)
{
	size_t		length = extend_path(name);

	if (length == 0)
	{
		reply->too_deep++;
		return;
	}
	memcpy(list + reply->list_bytes, path, length + 1);
	reply->list_bytes += (uint32_t) length + 1;
}

/* The type of an entry, as in st_mode; 0 if it has gone. */
static mode_t
type_of(const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return DTTOIF(entry->d_type);
	if (fstatat(dirfd(folders[depth - 1].dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	return st.st_mode & S_IFMT;
}

/* Read one entry of the innermost folder. */
static void
read_entry(uint32_t want, TeOpenReply *reply, char *list)
{
	struct dirent *entry;

	errno = 0;
	entry = readdir(folders[depth - 1].dir);
	if (entry == NULL)
	{
		if (errno != 0 && errno != ENOENT)
			reply->unreadable++;
		leave_folder();
		return;
	}
	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		(entry->d_name[0] == '.' && !(want & TE_OPEN_HIDDEN)))
		return;
	switch (type_of(entry))
	{
		case S_IFREG:
			found_file(entry->d_name, reply, list);
			break;
		case S_IFDIR:
			found_folder(entry->d_name, reply);
			break;
		case S_IFLNK:
			reply->links++;
			break;
	}
}

/* Begin a list.  False if the folder cannot be read; the reply says why. */
static bool
begin(const char *root_name, const char *folder, TeOpenReply *reply)
{
	int			root;
	int			fd;

	leave_all();
	root = opn_open_root(root_name, reply);
	if (root < 0)
		return false;
	fd = opn_open_beneath(root, folder[0] != '\0' ? folder : ".", FOLDER_FLAGS, 0);
	if (fd < 0)
	{
		reply->outcome = TE_OPEN_FAILED;
		reply->error = errno;
	}
	else
	{
		strcpy(path, folder);
		enter_folder(fd, strlen(folder), reply);
	}
	if (fd < 0 || folder[0] == '\0')
		opn_examine_root(root, fd < 0 ? reply->error : ENOENT, reply);
	close(root);
	if (fd >= 0 && reply->empty)
		reply->outcome = TE_OPEN_FAILED;	/* an empty root may be an unmounted mount point */
	return reply->outcome == TE_OPENED;
}

void
opn_list_files(const char *root, const char *folder, uint32_t want, TeOpenReply *reply, char *list)
{
	int64_t		end = te_now_ms() / 1000 + PART_SECONDS;

	reply->outcome = TE_OPENED;
	if (want & TE_OPEN_MORE)
	{
		if (depth == 0)
			reply->outcome = TE_OPEN_NO_LIST;
	}
	else if (!begin(root, folder, reply))
		leave_all();
	while (depth > 0 && reply->list_bytes + sizeof(path) < TE_OPEN_MAX_LIST && te_now_ms() / 1000 <= end)
		read_entry(want, reply, list);
	reply->more = depth > 0;
}
