/*
 * template.c
 *		Has the template start a decoder.
 *
 * The launcher keeps the template running (pg/worker/template_keeper.c).  If there is none, the connection is refused at once.
 */
#include "postgres.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "storage/fd.h"

#include "pg/base/clock.h"
#include "pg/shared/shmem.h"
#include "process.h"
#include "template.h"
#include "wire/decoder_args.h"
#include "wire/fdpass.h"
#include "wire/template.h"

/*
 * A fork takes a millisecond, but others may ask as well.  After this time a decoder is started without the template, and the
 * launcher replaces that.
 */
#define ANSWER_MS	1000

/* Connect to the template.  -1 if it does not listen, is not of this server's user, or has not answered another session. */
static int
connect_to_template(pid_t *template)
{
	struct sockaddr_un address;
	socklen_t	length = te_template_address(&address);
	struct ucred peer;
	socklen_t	peer_length = sizeof(peer);
	int			sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0)
		return -1;
	if (connect(sock, (struct sockaddr *) &address, length) == 0 &&
		getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &peer_length) == 0 && peer.uid == geteuid() &&
		(uint32) peer.pid != pg_atomic_read_u32(&te_shared->hung_template))
	{
		*template = peer.pid;
		return sock;
	}
	close(sock);
	return -1;
}

/*
 * Wait until there is an answer or the statement is to end, which the caller sees to.  Signals arrive in ppoll() only, so that
 * none is missed.
 */
static bool
wait_for_answer(int sock)
{
	int64		until_ms = te_now_ms() + ANSWER_MS;
	struct pollfd waiting = {.fd = sock, .events = POLLIN};
	sigset_t	signals;
	int			rc = 0;

	sigprocmask(SIG_BLOCK, &BlockSig, &signals);
	while (rc <= 0 && !QueryCancelPending && !ProcDiePending)
	{
		int64		left = Max(until_ms - te_now_ms(), 0);
		struct timespec timeout = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

		rc = ppoll(&waiting, 1, &timeout, &signals);
		if (left == 0)
			break;				/* after a last look: it may be this process that was away */
	}
	sigprocmask(SIG_SETMASK, &signals, NULL);
	return rc > 0;
}

/* Read the answer: the process id, 0 if there is no decoder, -1 if there may be. */
static pid_t
read_answer(int sock, pid_t template)
{
	TeTemplateMessage message;
	ssize_t		length;

	if (!wait_for_answer(sock))
	{
		if (!QueryCancelPending && !ProcDiePending)
		{
			pg_atomic_write_u32(&te_shared->hung_template, (uint32) template);
			te_shmem_set_latch(pg_atomic_read_u32(&te_shared->launcher));
		}
		return -1;
	}
	length = recv(sock, &message, sizeof(message), MSG_DONTWAIT);
	if (length != sizeof(message) || message.magic != TE_TEMPLATE_MAGIC ||
		message.event != TE_TEMPLATE_STARTED || message.value <= 0)
		return 0;
	return message.value;
}

pid_t
te_template_fork(int child_sock, int child_log, const int *numbers, int *template_sock)
{
	TeTemplateRequest request;
	int			fds[2] = {child_sock, child_log};
	pid_t		template;
	pid_t		pid = 0;
	int			sock;

	memset(&request, 0, sizeof(request));
	request.magic = TE_TEMPLATE_MAGIC;
	request.memory = (uint32) numbers[0];
	request.file = (uint32) numbers[TE_ARG_FILE - TE_ARG_MEMORY];
	request.timeout = (uint32) numbers[TE_ARG_TIMEOUT - TE_ARG_MEMORY];
	strlcpy(request.version, TE_VERSION, sizeof(request.version));
	if (te_shared == NULL || !te_file_id(te_process_file(TE_PROGRAM_DECODER), &request.program) ||
		!AcquireExternalFD())
		return 0;

	sock = connect_to_template(&template);
	if (sock >= 0 && te_send(sock, &request, sizeof(request), fds, 2) == 0)
		pid = read_answer(sock, template);
	if (pid > 0)
	{
		*template_sock = sock;
		return pid;
	}
	if (sock >= 0)
		close(sock);
	ReleaseExternalFD();
	return pid;
}
