/*
 * root_path.c
 *		Finds the root of a path by comparing texts.
 *
 * The kernel checks when the file is opened that the path does not lead out of its root.
 */
#include "postgres.h"

#include "utils/varlena.h"

#include "pg/base/guc.h"
#include "root_path.h"

/* The rest of an absolute path after the root, or NULL if the path does not begin with the root. */
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

	/* the syntax was checked when the setting was changed */
	(void) SplitDirectoriesString(raw, ',', &roots);
	if (roots == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"thumbexif.image_roots\" is not set"),
				 errhint("A superuser must set \"thumbexif.image_roots\" to the folders that images may be read from.")));

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
