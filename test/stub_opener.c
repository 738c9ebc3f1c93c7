/*
 * stub_opener.c
 *		An opener whose file systems have trouble.
 *
 * Tests put it in the place of thumbexif-opener in a private installation.  It is the opener itself, linked so
 * that it comes here first (--wrap).  A file "stub_trouble" beside the program says what is wrong with which root, a line each:
 *
 *		hang ROOT		as long as the line is there
 *		exit ROOT		the opener ends
 *		lie ROOT		it answers nonsense
 *		twice ROOT		each part of a list names its files twice
 *		short ROOT		of a thumbnail it sends half of each part
 *		ahead ROOT		files are opened, but asking to read them ahead hangs
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opener/list_files.h"
#include "opener/open_file.h"
#include "opener/read_ahead.h"
#include "opener/read_thumbnail.h"

extern int	__real_opn_open_file(const char *root, const char *path, uint32_t want, TeOpenReply *reply, int *sidecar_fd);
extern int	__wrap_opn_open_file(const char *root, const char *path, uint32_t want, TeOpenReply *reply, int *sidecar_fd);
extern void __real_opn_ask_for(int fd, uint64_t bytes);
extern void __wrap_opn_ask_for(int fd, uint64_t bytes);
extern void __real_opn_list_files(const char *root, const char *path, uint32_t want, TeOpenReply *reply, char *list);
extern void __wrap_opn_list_files(const char *root, const char *path, uint32_t want, TeOpenReply *reply, char *list);

extern void __real_opn_read_thumbnail(const char *root, const char *path, uint64_t offset, TeOpenReply *reply, char *data);
extern void __wrap_opn_read_thumbnail(const char *root, const char *path, uint64_t offset, TeOpenReply *reply, char *data);

/* The word for a root; "" if it is well. */
static const char *
trouble_with(const char *root)
{
	static __thread char word[32];
	char		program[4096];
	char		line[4096 + 64];
	ssize_t		length = readlink("/proc/self/exe", program, sizeof(program) - 20);
	char	   *slash;
	FILE	   *file;

	program[length > 0 ? length : 0] = '\0';
	slash = strrchr(program, '/');
	strcpy(slash ? slash + 1 : program, "stub_trouble");
	file = fopen(program, "r");
	word[0] = '\0';
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
	{
		char	   *name = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (name == NULL || strcmp(name + 1, root) != 0)
			continue;
		*name = '\0';
		snprintf(word, sizeof(word), "%.*s", (int) sizeof(word) - 1, line);
		break;
	}
	if (file != NULL)
		fclose(file);
	return word;
}

/* Do what is wrong with a root.  True if the reply is made. */
static int
make_trouble(const char *root, TeOpenReply *reply)
{
	const char *word;

	while (strcmp(word = trouble_with(root), "hang") == 0)
		usleep(10000);
	if (strcmp(word, "exit") == 0)
		exit(77);
	if (strcmp(word, "lie") == 0)
		reply->outcome = 99;
	return strcmp(word, "lie") == 0;
}

int
__wrap_opn_open_file(const char *root, const char *path, uint32_t want, TeOpenReply *reply, int *sidecar_fd)
{
	*sidecar_fd = -1;
	return make_trouble(root, reply) ? -1 : __real_opn_open_file(root, path, want, reply, sidecar_fd);
}

void
__wrap_opn_list_files(const char *root, const char *path, uint32_t want, TeOpenReply *reply, char *list)
{
	if (make_trouble(root, reply))
		return;
	__real_opn_list_files(root, path, want, reply, list);
	if (strcmp(trouble_with(root), "twice") == 0 && reply->list_bytes <= TE_OPEN_MAX_LIST / 2)
	{
		memcpy(list + reply->list_bytes, list, reply->list_bytes);
		reply->list_bytes *= 2;
	}
}

void
__wrap_opn_read_thumbnail(const char *root, const char *path, uint64_t offset, TeOpenReply *reply, char *data)
{
	if (make_trouble(root, reply))
		return;
	__real_opn_read_thumbnail(root, path, offset, reply, data);
	if (strcmp(trouble_with(root), "short") == 0)
		reply->list_bytes -= reply->list_bytes / 2;
}

void
__wrap_opn_ask_for(int fd, uint64_t bytes)
{
	char		link[64];
	char		folder[4096];
	ssize_t		length;
	char	   *slash;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, folder, sizeof(folder) - 1);
	folder[length > 0 ? length : 0] = '\0';
	slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	while (strcmp(trouble_with(folder), "ahead") == 0)
		usleep(10000);
	__real_opn_ask_for(fd, bytes);
}
