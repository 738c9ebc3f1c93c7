/*
 * main.c
 *		Starts thumbexif-decoder, the process that makes thumbnails and reads EXIF for PostgreSQL.
 *
 * A server process starts it with descriptors and arguments as in wire/decoder_args.h.  The
 * order matters: the libraries are started and warmed up first, then the sandbox closes,
 * and only then is foreign input read.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "image/image.h"
#include "log.h"
#include "sandbox.h"
#include "serve.h"
#include "threads.h"
#include "wire/decoder_args.h"

#define MB	((uint64_t) 1024 * 1024)

/* RLIMIT_CPU beyond the lifetime: number of threads that one image may keep busy until its deadline. */
#define BUSY_THREADS 8

typedef struct Options
{
	pid_t		parent;
	uint64_t	memory;			/* bytes */
	uint64_t	file;			/* bytes */
	uint64_t	timeout;		/* seconds */
} Options;

/* A decimal number from 1 to max; 0 if it is not one. */
static uint64_t
number(const char *text, uint64_t max)
{
	char	   *end;
	uint64_t	value;

	errno = 0;
	value = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && value <= max ? value : 0;
}

static bool
is_our_socket(void)
{
	int			type;
	socklen_t	length = sizeof(type);

	return getsockopt(TE_FD_SOCKET, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
		type == SOCK_SEQPACKET;
}

static bool
read_options(int argc, char **argv, Options *options)
{
	if (argc != TE_ARGUMENTS || !is_our_socket())
	{
		dec_log("thumbexif-decoder %s is started by PostgreSQL, not by hand", TE_VERSION);
		return false;
	}
	if (strcmp(argv[TE_ARG_VERSION], TE_VERSION) != 0)
	{
		dec_log("thumbexif-decoder is of version %s, the server's module of version %s",
				TE_VERSION, argv[TE_ARG_VERSION]);
		return false;
	}
	options->parent = (pid_t) number(argv[TE_ARG_PARENT], INT32_MAX);
	options->memory = number(argv[TE_ARG_MEMORY], UINT32_MAX) * MB;
	options->file = number(argv[TE_ARG_FILE], UINT32_MAX) * MB;
	options->timeout = number(argv[TE_ARG_TIMEOUT], UINT32_MAX);
	if (options->parent == 0 || options->memory == 0 || options->file == 0 ||
		options->timeout == 0)
	{
		dec_log("an argument is not a number in its range");
		return false;
	}
	return true;
}

/*
 * Die with the parent, also if it has died already.  PostgreSQL signals the whole process group
 * on a cancel, which only the parent handles.
 */
static bool
tie_to_parent(pid_t parent)
{
	signal(SIGINT, SIG_IGN);
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent;
}

int
main(int argc, char **argv)
{
	Options		options;
	TeHello		hello;
	const char *failed;

	if (!read_options(argc, argv, &options) || !tie_to_parent(options.parent))
		return TE_EXIT_START;

	/* One arena: the reservations of more would use up the address-space limit. */
	mallopt(M_ARENA_MAX, 1);

	memset(&hello, 0, sizeof(hello));
	if (!img_init(&hello))
	{
		dec_log("this build cannot read pictures: %s", hello.self_test);
		return TE_EXIT_START;
	}
	hello.magic = TE_WIRE_MAGIC;
	hello.version = TE_WIRE_VERSION;

	if (!dec_threads_fill())
	{
		dec_log("cannot start threads: %s", strerror(errno));
		return TE_EXIT_START;
	}
	if (!dec_serve_prepare(options.file))
	{
		dec_log("no address space for files of up to %llu MB",
				(unsigned long long) (options.file / MB));
		return TE_EXIT_START;
	}
	failed = dec_sandbox_limits(options.memory,
								DEC_LIFE_SECONDS + BUSY_THREADS * options.timeout);
	if (failed == NULL)
		failed = dec_sandbox_filter();
	if (failed != NULL)
	{
		dec_log("the sandbox cannot be closed: %s: %s", failed, strerror(errno));
		return TE_EXIT_START;
	}

	return dec_serve(&hello);
}
