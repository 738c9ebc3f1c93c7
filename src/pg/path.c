/*
 * path.c
 *		Beneath which root a path lies, going by its text.
 *
 * Whether it leads out of it is for the kernel to say, when the file is opened.
 */
#include "postgres.h"

#include "utils/varlena.h"

#include "guc.h"
#include "path.h"

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

char *
te_path_find_root(const char *path, const char **below)
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
