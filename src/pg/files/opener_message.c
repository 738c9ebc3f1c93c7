/*
 * opener_message.c
 *		Sending requests to an opener process and receiving its replies.
 */
#include "postgres.h"

#include <sys/socket.h>
#include <unistd.h>

#include "opener_message.h"
#include "wire/fdpass.h"
#include "wire/message.h"

/* Append a request to a message.  False if there is no room for it. */
static bool
append(char *message, size_t *length, const TeOpening *request)
{
	const char *root = te_root_name(request->root);
	TeOpenRequest header = {
		.magic = TE_OPEN_MAGIC,
		.number = request->number,
		.want = request->list | (request->want_fd ? TE_OPEN_READ : 0) | (request->want_sidecar ? TE_OPEN_SIDECAR : 0),
		.root_length = strlen(root),
		.path_length = strlen(request->path),
		.read_ahead = request->read_ahead,
		.offset = request->offset
	};

	Assert(header.root_length < TE_OPEN_MAX_PATH && header.path_length < TE_OPEN_MAX_PATH);
	if (sizeof(header) + header.root_length + header.path_length > TE_MAX_OPEN_MESSAGE - *length)
		return false;
	memcpy(message + *length, &header, sizeof(header));
	*length += sizeof(header);
	memcpy(message + *length, root, header.root_length);
	*length += header.root_length;
	memcpy(message + *length, request->path, header.path_length);
	*length += header.path_length;
	return true;
}

int
te_opener_send_message(int sock, TeOpening *const *requests, int count)
{
	static char message[TE_MAX_OPEN_MESSAGE];
	size_t		length = 0;
	int			fitting = 0;

	while (fitting < count && append(message, &length, requests[fitting]))
		fitting++;
	return te_send(sock, message, length, NULL, 0) == 0 ? fitting : 0;
}

static bool
is_valid(const TeOpening *request, const TeOpenReply *reply)
{
	return reply->magic == TE_OPEN_MAGIC && reply->number == request->number &&
		reply->outcome <= TE_OPEN_ROOT_FAILED && reply->size >= 0 &&
		reply->sidecar <= TE_SIDECAR_UNREADABLE && reply->sidecar_size >= 0 &&
		(request->want_sidecar || reply->sidecar == TE_SIDECAR_NONE) &&
		(reply->sidecar != TE_SIDECAR_FOUND || reply->sidecar_size <= TE_MAX_SIDECAR);
}

/* Do descriptors come with a valid reply? */
static bool
has_fd(const TeOpening *request, const TeOpenReply *reply)
{
	return reply->outcome == TE_OPENED && request->want_fd;
}

static bool
has_sidecar_fd(const TeOpening *request, const TeOpenReply *reply)
{
	return has_fd(request, reply) && reply->sidecar == TE_SIDECAR_FOUND && reply->sidecar_size > 0;
}

/* What is received: replies, or one reply with a list or with bytes of a file. */
typedef union Message
{
	TeOpenReply replies[TE_OPEN_BATCH];
	struct
	{
		TeOpenReply head;
		char		paths[TE_OPEN_MAX_LIST];
	}			list;
} Message;

/* Store a list, or bytes of a file, in its request.  False if the reply is invalid. */
static bool
accept_list(TeOpening *request, const Message *message, size_t length, int nfds)
{
	const TeOpenReply *reply = &message->list.head;

	if (length < sizeof(*reply) || length != sizeof(*reply) + reply->list_bytes || nfds != 0 ||
		!is_valid(request, reply) ||
		(request->list != TE_OPEN_DATA && reply->list_bytes > 0 && message->list.paths[reply->list_bytes - 1] != '\0'))
		return false;
	request->reply = *reply;
	request->fd = request->sidecar_fd = -1;
	memcpy(request->list_buffer, message->list.paths, reply->list_bytes);
	return true;
}

/* Store the replies of a message in their requests.  False if they are invalid. */
static bool
accept_replies(TeOpening *const *requests, int count, const TeOpenReply *replies, const int *fds, int nfds)
{
	int			used = 0;

	for (int i = 0; i < count; i++)
	{
		if (!is_valid(requests[i], &replies[i]) || replies[i].list_bytes != 0)
			return false;
		used += has_fd(requests[i], &replies[i]) + has_sidecar_fd(requests[i], &replies[i]);
	}
	if (used != nfds)
		return false;
	for (int i = 0; i < count; i++)
	{
		requests[i]->reply = replies[i];
		requests[i]->fd = has_fd(requests[i], &replies[i]) ? *fds++ : -1;
		requests[i]->sidecar_fd = has_sidecar_fd(requests[i], &replies[i]) ? *fds++ : -1;
	}
	return true;
}

TeOpenerReceived
te_opener_receive(int sock, TeOpening *const *requests, int *count)
{
	static Message message;
	int			fds[TE_MAX_FDS];
	int			nfds;
	int			nreplies;
	bool		valid;
	ssize_t		length = te_receive(sock, &message, sizeof(message), fds, &nfds);

	/* If the peer died with unread requests, ECONNRESET is reported before its last messages. */
	if (length < 0 && errno == ECONNRESET)
		length = te_receive(sock, &message, sizeof(message), fds, &nfds);
	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return TE_OPENER_NO_REPLY;
	if (length == 0 || (length < 0 && errno != EPROTO))
		return TE_OPENER_EXITED;
	if (length > 0 && *count > 0 && requests[0]->list != 0)
	{
		nreplies = 1;
		valid = accept_list(requests[0], &message, (size_t) length, nfds);
	}
	else
	{
		nreplies = length > 0 ? (int) (length / sizeof(TeOpenReply)) : 0;
		valid = length > 0 && length % sizeof(TeOpenReply) == 0 && nreplies <= *count &&
			accept_replies(requests, nreplies, message.replies, fds, nfds);
	}
	if (!valid)
	{
		while (length > 0 && nfds > 0)
			close(fds[--nfds]);
		return TE_OPENER_INVALID_REPLY;
	}
	*count = nreplies;
	return TE_OPENER_REPLY;
}
