/*
 * test_exif_corpus.c
 *		Replays the inputs that fuzzing found.  One that breaks a rule aborts.
 */
#include <dirent.h>

#include "test/fuzz/fuzz_exif.c"
#include "test/unit/tap.h"

#define FOLDER "test/fuzz/corpus"

int
main(void)
{
	DIR		   *folder = opendir(FOLDER);
	struct dirent *entry;

	if (!ok(folder != NULL, "there is a corpus"))
		return done_testing();
	while ((entry = readdir(folder)) != NULL)
	{
		char		path[4096];
		static uint8_t buffer[1024 * 1024];
		uint8_t    *copy;
		FILE	   *file;
		size_t		size;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", FOLDER, entry->d_name);
		file = fopen(path, "rb");
		size = file ? fread(buffer, 1, sizeof(buffer), file) : 0;
		if (file)
			fclose(file);
		copy = malloc(size ? size : 1);
		memcpy(copy, buffer, size);
		LLVMFuzzerTestOneInput(copy, size);
		free(copy);
		ok(size > 0, "%s", entry->d_name);
	}
	closedir(folder);
	return done_testing();
}
