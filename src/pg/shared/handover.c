/*
 * handover.c
 *		Sends descriptors to another server process.
 */
#include "postgres.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"

#include "handover.h"
#include "wire/fdpass.h"

/* Messages without the secret that are read before it gives up. */
#define MAX_STRANGE		1000

static int	receiver = -1;

static int
open_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* What is in this folder goes into no backup. */
static struct sockaddr_un
address_of(int pid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "pg_stat_tmp/thumbexif.%d.sock", pid);
	return address;
}

void
te_handover_close(void)
{
	struct sockaddr_un address = address_of(MyProcPid);

	if (receiver < 0)
		return;
	(void) unlink(address.sun_path);
	close(receiver);
	receiver = -1;
	ReleaseExternalFD();
}

void
te_handover_open(TeHandoverAddress *address)
{
	struct sockaddr_un name = address_of(MyProcPid);
	mode_t		mask;
	bool		bound;

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
	(void) unlink(name.sun_path);	/* an earlier process's */
	mask = umask(0177);
	bound = bind(receiver, (struct sockaddr *) &name, sizeof(name)) == 0;
	umask(mask);
	if (bound && pg_strong_random(&address->secret, sizeof(address->secret)))
		address->pid = MyProcPid;
	else
		te_handover_close();
}

bool
te_handover_send(const TeHandoverAddress *address, TeHandover *handover, const int *fds)
{
	struct sockaddr_un name = address_of(address->pid);
	int			sock;
	bool		sent;

	if (address->pid == 0 || !AcquireExternalFD())
		return false;
	sock = open_socket();
	handover->secret = address->secret;
	sent = sock >= 0 &&
		connect(sock, (struct sockaddr *) &name, sizeof(name)) == 0 &&
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
