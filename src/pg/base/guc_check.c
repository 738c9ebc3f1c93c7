/*
 * guc_check.c
 *		Checks of the values of settings.
 */
#include "postgres.h"

#include "nodes/pg_list.h"
#include "pgtime.h"
#include "utils/varlena.h"

#include "guc_check.h"
#include "size_list.h"

/* The rest of MAXPGPATH is reserved for the names of files in thumbnail_dir. */
#define MAX_THUMBNAIL_DIR	(MAXPGPATH - 256)

/* Check a comma-separated list of absolute folders; names with commas are double-quoted. */
bool
te_guc_check_image_roots(char **newval, void **extra, GucSource source)
{
	char	   *raw = pstrdup(*newval);
	List	   *roots;
	ListCell   *cell;
	bool		good = true;

	if (!SplitDirectoriesString(raw, ',', &roots))
	{
		GUC_check_errdetail("List syntax is invalid.");
		good = false;
	}
	foreach(cell, roots)
	{
		const char *root = lfirst(cell);

		if (!is_absolute_path(root))
		{
			GUC_check_errdetail("\"%s\" is not an absolute path.", root);
			good = false;
		}
		else if (strlen(root) >= MAXPGPATH - 1)
		{
			/* SplitDirectoriesString truncates it, perhaps to the name of another folder */
			GUC_check_errdetail("A folder's name is longer than %d bytes.", MAXPGPATH - 2);
			good = false;
		}
		if (!good)
			break;
	}

	list_free_deep(roots);
	pfree(raw);
	return good;
}

bool
te_guc_check_thumbnail_dir(char **newval, void **extra, GucSource source)
{
	if (**newval == '\0')
		return true;
	if (!is_absolute_path(*newval))
	{
		GUC_check_errdetail("\"%s\" is not an absolute path.", *newval);
		return false;
	}
	if (strlen(*newval) > MAX_THUMBNAIL_DIR)
	{
		GUC_check_errdetail("The folder's name is longer than %d bytes.", MAX_THUMBNAIL_DIR);
		return false;
	}
	return true;
}

bool
te_guc_check_thumbnail_sizes(char **newval, void **extra, GucSource source)
{
	TeSizes		sizes;
	const char *wrong = te_sizes_parse(*newval, &sizes);

	if (wrong != NULL)
		GUC_check_errdetail("%s", wrong);
	return wrong == NULL;
}

bool
te_guc_check_default_timezone(char **newval, void **extra, GucSource source)
{
	pg_tz	   *zone = pg_tzset(*newval);

	if (zone == NULL)
	{
		GUC_check_errdetail("Time zone \"%s\" is not known.", *newval);
		GUC_check_errhint("Names of time zones are listed in the view pg_timezone_names.");
		return false;
	}
	if (!pg_tz_acceptable(zone))
	{
		GUC_check_errdetail("Time zone \"%s\" appears to use leap seconds, which PostgreSQL does not support.",
							*newval);
		return false;
	}
	return true;
}

/* Check a comma-separated list of identifiers. */
bool
te_guc_check_databases(char **newval, void **extra, GucSource source)
{
	char	   *raw = pstrdup(*newval);
	List	   *names;
	bool		good = SplitIdentifierString(raw, ',', &names);

	if (!good)
		GUC_check_errdetail("List syntax is invalid.");
	list_free(names);
	pfree(raw);
	return good;
}
