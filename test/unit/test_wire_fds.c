/*
 * test_wire_fds.c
 *		Tests sending and receiving messages with descriptors.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <fcntl.h>

#include "wire/fdpass.h"
#include "test/unit/tap.h"

static int	socks[2];
static int	some_fd;

/* Descriptors this process has open. */
static int
count_open(void)
{
	DIR		   *dir = opendir("/proc/self/fd");
	int			count = 0;

	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* Send what te_send would not: that many descriptors, and a message of that length. */
static void
send_raw(int nfds, size_t length)
{
	char		bytes[200] = "raw";
	union
	{
		struct cmsghdr header;
		char		space[CMSG_SPACE(sizeof(int) * 2 * TE_MAX_FDS)];
	}			control = {.space = {0}};
	struct iovec iov = {bytes, length};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (nfds > 0)
	{
		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		for (int i = 0; i < nfds; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &some_fd, sizeof(int));
	}
	if (sendmsg(socks[0], &message, 0) < 0)
		abort();
}

/* Receive: what came, with errno or -1 in *error; descriptors that came are counted and closed. */
static ssize_t
receive(size_t size, int *nfds)
{
	char		bytes[200];
	int			fds[TE_MAX_FDS];
	ssize_t		length = te_receive(socks[1], bytes, size, fds, nfds);
	int			save_errno = errno;

	for (int i = 0; i < *nfds; i++)
	{
		if (length >= 0)
			ok((fcntl(fds[i], F_GETFD) & FD_CLOEXEC) != 0, "a descriptor arrives close-on-exec");
		close(fds[i]);
	}
	errno = save_errno;
	return length;
}

static void
refused(const char *what, int open_before)
{
	int			nfds;
	ssize_t		length = receive(100, &nfds);

	ok(length == -1 && errno == EPROTO, "refused: %s", what);
	is_int(nfds, 0, "no descriptor is handed over");
	is_int(count_open(), open_before, "nor left open");
}

int
main(void)
{
	int			fds[TE_MAX_FDS + 1];
	int			nfds;
	int			before;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, socks) < 0)
		abort();
	some_fd = open("/dev/null", O_RDONLY);
	for (int i = 0; i <= TE_MAX_FDS; i++)
		fds[i] = some_fd;
	before = count_open();

	is_int(receive(100, &nfds), -1, "nothing there yet");
	is_int(errno, EAGAIN, "which is EAGAIN");

	is_int(te_send(socks[0], "hello", 5, fds, 2), 0, "sent with two descriptors");
	is_int(receive(100, &nfds), 5, "arrived");
	is_int(nfds, 2, "with both");
	is_int(te_send(socks[0], "hello", 5, fds, TE_MAX_FDS), 0, "sent with as many as may be");
	is_int(receive(100, &nfds), 5, "arrived");
	is_int(nfds, TE_MAX_FDS, "with all of them");
	is_int(te_send(socks[0], "hello", 5, NULL, 0), 0, "sent without any");
	is_int(receive(100, &nfds), 5, "arrived");
	is_int(nfds, 0, "without any");
	is_int(count_open(), before, "nothing leaks");

	is_int(te_send(socks[0], "hello", 5, fds, TE_MAX_FDS + 1), -1, "too many are not sent");
	is_int(te_send(socks[0], "", 0, fds, 1), -1, "nor is a message of no length");

	send_raw(TE_MAX_FDS + 1, 5);
	refused("a descriptor too many", before);
	send_raw(2 * TE_MAX_FDS, 5);
	refused("many too many", before);
	send_raw(1, 101);
	refused("a message that is too long", before);
	send_raw(2, 0);
	refused("descriptors without a message", before);

	send_raw(0, 100);
	is_int(receive(100, &nfds), 100, "the longest message arrives");

	close(socks[0]);
	is_int(receive(100, &nfds), 0, "end of file");
	is_int(te_send(socks[1], "hello", 5, NULL, 0), -1, "the other end is closed: no SIGPIPE");
	is_int(errno, EPIPE, "but EPIPE");
	return done_testing();
}
