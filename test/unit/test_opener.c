/*
 * test_opener.c
 *		What the opener opens, and what it says of what it does not open.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "opener/open_file.h"
#include "tap.h"

static char root[] = "/tmp/thumbexif-opener.XXXXXX";

/* Write a file below the root. */
static void
make_file(const char *name, const char *text)
{
	char		path[256];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

static int
open_file(const char *name)
{
	char		path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return open(path, O_RDONLY);
}

/* Look at a path, with the outcome that is expected; the reply is left in *reply. */
static void
check(const char *path, uint32_t want, TeOpened expected, TeOpenReply *reply)
{
	int			fd,
				sidecar;

	memset(reply, 0, sizeof(*reply));
	fd = opn_open_file(root, path, want, reply, &sidecar);
	if (!ok(reply->outcome == expected, "%s \"%s\"", want & TE_OPEN_READ ? "open" : "look at", path))
		fprintf(stderr, "# outcome %u, error %d\n", reply->outcome, reply->error);
	ok((fd >= 0) == (expected == TE_OPENED && (want & TE_OPEN_READ)), "and %s descriptor", fd >= 0 ? "a" : "no");
	if (fd >= 0)
		close(fd);
}

/* Another program has a lease on the file, and is asked to give it up: nobody waits for that, and nobody is told that the file is missing. */
static void
test_lease(void)
{
	TeOpenReply reply;
	int			fd = open_file("file");

	signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0)
	{
		close(fd);
		printf("ok %d - # SKIP this file system has no leases\n", ++tap_tests);
		return;
	}
	check("file", TE_OPEN_READ, TE_OPEN_IN_USE, &reply);
	check("file", TE_OPEN_READ, TE_OPEN_IN_USE, &reply);
	check("file", 0, TE_OPENED, &reply);
	close(fd);
	check("file", TE_OPEN_READ, TE_OPENED, &reply);
}

/* A file that may not be read is no different to be opened or looked at; root may read all. */
static void
test_unreadable(void)
{
	TeOpenReply reply;
	char		path[256];

	if (geteuid() == 0)
	{
		printf("ok %d - # SKIP root may read all files\n", ++tap_tests);
		return;
	}
	snprintf(path, sizeof(path), "%s/file", root);
	if (chmod(path, 0) != 0)
		abort();
	check("file", TE_OPEN_READ, TE_OPEN_FAILED, &reply);
	is_int(reply.error, EACCES, "it may not be read");
	check("file", 0, TE_OPEN_FAILED, &reply);
	is_int(reply.error, EACCES, "it may not be read");
	if (chmod(path, 0600) != 0)
		abort();
	check("file", 0, TE_OPENED, &reply);
}

static void
test_root(void)
{
	TeOpenReply reply;
	char		file[256];

	snprintf(file, sizeof(file), "%s/file", root);
	unlink(file);
	check("file", TE_OPEN_READ, TE_OPEN_FAILED, &reply);
	is_int(reply.suspect, 1, "that it is not there may be the root's fault");
	is_int(reply.empty, 0, "which is not empty");
	snprintf(file, sizeof(file), "%s/link", root);
	unlink(file);
	snprintf(file, sizeof(file), "%s/fifo", root);
	unlink(file);
	check("file", 0, TE_OPEN_FAILED, &reply);
	is_int(reply.empty, 1, "which is empty");
	rmdir(root);
	check("file", TE_OPEN_READ, TE_OPEN_ROOT_FAILED, &reply);
	is_int(reply.error, ENOENT, "it is gone");
}

int
main(void)
{
	TeOpenReply reply;
	char		path[256];

	if (mkdtemp(root) == NULL)
		abort();
	make_file("file", "12345");
	snprintf(path, sizeof(path), "%s/link", root);
	if (symlink("../etc/passwd", path) != 0)
		abort();
	snprintf(path, sizeof(path), "%s/fifo", root);
	if (mkfifo(path, 0600) != 0)
		abort();

	check("file", TE_OPEN_READ, TE_OPENED, &reply);
	is_int(reply.size, 5, "its size");
	ok(reply.mtime > INT64_C(1700000000) * 1000000000, "its time");
	check("file", 0, TE_OPENED, &reply);
	is_int(reply.size, 5, "its size");
	check("fifo", TE_OPEN_READ, TE_OPEN_NO_FILE, &reply);
	check(".", TE_OPEN_READ, TE_OPEN_NO_FILE, &reply);
	check("link", TE_OPEN_READ, TE_OPEN_FAILED, &reply);
	is_int(reply.error, EXDEV, "it leads out");
	is_int(reply.suspect, 0, "which is not the root's fault");
	check("../etc/passwd", 0, TE_OPEN_FAILED, &reply);
	check("", TE_OPEN_READ, TE_OPEN_FAILED, &reply);
	test_lease();
	test_unreadable();
	test_root();
	return done_testing();
}
