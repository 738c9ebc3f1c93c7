/*
 * handover.c
 *		Sends descriptors to another server process.
 */
#include "postgres.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "storage/fd.h"

#include "handover.h"
#include "wire/fdpass.h"

/* Messages of strangers that are read before it gives up. */
#define MAX_STRANGE		1000

static int	receiver = -1;

static int
open_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void
te_handover_close(void)
{
	if (receiver < 0)
		return;
	close(receiver);
	receiver = -1;
	ReleaseExternalFD();
}

void
te_handover_open(TeHandoverAddress *address)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t	length = sizeof(name);

	memset(address, 0, sizeof(*address));
	te_handover_close();
	if (!AcquireExternalFD())
		return;
	receiver = open_socket();
	if (receiver < 0)
	{
		ReleaseExternalFD();
		return;
	}
	/* without a name, the kernel chooses one */
	if (bind(receiver, (struct sockaddr *) &name, sizeof(name.sun_family)) != 0 ||
		getsockname(receiver, (struct sockaddr *) &name, &length) != 0 ||
		length <= offsetof(struct sockaddr_un, sun_path) ||
		length - offsetof(struct sockaddr_un, sun_path) > sizeof(address->name) ||
		!pg_strong_random(&address->secret, sizeof(address->secret)))
	{
		te_handover_close();
		return;
	}
	address->length = (int) (length - offsetof(struct sockaddr_un, sun_path));
	memcpy(address->name, name.sun_path, address->length);
}

bool
te_handover_send(const TeHandoverAddress *address, TeHandover *handover, const int *fds)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int			sock;
	bool		sent;

	if (address->length == 0 || !AcquireExternalFD())
		return false;
	sock = open_socket();
	memcpy(name.sun_path, address->name, address->length);
	handover->secret = address->secret;
	sent = sock >= 0 &&
		connect(sock, (struct sockaddr *) &name, (socklen_t) (offsetof(struct sockaddr_un, sun_path) + address->length)) == 0 &&
		te_send(sock, handover, sizeof(*handover), fds, TE_HANDOVER_FDS) == 0;
	if (sock >= 0)
		close(sock);
	ReleaseExternalFD();
	return sent;
}

bool
te_handover_receive(const TeHandoverAddress *address, TeHandover *handover, int *fds)
{
	for (int i = 0; i < MAX_STRANGE && receiver >= 0; i++)
	{
		int			received[TE_MAX_FDS];
		int			nfds;
		ssize_t		length = te_receive(receiver, handover, sizeof(*handover), received, &nfds);

		if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (length == sizeof(*handover) && nfds == TE_HANDOVER_FDS && handover->secret == address->secret)
		{
			memcpy(fds, received, sizeof(int) * TE_HANDOVER_FDS);
			return true;
		}
		while (length >= 0 && nfds > 0)
			close(received[--nfds]);
	}
	return false;
}

void
te_handover_drop(const int *fds)
{
	for (int i = 0; i < TE_HANDOVER_FDS; i++)
		close(fds[i]);
}
