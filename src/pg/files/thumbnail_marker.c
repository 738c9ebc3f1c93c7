/*
 * thumbnail_marker.c
 *		The marker file that names the server and the database that own a thumbnail folder.
 *
 * Its text:
 *		thumbexif thumbnails, format 1
 *		server <system identifier>-<inode>-<time> of PG_VERSION in the data directory
 *		database <oid> <name>
 * That of the folder that the nodes of a Citus cluster share (cluster_folder.h) has other lines after the first:
 *		cluster <name> <random number>
 *
 * PG_VERSION is never rewritten, so its inode and creation time identify the data directory: a copy of the files, which
 * has the same system identifier and the same databases, has other values.
 */
#include "postgres.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/fd.h"

#include "thumbnail_marker.h"
#include "thumbnail_path.h"

#define FIRST_LINE		"thumbexif thumbnails, format 1\n"
#define MARKER_SIZE		512		/* maximum, with NUL */
#define MARKER_MODE		0644

const char *
te_server_id(void)
{
	static char id[TE_SERVER_ID_SIZE] = "";
	struct statx file;
	const struct statx_timestamp *time;

	if (id[0] != '\0')
		return id;
	/* the working directory of every server process is the data directory */
	if (statx(AT_FDCWD, "PG_VERSION", 0, STATX_INO | STATX_BTIME | STATX_CTIME, &file) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat file \"%s/PG_VERSION\": %m", DataDir),
				 errhint("Check the data directory and its file system.")));
	time = (file.stx_mask & STATX_BTIME) ? &file.stx_btime : &file.stx_ctime;
	snprintf(id, sizeof(id), UINT64_FORMAT "-%" PRIu64 "-%" PRId64 ".%09u", GetSystemIdentifier(),
			 (uint64_t) file.stx_ino, (int64_t) time->tv_sec, (unsigned int) time->tv_nsec);
	return id;
}

void
te_server_hash(char hash[17])
{
	const char *id = te_server_id();

	snprintf(hash, 17, "%016" PRIx64, (uint64_t) hash_bytes_extended((const unsigned char *) id, strlen(id), 0));
}

int
te_thumbnail_marker_read(int folder, TeThumbnailMarker *marker)
{
	int			fd = te_thumbnail_open(folder, TE_MARKER, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	char		text[MARKER_SIZE];
	ssize_t		length = 0;

	memset(marker, 0, sizeof(*marker));
	if (fd < 0)
	{
		if (errno == ENOENT)
			return 0;
		/* a link or a folder of that name: not our marker */
		return te_thumbnail_is_absence(errno) ? 1 : -1;
	}
	if (fstat(fd, &marker->file) != 0 ||
		(S_ISREG(marker->file.st_mode) && (length = read(fd, text, sizeof(text) - 1)) < 0))
	{
		te_thumbnail_close(fd);
		return -1;
	}
	close(fd);
	text[length] = '\0';
	if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0 ||
		sscanf(text + strlen(FIRST_LINE), "server %95s\ndatabase %u ", marker->server, &marker->database) != 2)
		marker->server[0] = '\0';
	if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0 || sscanf(text + strlen(FIRST_LINE), "cluster %39s ", marker->cluster) != 1)
		marker->cluster[0] = '\0';
	return 1;
}

bool
te_thumbnail_marker_is_ours(const TeThumbnailMarker *marker, Oid database)
{
	return marker->database == database && strcmp(marker->server, te_server_id()) == 0;
}

/* Write and sync the text under a temporary name.  0 or an errno. */
static int
write_temporary(int folder, const char *name, const char *text)
{
	int			fd = te_thumbnail_open(folder, name, O_WRONLY | O_CREAT | O_EXCL, MARKER_MODE);
	size_t		length = strlen(text);
	ssize_t		written;
	int			err = 0;

	if (fd < 0)
		return errno;
	written = write(fd, text, length);
	if (written != (ssize_t) length)
		err = written < 0 ? errno : ENOSPC;
	if (err == 0 && pg_fsync(fd) != 0)
		err = errno;
	if (close(fd) != 0 && err == 0)
		err = errno;
	return err;
}

/* Rename the temporary file unless there is a marker.  0 or an errno. */
static int
rename_unless_there(int folder, const char *temporary)
{
	if (linkat(folder, temporary, folder, TE_MARKER, 0) == 0)
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
		return errno;
	/* a file system without hard links */
	return renameat2(folder, temporary, folder, TE_MARKER, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

/* Put a marker with this text into a folder.  0 or an errno. */
static int
write_marker(int folder, const char *text, bool replace)
{
	char		temporary[64];
	uint64		random;
	int			err;

	if (!pg_strong_random(&random, sizeof(random)))
		return EAGAIN;
	snprintf(temporary, sizeof(temporary), TE_MARKER ".%016" PRIx64 ".part", random);
	err = write_temporary(folder, temporary, text);
	if (err == 0 && replace)
		err = renameat(folder, temporary, folder, TE_MARKER) == 0 ? 0 : errno;
	else if (err == 0)
		err = rename_unless_there(folder, temporary);
	(void) unlinkat(folder, temporary, 0);
	return err != 0 ? err : te_thumbnail_sync_folder(folder, ".");
}

char *
te_thumbnail_marker_of_database(void)
{
	char	   *database = get_database_name(MyDatabaseId);
	char		text[MARKER_SIZE];

	for (char *c = database; c != NULL && *c != '\0'; c++)
		if ((unsigned char) *c < ' ')
			*c = '?';
	snprintf(text, sizeof(text), FIRST_LINE "server %s\ndatabase %u %s\n", te_server_id(), MyDatabaseId, database != NULL ? database : "?");
	return pstrdup(text);
}

char *
te_thumbnail_marker_of_cluster(const char *cluster)
{
	uint64		number;

	if (!pg_strong_random(&number, sizeof(number)))
		te_thumbnail_io_failed(EAGAIN);
	return psprintf(FIRST_LINE "cluster %s %016" PRIx64 "\n", cluster, number);
}

int
te_thumbnail_marked_folder_create(const char *name, const char *marker, bool replace)
{
	int			base = te_thumbnail_open_base();
	int			folder;
	int			err;

	if (base < 0)
		return errno;
	folder = te_thumbnail_make_folder(base, name);
	if (folder < 0)
		err = errno;
	else
	{
		err = write_marker(folder, marker, replace);
		close(folder);
	}
	if (err == 0)
		err = te_thumbnail_sync_folder(base, ".");
	close(base);
	return err;
}
