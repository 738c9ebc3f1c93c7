/*
 * main.c
 *		thumbexif-opener: opens image files for PostgreSQL.
 *
 * Opening a file may hang forever if its file system does not respond, as a network share or a
 * FUSE file system may do. A server process that hangs in open() can be neither cancelled nor
 * terminated, but this process can be abandoned.  It has the rights of the server's user,
 * reads no data of files but the names in folders, and is started with the descriptors of wire/decoder_args.h, its
 * version and the parent's process id.
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

#include "list_files.h"
#include "open_file.h"
#include "wire/fdpass.h"
#include "wire/decoder_args.h"

/*
 * Attempts to send a reply, and microseconds between them, while too many descriptors of this
 * user are in flight.
 */
#define MAX_TRIES	1000
#define AGAIN_US	1000

static void
log_message(const char *format,...)
{
	va_list		args;

	va_start(args, format);
	vdprintf(TE_FD_LOG, format, args);
	va_end(args);
}

/*
 * As in the decoder: exit with the parent, also if that has exited already, and ignore SIGINT,
 * which goes to the process group.
 */
static bool
tie_to_parent(const char *parent)
{
	signal(SIGINT, SIG_IGN);
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == (pid_t) strtol(parent, NULL, 10);
}

static bool
set_limit(int resource, rlim_t value)
{
	struct rlimit limit = {value, value};

	return setrlimit(resource, &limit) == 0;
}

/*
 * Drop what is not needed.  The limit of open files stays, because it also counts descriptors
 * that any process of this user has sent and that have not been received.
 */
static bool
restrict_process(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		set_limit(RLIMIT_FSIZE, 0) &&
		set_limit(RLIMIT_CORE, 0);
}

/* Parse a request.  False if it is invalid. */
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
		if (te_send(TE_FD_SOCKET, reply, sizeof(*reply) + reply->list_bytes, &fd, fd >= 0 ? 1 : 0) == 0)
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
	static struct
	{
		TeOpenReply head;
		char		list[TE_OPEN_MAX_LIST];
	}			reply;

	for (;;)
	{
		TeOpenRequest request;
		int			fds[TE_MAX_FDS];
		int			nfds;
		ssize_t		length = te_receive(TE_FD_SOCKET, message, sizeof(message), fds, &nfds);
		int			fd;

		if (length == 0)
			return TE_EXIT_NORMAL;
		if (length < 0 || nfds > 0 || !parse(message, (size_t) length, &request, root, path))
		{
			log_message("invalid request\n");
			return TE_EXIT_PROTOCOL;
		}
		memset(&reply.head, 0, sizeof(reply.head));
		reply.head.magic = TE_OPEN_MAGIC;
		reply.head.number = request.number;
		fd = -1;
		if (request.want & TE_OPEN_LIST)
			opn_list_files(root, path, request.want, &reply.head, reply.list);
		else
			fd = opn_open_file(root, path, request.want, &reply.head);
		if (!answer(&reply.head, fd))
			return TE_EXIT_NORMAL;
		if (fd >= 0)
			close(fd);
	}
}

int
main(int argc, char **argv)
{
	if (argc != TE_OPENER_ARGUMENTS || strcmp(argv[TE_ARG_VERSION], TE_VERSION) != 0)
	{
		log_message("thumbexif-opener %s is started by a PostgreSQL server with thumbexif of the same version\n", TE_VERSION);
		return TE_EXIT_START;
	}
	if (!tie_to_parent(argv[TE_ARG_PARENT]))
		return TE_EXIT_START;
	if (!restrict_process())
	{
		log_message("could not restrict the process: %s\n", strerror(errno));
		return TE_EXIT_START;
	}
	return serve();
}
