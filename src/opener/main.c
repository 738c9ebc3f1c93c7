/*
 * main.c
 *		thumbexif-opener: opens image files for PostgreSQL.
 *
 * Opening a file may never end, if its file system is dead: a network share, or one that
 * a program serves.  A server process that hangs so can be neither cancelled nor
 * terminated.  This one can be given up.  It has the rights of the server's user, reads no byte of any
 * file, and is started with descriptors as in wire/decoder_args.h, its version and the parent's process id.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "look.h"
#include "wire/fdpass.h"
#include "wire/decoder_args.h"

/* How often, and after how many microseconds, to send again while too many descriptors of this user are under way. */
#define MAX_TRIES	1000
#define AGAIN_US	1000

static void
say(const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vdprintf(TE_FD_LOG, format, args);
	va_end(args);
}

/* As in the decoder: die with the parent, also if it has died already, and leave cancels to it. */
static bool
tie_to_parent(const char *parent)
{
	signal(SIGINT, SIG_IGN);
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == (pid_t) strtol(parent, NULL, 10);
}

static bool
set_limit(int resource, rlim_t most)
{
	struct rlimit limit = {most, most};

	return setrlimit(resource, &limit) == 0;
}

/*
 * It needs no more than this.  The limit of open files stays: it also counts the descriptors that all processes of
 * this user have sent and not yet received.
 */
static bool
close_off(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		set_limit(RLIMIT_FSIZE, 0) &&
		set_limit(RLIMIT_CORE, 0);
}

/* Take a request apart.  False if it is none of ours. */
static bool
parse(const char *message, size_t length, TeOpenRequest *request, char *root, char *path)
{
	if (length < sizeof(*request))
		return false;
	memcpy(request, message, sizeof(*request));
	if (request->magic != TE_OPEN_MAGIC ||
		request->root_length >= TE_OPEN_MAX_PATH || request->path_length >= TE_OPEN_MAX_PATH ||
		length != sizeof(*request) + request->root_length + request->path_length)
		return false;
	message += sizeof(*request);
	memcpy(root, message, request->root_length);
	root[request->root_length] = '\0';
	memcpy(path, message + request->root_length, request->path_length);
	path[request->path_length] = '\0';
	return true;
}

static bool
answer(const TeOpenReply *reply, int fd)
{
	for (int i = 0; i < MAX_TRIES; i++)
	{
		if (te_send(TE_FD_SOCKET, reply, sizeof(*reply), &fd, fd >= 0 ? 1 : 0) == 0)
			return true;
		if (errno != ETOOMANYREFS)
			break;
		usleep(AGAIN_US);
	}
	return false;
}

/* Answer requests until the parent closes the socket. */
static int
serve(void)
{
	static char message[TE_MAX_OPEN_REQUEST + 1];
	static char root[TE_OPEN_MAX_PATH];
	static char path[TE_OPEN_MAX_PATH];

	for (;;)
	{
		TeOpenRequest request;
		TeOpenReply reply;
		int			fds[TE_MAX_FDS];
		int			nfds;
		ssize_t		length = te_receive(TE_FD_SOCKET, message, sizeof(message), fds, &nfds);
		int			fd;

		if (length == 0)
			return TE_EXIT_LEFT;
		if (length < 0 || nfds > 0 || !parse(message, (size_t) length, &request, root, path))
		{
			say("request was not understood\n");
			return TE_EXIT_PROTOCOL;
		}
		memset(&reply, 0, sizeof(reply));
		reply.magic = TE_OPEN_MAGIC;
		reply.number = request.number;
		fd = opn_look(root, path, request.want, &reply);
		if (!answer(&reply, fd))
			return TE_EXIT_LEFT;
		if (fd >= 0)
			close(fd);
	}
}

int
main(int argc, char **argv)
{
	if (argc != TE_OPENER_ARGUMENTS || strcmp(argv[TE_ARG_VERSION], TE_VERSION) != 0)
	{
		say("thumbexif-opener %s is started by a PostgreSQL server with thumbexif of the same version\n", TE_VERSION);
		return TE_EXIT_START;
	}
	if (!tie_to_parent(argv[TE_ARG_PARENT]))
		return TE_EXIT_START;
	if (!close_off())
	{
		say("its own rights cannot be limited: %s\n", strerror(errno));
		return TE_EXIT_START;
	}
	return serve();
}
