/*
 * opener_message.c
 *		Sending a request to an opener process and receiving its reply.
 */
#include "postgres.h"

#include <sys/socket.h>
#include <unistd.h>

#include "opener_message.h"
#include "wire/fdpass.h"

int
te_opener_send(int sock, const TeOpening *request)
{
	static char message[TE_MAX_OPEN_REQUEST];
	const char *root = te_root_name(request->root);
	TeOpenRequest header = {
		.magic = TE_OPEN_MAGIC,
		.number = request->number,
		.want = request->list | (request->want_fd ? TE_OPEN_READ : 0),
		.root_length = strlen(root),
		.path_length = strlen(request->path)
	};

	Assert(header.root_length < TE_OPEN_MAX_PATH && header.path_length < TE_OPEN_MAX_PATH);
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), root, header.root_length);
	memcpy(message + sizeof(header) + header.root_length, request->path, header.path_length);
	return te_send(sock, message, sizeof(header) + header.root_length + header.path_length, NULL, 0);
}

typedef struct Message
{
	TeOpenReply head;
	char		list[TE_OPEN_MAX_LIST];
} Message;

static bool
is_valid(const TeOpening *request, const Message *message, ssize_t length, int nfds)
{
	const TeOpenReply *reply = &message->head;

	return request != NULL && length >= (ssize_t) sizeof(*reply) &&
		length == (ssize_t) (sizeof(*reply) + reply->list_bytes) &&
		(reply->list_bytes == 0 || (request->list != 0 && message->list[reply->list_bytes - 1] == '\0')) &&
		reply->magic == TE_OPEN_MAGIC && reply->number == request->number &&
		reply->outcome <= TE_OPEN_ROOT_FAILED && reply->size >= 0 &&
		nfds == (reply->outcome == TE_OPENED && request->want_fd ? 1 : 0);
}

TeOpenerReceived
te_opener_receive(int sock, const TeOpening *request, TeOpenReply *reply, int *fd)
{
	static Message message;
	int			fds[TE_MAX_FDS];
	int			nfds;
	ssize_t		length = te_receive(sock, &message, sizeof(message), fds, &nfds);

	*fd = -1;
	/* If the peer died with unread requests, ECONNRESET is reported before its last messages. */
	if (length < 0 && errno == ECONNRESET)
		length = te_receive(sock, &message, sizeof(message), fds, &nfds);
	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return TE_OPENER_NO_REPLY;
	if (length == 0 || (length < 0 && errno != EPROTO))
		return TE_OPENER_EXITED;
	if (!is_valid(request, &message, length, length > 0 ? nfds : 0))
	{
		while (length > 0 && nfds > 0)
			close(fds[--nfds]);
		return TE_OPENER_INVALID_REPLY;
	}
	*reply = message.head;
	if (reply->list_bytes > 0)
		memcpy(request->list_buffer, message.list, reply->list_bytes);
	if (nfds > 0)
		*fd = fds[0];
	return TE_OPENER_REPLY;
}
