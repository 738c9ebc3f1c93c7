/*
 * opener_message.h
 *		Sending a request to an opener process and receiving its reply (private to opener.c).
 */
#ifndef TE_PG_OPENER_MESSAGE_H
#define TE_PG_OPENER_MESSAGE_H

#include "postgres.h"

#include "opener.h"
#include "wire/opening.h"

typedef enum TeOpenerReceived
{
	TE_OPENER_REPLY,
	TE_OPENER_NO_REPLY,			/* none yet */
	TE_OPENER_EXITED,
	TE_OPENER_INVALID_REPLY
} TeOpenerReceived;

/* Send a request without waiting.  0 or an errno. */
extern int	te_opener_send(int sock, const TeOpening *request);

/* Receive the reply to a request, or with NULL (none was sent) only notice an exit.  *fd is its descriptor, or -1. */
extern TeOpenerReceived te_opener_receive(int sock, const TeOpening *request, TeOpenReply *reply, int *fd);

#endif							/* TE_PG_OPENER_MESSAGE_H */
