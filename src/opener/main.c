/*
 * main.c
 *		thumbexif-opener: opens image files for PostgreSQL.
 *
 * Opening a file may hang forever if its file system does not respond, as a network share or a
 * FUSE file system may do. A server process that hangs in open() can be neither cancelled nor
 * terminated, but this process can be abandoned.  It has the rights of the server's user,
 * sees no data of files but thumbnails and the names in folders (it asks the kernel to read files ahead), and is started with the descriptors of wire/decoder_args.h, its
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
#include "read_ahead.h"
#include "read_thumbnail.h"
#include "wire/clock.h"
#include "wire/fdpass.h"
#include "wire/decoder_args.h"

/*
 * Attempts to send a reply, and microseconds between them, while too many descriptors of this
 * user are in flight.
 */
#define MAX_TRIES	1000
#define AGAIN_US	1000

/* How long a reply waits for the next ones. */
#define MAX_UNSENT_MS	10

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

/* Parse the first request of a message, and go on to the next.  False if it is invalid. */
static bool
parse(const char **message, size_t *length, TeOpenRequest *request, char *root, char *path)
{
	const char *at = *message;

	if (*length < sizeof(*request))
		return false;
	memcpy(request, at, sizeof(*request));
	if (request->magic != TE_OPEN_MAGIC ||
		request->root_length >= TE_OPEN_MAX_PATH || request->path_length >= TE_OPEN_MAX_PATH ||
		*length < sizeof(*request) + request->root_length + request->path_length)
		return false;
	at += sizeof(*request);
	memcpy(root, at, request->root_length);
	root[request->root_length] = '\0';
	at += request->root_length;
	memcpy(path, at, request->path_length);
	path[request->path_length] = '\0';
	at += request->path_length;
	*length -= (size_t) (at - *message);
	*message = at;
	return true;
}

/* --- replies */

static TeOpenReply unsent[TE_OPEN_BATCH];
static int	unsent_fds[TE_OPEN_BATCH];	/* -1 = none */
static int	unsent_sidecars[TE_OPEN_BATCH];
static uint64_t unsent_ahead[TE_OPEN_BATCH];	/* bytes to read ahead */
static int	nunsent;

_Static_assert(2 * TE_OPEN_BATCH <= TE_MAX_FDS, "each file may have a sidecar");

static bool
try_send(void)
{
	int			fds[2 * TE_OPEN_BATCH];
	int			nfds = 0;

	for (int i = 0; i < nunsent; i++)
	{
		if (unsent_fds[i] >= 0)
			fds[nfds++] = unsent_fds[i];
		if (unsent_sidecars[i] >= 0)
			fds[nfds++] = unsent_sidecars[i];
	}
	for (int i = 0; i < MAX_TRIES; i++)
	{
		if (te_send(TE_FD_SOCKET, unsent, sizeof(unsent[0]) * (size_t) nunsent, fds, nfds) == 0)
			return true;
		if (errno != ETOOMANYREFS)
			break;
		usleep(AGAIN_US);
	}
	return false;
}

/* Send the replies that wait for being sent. */
static bool
send_replies(void)
{
	bool		sent = nunsent == 0 || try_send();

	for (int i = 0; i < nunsent; i++)
	{
		if (unsent_sidecars[i] >= 0)
			close(unsent_sidecars[i]);
		if (unsent_fds[i] < 0)
			continue;
		if (sent)
			opn_read_ahead(unsent_fds[i], unsent_ahead[i]);
		else
			close(unsent_fds[i]);
	}
	nunsent = 0;
	return sent;
}

/* --- requests */

/* List files, or read a thumbnail.  The reply is a message of its own. */
static bool
answer_with_bytes(const TeOpenRequest *request, const char *root, const char *path)
{
	static struct
	{
		TeOpenReply head;
		char		bytes[TE_OPEN_MAX_LIST];
	}			reply;

	if (!send_replies())
		return false;
	memset(&reply.head, 0, sizeof(reply.head));
	reply.head.magic = TE_OPEN_MAGIC;
	reply.head.number = request->number;
	if (request->want & TE_OPEN_LIST)
		opn_list_files(root, path, request->want, &reply.head, reply.bytes);
	else
		opn_read_thumbnail(root, path, request->offset, &reply.head, reply.bytes);
	return te_send(TE_FD_SOCKET, &reply, sizeof(reply.head) + reply.head.list_bytes, NULL, 0) == 0;
}

static void
open_one(const TeOpenRequest *request, const char *root, const char *path)
{
	TeOpenReply *reply = &unsent[nunsent];
	int			fd;

	memset(reply, 0, sizeof(*reply));
	reply->magic = TE_OPEN_MAGIC;
	reply->number = request->number;
	fd = opn_open_file(root, path, request->want, reply, &unsent_sidecars[nunsent]);
	unsent_fds[nunsent] = fd;
	unsent_ahead[nunsent] = (uint64_t) reply->size < request->read_ahead ? (uint64_t) reply->size : request->read_ahead;
	nunsent++;
}

/*
 * Answer the requests of one message.  Replies are sent after the last one, or when some time has passed: the server
 * measures the time of a request from the reply before.  Returns an exit code, or -1 to go on.
 */
static int
answer(const char *message, size_t length)
{
	static char root[TE_OPEN_MAX_PATH];
	static char path[TE_OPEN_MAX_PATH];
	int64_t		sent_ms = te_now_ms();

	while (length > 0)
	{
		TeOpenRequest request;

		if (nunsent == TE_OPEN_BATCH || !parse(&message, &length, &request, root, path))
			return TE_EXIT_PROTOCOL;
		if (request.want & (TE_OPEN_LIST | TE_OPEN_DATA))
		{
			if (!answer_with_bytes(&request, root, path))
				return TE_EXIT_NORMAL;
			sent_ms = te_now_ms();
			continue;
		}
		open_one(&request, root, path);
		if (length > 0 && te_now_ms() - sent_ms < MAX_UNSENT_MS)
			continue;
		if (!send_replies())
			return TE_EXIT_NORMAL;
		sent_ms = te_now_ms();
	}
	return -1;
}

/* Answer requests until the parent closes the socket. */
static int
serve(void)
{
	static char message[TE_MAX_OPEN_MESSAGE + 1];
	int			code;

	do
	{
		int			fds[TE_MAX_FDS];
		int			nfds;
		ssize_t		length = te_receive(TE_FD_SOCKET, message, sizeof(message), fds, &nfds);

		if (length == 0)
			return TE_EXIT_NORMAL;
		code = length < 0 || nfds > 0 ? TE_EXIT_PROTOCOL : answer(message, (size_t) length);
	} while (code < 0);
	if (code == TE_EXIT_PROTOCOL)
		log_message("invalid request\n");
	return code;
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
