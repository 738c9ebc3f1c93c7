/*
 * libraries.c
 *		Notices that the program or a library that it runs has been replaced on disk.
 */
#include "libraries.h"
#include "wire/clock.h"

#include <link.h>
#include <string.h>
#include <unistd.h>

/* The decoder has some 90; of more, only these are watched. */
#define MAX_LIBRARIES	256

typedef struct Library
{
	const char *path;			/* the dynamic linker's own, valid as long as the library is loaded */
	TeFileId	file;
} Library;

static TeFileId program;
static Library libraries[MAX_LIBRARIES];
static int	nlibraries;

/* For dl_iterate_phdr().  The program and the kernel's vDSO have no path. */
static int
note_library(struct dl_phdr_info *info, size_t size, void *data)
{
	Library    *library = &libraries[nlibraries];

	if (nlibraries == MAX_LIBRARIES)
		return 1;
	library->path = info->dlpi_name;
	if (library->path[0] == '/' && te_file_id(library->path, &library->file))
		nlibraries++;
	return 0;
}

/* The program's path is looked up, as its server does: file systems may tell another inode for an open file. */
bool
dec_libraries_note(void)
{
	char		path[4096];
	ssize_t		length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length < 0)
		return false;
	path[length] = '\0';
	(void) dl_iterate_phdr(note_library, NULL);
	return te_file_id(path, &program);
}

bool
dec_libraries_is_program(const TeFileId *file)
{
	return memcmp(file, &program, sizeof(program)) == 0;
}

bool
dec_libraries_changed(void)
{
	static int64_t last;
	int64_t		now = te_now_ms() / 1000;

	if (now == last)
		return false;
	last = now;
	for (int i = 0; i < nlibraries; i++)
	{
		TeFileId	file;

		if (!te_file_id(libraries[i].path, &file) ||
			memcmp(&file, &libraries[i].file, sizeof(file)) != 0)
			return true;
	}
	return false;
}
