/*
 * look.c
 *		Looking at the files of an asset: its image and its thumbnail.
 *
 * A path in a row is data, so only one that ends in the name that the state has is looked at, and only beneath
 * thumbnail_dir.  That a file is absent says something only if the file system is there; that is told by a marker.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guc.h"
#include "look.h"
#include "store_folder.h"
#include "store_marker.h"

/* What follows thumbnail_dir in a path, palloc'd; NULL if it does not begin with it. */
static char *
below_thumbnail_dir(const char *path)
{
	char	   *dir = te_store_dir();
	char	   *below = NULL;
	size_t		length = strlen(dir);

	if (length > 0 && strncmp(path, dir, length) == 0 && path[length] == '/')
		below = pstrdup(path + length + 1);
	pfree(dir);
	return below;
}

/* Has the folder that a path begins with a marker, of whomever? */
static bool
is_in_marked_folder(int base, const char *below)
{
	char		name[TE_FOLDER_NAME];
	size_t		length = strcspn(below, "/");
	TeMarker	marker;
	int			folder;
	bool		marked;

	if (length >= sizeof(name))
		return false;
	strlcpy(name, below, length + 1);
	folder = te_store_open(base, name, O_PATH | O_DIRECTORY, 0);
	if (folder < 0)
		return false;
	marked = te_marker_read(folder, &marker) == 1;
	close(folder);
	return marked;
}

/* A file is absent: is that so because it was lost, rather than because the file system is not there? */
static bool
is_absent(const char *below)
{
	const TeFolders *folders;
	int			base;
	bool		absent;

	te_folder_check();
	folders = te_folders();
	if (folders->state == TE_FOLDER_OURS || folders->state == TE_FOLDER_UNMARKED)
		return true;
	/* nothing of ours has been written yet: a copy, whose rows name the files of its origin */
	base = te_store_open_base();
	if (base < 0)
		te_store_throw(errno);
	absent = is_in_marked_folder(base, below);
	close(base);
	return absent;
}

/* size: what it was when it was made, or -1 */
static bool
is_lost(const char *below, int64 size)
{
	struct stat file;
	int			base = te_store_open_base();
	int			fd;
	int			err;

	if (base < 0)
		te_store_throw(errno);
	fd = te_store_open(base, below, O_PATH, 0);
	err = errno;
	close(base);
	if (fd < 0)
	{
		if (te_store_is_absence(err))
			return is_absent(below);
		te_store_throw(err);
	}
	err = fstat(fd, &file) == 0 ? 0 : errno;
	close(fd);
	if (err != 0)
		te_store_throw(err);
	return !S_ISREG(file.st_mode) || file.st_size == 0 || (size >= 0 && file.st_size != size);
}

void
te_look_at_thumbnail(TeAsset *asset, int parts)
{
	char	   *below;

	asset->thumbnail_lost = false;
	if (!(parts & te_parts_kept(asset->attachment) & TE_PART_THUMBNAIL) || !te_names_our_file(asset) ||
		te_thumbnail_dir == NULL)
		return;
	below = below_thumbnail_dir(asset->thumbnail_path);
	if (below == NULL)
		return;
	asset->thumbnail_lost = is_lost(below, asset->state.file_size);
	pfree(below);
}

int
te_need_looking(TeAsset *asset, const TeSettings *settings, int parts)
{
	TeSource	source;

	te_source_look((const char *const *) &asset->path, 1, &source);
	if (source.trouble != NULL)
		return 0;
	te_look_at_thumbnail(asset, parts);
	return te_need(asset, settings, parts, &source);
}
