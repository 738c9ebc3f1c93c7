/*
 * template.c
 *		Has the template start a decoder.
 *
 * The launcher keeps the template running (pg/worker/template_keeper.c).  If there is none, the connection is refused at once.
 */
#include "postgres.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "storage/fd.h"

#include "pg/base/clock.h"
#include "pg/shared/shmem.h"
#include "process.h"
#include "template.h"
#include "wire/decoder_args.h"
#include "wire/fdpass.h"
#include "wire/template.h"

/* A fork takes a millisecond, but others may ask as well.  After this time a decoder is started without the template. */
#define ANSWER_MS	1000

/* Connect to the template.  -1 if it does not listen, or is not of this server's user. */
static int
connect_to_template(void)
{
	struct sockaddr_un address;
	socklen_t	length = te_template_address(&address);
	struct ucred peer;
	socklen_t	peer_length = sizeof(peer);
	int			sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0)
		return -1;
	if (connect(sock, (struct sockaddr *) &address, length) == 0 &&
		getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &peer_length) == 0 && peer.uid == geteuid())
		return sock;
	close(sock);
	return -1;
}

/* Wait for the answer: the process id, 0 if there is no decoder, -1 if there may be. */
static pid_t
read_answer(int sock)
{
	int64		until = te_now_ms() + ANSWER_MS;
	struct pollfd waiting = {.fd = sock, .events = POLLIN};
	TeTemplateMessage message;
	ssize_t		length;

	for (;;)
	{
		int64		left = until - te_now_ms();

		if (left <= 0)
			return -1;
		if (poll(&waiting, 1, (int) left) > 0)
			break;
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

	sock = connect_to_template();
	if (sock >= 0 && te_send(sock, &request, sizeof(request), fds, 2) == 0)
		pid = read_answer(sock);
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
