/*
 * module_folder.c
 *		Where the programs of thumbexif lie: in the folder of the module that is running.
 *
 * That need not be the server's package library folder: dynamic_library_path may name others,
 * for extensions that are mounted or installed apart from the server.
 */
#include "postgres.h"

#include <dlfcn.h>

#include "miscadmin.h"
#include "port.h"

#include "module_folder.h"

const char *
te_module_folder(void)
{
	static char folder[MAXPGPATH];
	Dl_info		info;

	if (folder[0] == '\0')
	{
		/* any object of this module will do */
		if (dladdr(folder, &info) != 0 && strchr(info.dli_fname, '/') != NULL)
		{
			strlcpy(folder, info.dli_fname, MAXPGPATH);
			get_parent_directory(folder);
		}
		else
			strlcpy(folder, pkglib_path, MAXPGPATH);
	}
	return folder;
}
