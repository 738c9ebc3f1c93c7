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
#include "template.h"
#include "threads.h"
#include "wire/decoder_args.h"

/* RLIMIT_CPU beyond the lifetime: number of threads that one image may keep busy until its deadline. */
#define BUSY_THREADS 8

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

/* The template's children get their options from it. */
static bool
read_options(int argc, char **argv, DecOptions *options)
{
	if ((argc != TE_ARGUMENTS && argc != TE_TEMPLATE_ARGUMENTS) || !is_our_socket())
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
	if (argc == TE_TEMPLATE_ARGUMENTS)
		return true;
	options->memory = number(argv[TE_ARG_MEMORY], UINT32_MAX) * DEC_MB;
	options->file = number(argv[TE_ARG_FILE], UINT32_MAX) * DEC_MB;
	options->timeout = number(argv[TE_ARG_TIMEOUT], UINT32_MAX);
	if (options->memory == 0 || options->file == 0 || options->timeout == 0)
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

/* Close the sandbox.  False after a line to the log. */
static bool
close_sandbox(const DecOptions *options)
{
	const char *failed;

	if ((options->forked && !dec_threads_forked()) || !dec_threads_fill())
	{
		dec_log("cannot start threads: %s", strerror(errno));
		return false;
	}
	if (!dec_serve_prepare(options->file))
	{
		dec_log("no address space for files of up to %llu MB",
				(unsigned long long) (options->file / DEC_MB));
		return false;
	}
	failed = dec_sandbox_limits(options->memory,
								DEC_LIFE_SECONDS + BUSY_THREADS * options->timeout);
	if (failed == NULL)
		failed = dec_sandbox_filter();
	if (failed != NULL)
		dec_log("the sandbox cannot be closed: %s: %s", failed, strerror(errno));
	return failed == NULL;
}

int
main(int argc, char **argv)
{
	DecOptions	options = {0};
	TeHello		hello;

	if (!read_options(argc, argv, &options) ||
		!tie_to_parent((pid_t) number(argv[TE_ARG_PARENT], INT32_MAX)))
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

	if (argc == TE_TEMPLATE_ARGUMENTS)
	{
		int			code = dec_template(argv[TE_ARG_PARENT], &options);

		if (code >= 0)
			return code;
	}
	if (!close_sandbox(&options))
		_exit(TE_EXIT_START);
	/* without the libraries' functions for an exit, which would wait for threads; see threads.h */
	_exit(options.trial ? dec_template_trial(&hello) : dec_serve(&hello, argv[TE_ARG_PARENT]));
}
