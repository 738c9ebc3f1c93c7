/*
 * handover.h
 *		Sends descriptors to another server process (private to decoder_slot_take.c).
 *
 * A process that waits for a decoder has a datagram socket in the data directory, to which only the server's user may send.
 * A message counts only if it has the secret, which is in shared memory.  What was sent and not read is closed with the socket.
 * Of a process that is killed a name remains, which the next with its process id replaces.
 */
#ifndef TE_PG_HANDOVER_H
#define TE_PG_HANDOVER_H

#include "postgres.h"

#include "wire/message.h"

/* Where a process receives; in shared memory. */
typedef struct TeHandoverAddress
{
	int			pid;			/* of the process, whose socket is named after it; 0 = it cannot receive */
	uint64		secret;
} TeHandoverAddress;

enum							/* the descriptors of a decoder */
{
	TE_HANDOVER_SOCKET, TE_HANDOVER_LOG, TE_HANDOVER_TEMPLATE, TE_HANDOVER_FDS
};

/* What the next session must know of a decoder. */
typedef struct TeHandover
{
	uint64		secret;			/* set by te_handover_send() */
	int64		busy_ms;		/* as in TeDecoder */
	int			pid;
	int			images;
	TeHello		hello;
} TeHandover;

/* Open this process's socket.  If that is not possible the address has process id 0. */
extern void te_handover_open(TeHandoverAddress *address);

/* Close it, with what was not received.  Does nothing if it is not open. */
extern void te_handover_close(void);

/* Send; the descriptors stay open here.  Does not wait.  False if that was not possible. */
extern bool te_handover_send(const TeHandoverAddress *address, TeHandover *handover, const int *fds);

/* Receive what was sent.  The caller closes the descriptors.  False if there is nothing. */
extern bool te_handover_receive(const TeHandoverAddress *address, TeHandover *handover, int *fds);

/* Close received descriptors, with which the decoder ends. */
extern void te_handover_drop(const int *fds);

#endif							/* TE_PG_HANDOVER_H */
