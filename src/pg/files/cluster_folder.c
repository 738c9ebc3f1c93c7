/*
 * cluster_folder.c
 *		The folder beneath thumbnail_dir that all nodes of a Citus cluster share, for the thumbnails of shards.
 *
 * Its marker names the cluster and has a random number, so that the nodes can compare what they see: a folder of the same name on
 * another disk has another number.
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "access/xlog.h"
#include "miscadmin.h"

#include "cluster_folder.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/statement.h"
#include "thumbnail_folder_note.h"
#include "thumbnail_marker.h"

/* The name that was read last, of the extension with this OID: it never changes. */
static char known_name[TE_FOLDER_NAME_SIZE];
static Oid	known_for = InvalidOid;

/* For this folder the note was seen, and a file's folder need not be noted again. */
static bool noted = false;

char *
te_cluster_make_name(void)
{
	return psprintf("c" UINT64_FORMAT "-%u", GetSystemIdentifier(), MyDatabaseId);
}

/* Is it "c<digits>-<digits>"?  It becomes part of paths, and may come from a forged dump. */
static bool
is_name(const char *name)
{
	size_t		digits = name[0] == 'c' ? strspn(name + 1, "0123456789") : 0;
	const char *rest = name + 1 + digits;

	return digits > 0 && strlen(name) < TE_FOLDER_NAME_SIZE && rest[0] == '-' && rest[1] != '\0' &&
		strspn(rest + 1, "0123456789") == strlen(rest + 1);
}

bool
te_cluster_folder_name(char name[TE_FOLDER_NAME_SIZE])
{
	TeExtension extension;
	TeArgs		none = {0};
	char	   *found = NULL;

	te_extension_get(&extension);
	if (known_for != extension.oid)
	{
		SPI_connect();
		if (te_sql_as_extension(psprintf("SELECT cluster FROM %s LIMIT 1", te_internal_name("thumbexif_cluster")), &none) > 0)
			found = te_out_text(0, 1);
		if (found != NULL && is_name(found))
		{
			strlcpy(known_name, found, sizeof(known_name));
			known_for = extension.oid;
		}
		SPI_finish();
		if (known_for != extension.oid)
			return false;
	}
	strlcpy(name, known_name, TE_FOLDER_NAME_SIZE);
	return true;
}

void
te_cluster_set_name(const char *cluster)
{
	char		name[TE_FOLDER_NAME_SIZE];
	TeArgs		args = {0};

	if (!is_name(cluster))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not the name of a cluster", cluster),
				 errhint("Call thumbexif_attach() on the coordinator, which calls this.")));
	if (te_cluster_folder_name(name))
	{
		if (strcmp(name, cluster) == 0)
			return;
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this node has thumbnails of another cluster, %s", name),
				 errdetail("The cluster of the coordinator is %s.", cluster),
				 errhint("On this node, use a new database, or DROP EXTENSION thumbexif and CREATE EXTENSION thumbexif.")));
	}
	te_arg_text(&args, cluster);
	te_sql_as_extension(psprintf("INSERT INTO %s (cluster) VALUES ($1)", te_internal_name("thumbexif_cluster")), &args);
	known_for = InvalidOid;		/* it may be rolled back */
}

const char *
te_folder_of(int number, const char *folder)
{
	static char name[TE_FOLDER_NAME_SIZE];

	if (number >= 0)
		return folder;
	return te_cluster_folder_name(name) ? name : "c0-0";	/* which nobody creates */
}

/* --- the marker */

/* Read the marker of the cluster in an open folder: 1 if it is ours, 0 if there is none, -1 if it is another's or unreadable. */
static int
read_marker(int folder, const char *cluster)
{
	TeThumbnailMarker marker;
	int			result = te_thumbnail_marker_read(folder, &marker);

	if (result != 1)
		return result;
	return strcmp(marker.cluster, cluster) == 0 ? 1 : -1;
}

static int
open_below(const char *name)
{
	int			base = te_thumbnail_open_base();
	int			folder;

	if (base < 0)
		return -1;
	folder = te_thumbnail_open(base, name, O_PATH | O_DIRECTORY, 0);
	te_thumbnail_close(base);
	return folder;
}

bool
te_cluster_folder_is_usable(void)
{
	char		name[TE_FOLDER_NAME_SIZE];
	int			folder;
	bool		ours;

	if (te_thumbnail_dir == NULL || te_thumbnail_dir[0] == '\0' || !te_cluster_folder_name(name))
		return false;
	folder = open_below(name);
	if (folder < 0)
		return false;
	ours = read_marker(folder, name) == 1;
	close(folder);
	return ours;
}

char *
te_cluster_folder_marker(const char *cluster)
{
	char		text[TE_THUMBNAIL_NAME_SIZE * 2];
	int			folder = is_name(cluster) && te_thumbnail_dir != NULL && te_thumbnail_dir[0] != '\0' ? open_below(cluster) : -1;
	int			fd;
	ssize_t		length;

	if (folder < 0)
		return NULL;
	fd = te_thumbnail_open(folder, TE_MARKER, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	close(folder);
	if (fd < 0)
		return NULL;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length <= 0)
		return NULL;
	text[length] = '\0';
	return pstrdup(text);
}

pg_noreturn static void
report_lost(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg("folder \"%s/%s\" of the cluster, or its file \"" TE_MARKER "\", is missing or belongs to another cluster", te_thumbnail_dir, name),
			 errdetail("The nodes of the cluster share it for the thumbnails of shards."),
			 errhint("On this node, mount the file system of \"thumbexif.thumbnail_dir\", which all nodes share. If the folder was lost, call thumbexif_attach() for the table again on the coordinator.")));
}

/* Create the folder and its marker unless they are there. */
static void
create_folder(const char *name)
{
	int			err = te_thumbnail_marked_folder_create(name, te_thumbnail_marker_of_cluster(name), false);

	if (err != 0 && err != EEXIST)
		te_thumbnail_io_failed(err);
}

void
te_cluster_folder_forget_noted(void)
{
	noted = false;
}

void
te_cluster_folder_create(void)
{
	char		name[TE_FOLDER_NAME_SIZE];

	if (!te_cluster_folder_name(name))
		report_lost("?");
	create_folder(name);
	if (!te_cluster_folder_is_usable())
		report_lost(name);
}

int
te_cluster_folder_open(char name[TE_FOLDER_NAME_SIZE])
{
	int			folder;
	int			found;

	if (!te_cluster_folder_name(name))
		report_lost("?");
	folder = open_below(name);
	if (folder < 0 && errno != ENOENT)
		te_thumbnail_io_failed(errno);
	found = folder >= 0 ? read_marker(folder, name) : 0;
	if (found != 1)
	{
		if (folder >= 0)
			close(folder);
		if (found < 0 || te_thumbnail_folder_is_noted(name))
			report_lost(name);
		create_folder(name);
		folder = open_below(name);
		if (folder < 0)
			te_thumbnail_io_failed(errno);
	}
	noted = noted || te_thumbnail_folder_note(name, false);
	return folder;
}
