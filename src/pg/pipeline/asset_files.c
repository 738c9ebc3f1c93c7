/*
 * asset_files.c
 *		Checks the files of an asset: its image and its thumbnails.
 *
 * A path in a row is untrusted, so it is opened only if it ends in the name in the state, and only below thumbnail_dir.  An
 * absent file counts as lost only if its file system is mounted, which a marker file proves.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asset_files.h"
#include "pg/base/guc.h"
#include "pg/base/statement.h"
#include "pg/catalog/shard_folder.h"
#include "pg/files/cluster_folder.h"
#include "pg/files/thumbnail_folder.h"
#include "pg/files/thumbnail_marker.h"
#include "pg/files/thumbnail_path.h"

/* The part of a path that follows thumbnail_dir, palloc'd; NULL if the path does not begin with it. */
static char *
below_thumbnail_dir(const char *path)
{
	char	   *dir = te_thumbnail_base_path();
	char	   *below = NULL;
	size_t		length = strlen(dir);

	if (length > 0 && strncmp(path, dir, length) == 0 && path[length] == '/')
		below = pstrdup(path + length + 1);
	pfree(dir);
	return below;
}

/* Does the first folder of a path have a marker, of this or another server? */
static bool
is_in_marked_folder(int base, const char *below)
{
	char		name[TE_FOLDER_NAME_SIZE];
	size_t		length = strcspn(below, "/");
	TeThumbnailMarker marker;
	int			folder;
	bool		marked;

	if (length >= sizeof(name))
		return false;
	strlcpy(name, below, length + 1);
	folder = te_thumbnail_open(base, name, O_PATH | O_DIRECTORY, 0);
	if (folder < 0)
		return false;
	marked = te_thumbnail_marker_read(folder, &marker) == 1;
	close(folder);
	return marked;
}

/* Does it lie in the folder that the nodes of this cluster share? */
static bool
is_in_cluster_folder(const char *below)
{
	char		name[TE_FOLDER_NAME_SIZE];

	return below[0] == 'c' && te_cluster_folder_name(name) &&
		strncmp(below, name, strlen(name)) == 0 && below[strlen(name)] == '/';
}

/* Was an absent file lost, rather than its file system not mounted? */
static bool
is_absent(const char *below)
{
	const TeThumbnailFolders *folders;
	int			base;
	bool		absent;

	if (is_in_cluster_folder(below))
	{
		if (!te_cluster_folder_is_usable())
			close(te_cluster_folder_open((char[TE_FOLDER_NAME_SIZE]) {0}));	/* raises the ERROR */
		return true;
	}
	te_thumbnail_folder_check();
	folders = te_thumbnail_folders();
	if (folders->state == TE_FOLDER_OURS || folders->state == TE_FOLDER_UNMARKED)
		return true;
	/* this database has not written yet: it is a copy, whose rows name the files of its origin */
	base = te_thumbnail_open_base();
	if (base < 0)
		te_thumbnail_io_failed(errno);
	absent = is_in_marked_folder(base, below);
	close(base);
	return absent;
}

/* size: that of the file when it was made, or -1 */
static bool
is_lost(const char *below, int64 size)
{
	struct stat file;
	int			base = te_thumbnail_open_base();
	int			fd;
	int			err;

	if (base < 0)
		te_thumbnail_io_failed(errno);
	fd = te_thumbnail_open(base, below, O_PATH, 0);
	err = errno;
	close(base);
	if (fd < 0)
	{
		if (te_thumbnail_is_absence(err))
			return is_absent(below);
		te_thumbnail_io_failed(err);
	}
	err = fstat(fd, &file) == 0 ? 0 : errno;
	close(fd);
	if (err != 0)
		te_thumbnail_io_failed(err);
	return !S_ISREG(file.st_mode) || file.st_size == 0 || (size >= 0 && file.st_size != size);
}

/* The same for an absolute path; false if that does not lie in thumbnail_dir. */
static bool
path_is_lost(const char *path, int64 size)
{
	char	   *below = below_thumbnail_dir(path);
	bool		lost;

	if (below == NULL)
		return false;
	lost = is_lost(below, size);
	pfree(below);
	return lost;
}

/* Is the file of a further size lost?  Inside SPI. */
static bool
other_size_is_lost(const TeAsset *asset)
{
	const TeAttachment *attachment = asset->attachment;
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};
	char	   *paths[TE_MAX_SIZES];
	int64		lengths[TE_MAX_SIZES];
	int			count;

	te_arg_int4(&args, attachment->number);
	te_arg(&args, type, te_key_datum(type, &asset->key));
	count = (int) te_sql_by_index(psprintf("SELECT path, length FROM %s WHERE attachment = $1 AND id = $2 AND file IS NOT NULL"
										   " ORDER BY size LIMIT %d", attachment->thumbnails, TE_MAX_SIZES), &args);
	for (int i = 0; i < count; i++)
	{
		paths[i] = te_out_text(i, 1);
		lengths[i] = te_out_int(i, 2, -1);
	}
	te_sql_free();
	for (int i = 0; i < count; i++)
		if (paths[i] != NULL && path_is_lost(paths[i], lengths[i]))
			return true;
	return false;
}

void
te_asset_files_check_thumbnail(TeAsset *asset, int parts)
{
	asset->thumbnail_lost = false;
	if (!(parts & TE_PART_THUMBNAIL) || !te_attachment_stores_files(asset->attachment) || !te_names_our_file(asset) ||
		te_thumbnail_dir == NULL)
		return;
	asset->thumbnail_lost = path_is_lost(asset->thumbnail_path, asset->state.file_size) ||
		((asset->state.wrote & TE_WROTE_SIZES) && other_size_is_lost(asset));
}

/* See te_asset_files_own_name().  *former: it lies in the folder of a former shard. */
static char *
find_own_name(const TeAsset *asset, bool *former)
{
	char	   *below;
	char	   *folder;
	char	   *name;

	*former = false;
	if (asset->thumbnail_path == NULL || te_thumbnail_dir == NULL || !te_attachment_stores_files(asset->attachment))
		return NULL;
	below = below_thumbnail_dir(asset->thumbnail_path);
	if (below == NULL || (folder = strchr(below, '/')) == NULL || (name = strchr(folder + 1, '/')) == NULL)
		return NULL;
	*name++ = '\0';
	if (!te_thumbnail_is_name(name))
		return NULL;
	if (strcmp(folder + 1, psprintf("%d", te_folder_number(asset->attachment->folder))) == 0 &&
		(asset->attachment->folder < 0) == is_in_cluster_folder(below))
		return name;
	*former = is_in_cluster_folder(below) && te_shard_folder_is_former(asset->attachment, strtol(folder + 1, NULL, 10));
	return *former ? name : NULL;
}

char *
te_asset_files_own_name(const TeAsset *asset)
{
	bool		former;

	return find_own_name(asset, &former);
}

bool
te_asset_files_is_of_former_shard(const TeAsset *asset)
{
	bool		former;

	return find_own_name(asset, &former) != NULL && former;
}

int
te_stale_parts_by_files(TeAsset *asset, const TeSettings *settings, int parts)
{
	TeSource	source;

	te_source_check_files((const char *const *) &asset->path, 1, &source);
	if (source.trouble != NULL)
		return 0;
	te_asset_files_check_thumbnail(asset, parts);
	return te_stale_parts(asset, settings, parts, &source);
}
