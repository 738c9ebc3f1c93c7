/*
 * fdpass.c
 *		Sends and receives a message with file descriptors over a SOCK_SEQPACKET socket.
 *
 * Neither end trusts the other: level, type, length and both truncation flags are
 * checked, and all descriptors that arrived are closed on any failure.
 */
#include "wire/fdpass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Room for the control data, aligned as cmsghdr wants it. */
typedef union ControlBuffer
{
	struct cmsghdr header;
	char		space[CMSG_SPACE(sizeof(int) * TE_MAX_FDS)];
} ControlBuffer;

int
te_send(int sock, const void *message, size_t length, const int *fds, int nfds)
{
	struct iovec iov = {.iov_base = (void *) message, .iov_len = length};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
	ControlBuffer control;
	ssize_t		sent;

	if (nfds < 0 || nfds > TE_MAX_FDS || length == 0)
	{
		errno = EINVAL;
		return -1;
	}
	if (nfds > 0)
	{
		struct cmsghdr *cmsg;

		memset(&control, 0, sizeof(control));
		header.msg_control = control.space;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * nfds);
	}

	do
		sent = sendmsg(sock, &header, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);

	if (sent < 0)
		return -1;
	if ((size_t) sent != length)
	{
		errno = EPROTO;			/* cannot happen on SOCK_SEQPACKET */
		return -1;
	}
	return 0;
}

/* Get the descriptors from the control data.  False if it holds anything else. */
static int
take_fds(struct msghdr *header, int *fds, int *nfds)
{
	int			clean = 1;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg != NULL;
		 cmsg = CMSG_NXTHDR(header, cmsg))
	{
		size_t		count;

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS ||
			cmsg->cmsg_len < CMSG_LEN(0))
		{
			clean = 0;
			continue;
		}
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++)
		{
			int			fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			if (*nfds < TE_MAX_FDS)
				fds[(*nfds)++] = fd;
			else
			{
				close(fd);
				clean = 0;
			}
		}
	}
	return clean;
}

ssize_t
te_receive(int sock, void *message, size_t size, int *fds, int *nfds)
{
	struct iovec iov = {.iov_base = message, .iov_len = size};
	ControlBuffer control;
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space)
	};
	ssize_t		received;

	*nfds = 0;
	do
		received = recvmsg(sock, &header, MSG_CMSG_CLOEXEC);
	while (received < 0 && errno == EINTR);

	if (received < 0)
		return -1;

	/* Descriptors without a message are not an end of file: te_send never sends that. */
	if (!take_fds(&header, fds, nfds) ||
		(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
		(received == 0 && *nfds > 0))
	{
		while (*nfds > 0)
			close(fds[--*nfds]);
		errno = EPROTO;
		return -1;
	}
	return received;
}
