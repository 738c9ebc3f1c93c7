/*
 * opener_message.h
 *		Sending requests to an opener process and receiving its replies (private to opener.c).
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

/*
 * Send requests of one root, as many as go into one message, without waiting.  Returns how many; 0 if they could not be
 * sent.
 */
extern int	te_opener_send_message(int sock, TeOpening *const *requests, int count);

/*
 * Receive replies to the first of these requests (*count of them, up to TE_OPEN_BATCH), into their reply and fd, and set
 * *count to their number.  With *count 0 (none was sent) only notice an exit.
 */
extern TeOpenerReceived te_opener_receive(int sock, TeOpening *const *requests, int *count);

#endif							/* TE_PG_OPENER_MESSAGE_H */
