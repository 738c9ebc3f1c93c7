/*
 * opener.c
 *		The opener process of this session, and the requests it was given.
 *
 * The opener answers requests in the order in which they were sent.  So it is working on the first unanswered one,
 * since that was sent or since the previous one was answered.  A descriptor that a reply may bring is counted
 * (AcquireExternalFD) before the request is sent.
 *
 * A killed opener that is blocked in a dead file system does not exit.  We do not wait for it: it is reaped when it
 * does (decoder_slot.h), and its root is not tried again before that.
 */
#include "postgres.h"

#include <unistd.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/snapmgr.h"

#include "opener.h"
#include "opener_message.h"
#include "pg/base/clock.h"
#include "pg/compat.h"
#include "pg/pool/process.h"
#include "pg/shared/decoder_slot.h"

/* Consecutive openers that may exit without a reply before an ERROR is raised. */
#define MAX_START_TRIES	3

/* How long to wait for an opener that is exiting. */
#define EXIT_WAIT_MS		100

static TeProcess opener;		/* pid 0 = none */
static dlist_head pending = DLIST_STATIC_INIT(pending); /* unanswered requests in their order, those sent first */
static dlist_head answered = DLIST_STATIC_INIT(answered);	/* requests with a reply that were not dropped yet */
static uint32 last_number;
static int64 current_since_ms;	/* te_now_ms() when the opener began with current_request() */
static int	failed_starts;

/* --- lists */

static void
enlist(dlist_head *list, TeOpening *opening)
{
	dlist_push_tail(list, &opening->node);
	opening->listed = true;
}

static void
delist(TeOpening *opening)
{
	if (opening->listed)
		dlist_delete(&opening->node);
	opening->listed = false;
}

/* The request that the opener is working on, or NULL. */
static TeOpening *
current_request(void)
{
	TeOpening  *first;

	if (dlist_is_empty(&pending))
		return NULL;
	first = dlist_head_element(TeOpening, node, &pending);
	return first->sent ? first : NULL;
}

static void
set_answered(TeOpening *opening)
{
	delist(opening);
	opening->answered = true;
	enlist(&answered, opening);
}

/* Close the descriptor of a request that is in no list, and count it off. */
static void
release_fd(TeOpening *opening)
{
	if (opening->fd >= 0)
		(void) close(opening->fd);
	opening->fd = -1;
	if (opening->want_fd)
		ReleaseExternalFD();
	opening->want_fd = false;
	if (opening->sidecar_fd >= 0)
	{
		(void) close(opening->sidecar_fd);
		ReleaseExternalFD();
	}
	opening->sidecar_fd = -1;
}

/* Count the descriptor of a sidecar that has come; if none is left, close it and tell the caller. */
static void
count_sidecar(TeOpening *opening)
{
	if (opening->sidecar_fd < 0 || AcquireExternalFD())
		return;
	(void) close(opening->sidecar_fd);
	opening->sidecar_fd = -1;
	opening->sidecar_lost = true;
}

/* --- the process */

/* End the opener.  Its unanswered requests will be sent to the next one. */
static void
end_opener(bool kill, int64 until_ms)
{
	dlist_iter	iter;

	te_process_end(&opener, kill, until_ms);
	dlist_foreach(iter, &pending)
		dlist_container(TeOpening, node, iter.cur)->sent = false;
}

/* Kill the opener while it works on a request beneath a root, and do not wait for its exit.  Never throws. */
static void
kill_opener(TeRoot *root)
{
	int			child = opener.child;
	pid_t		pid = opener.pid;

	end_opener(true, 0);
	te_root_opener_killed(root, child, pid);
}

/* Drop the requests of this transaction nest level and deeper ones.  Never throws. */
static void
forget_requests(int level)
{
	TeOpening  *first = current_request();
	TeRoot	   *root = first ? first->root : NULL;
	bool		in_flight = false;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &pending)
	{
		TeOpening  *opening = dlist_container(TeOpening, node, iter.cur);

		if (opening->level < level)
			continue;
		in_flight |= opening->sent;
		delist(opening);
		release_fd(opening);
	}
	dlist_foreach_modify(iter, &answered)
	{
		TeOpening  *opening = dlist_container(TeOpening, node, iter.cur);

		if (opening->level < level)
			continue;
		delist(opening);
		release_fd(opening);
	}
	if (in_flight)
		kill_opener(root);
	te_decoder_slot_set_timer();
}

static void
on_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT)
		forget_requests(0);
}

static void
on_subtransaction_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	dlist_head *lists[] = {&pending, &answered};
	dlist_iter	iter;

	if (event == SUBXACT_EVENT_ABORT_SUB)
		forget_requests(level);
	for (int i = 0; i < (int) lengthof(lists) && event == SUBXACT_EVENT_COMMIT_SUB; i++)
	{
		dlist_foreach(iter, lists[i])
		{
			TeOpening  *opening = dlist_container(TeOpening, node, iter.cur);

			opening->level = Min(opening->level, level - 1);
		}
	}
}

static void
on_process_exit(int code, Datum arg)
{
	forget_requests(0);
	if (opener.pid != 0)
		te_process_end(&opener, true, te_decoder_slot_exit_ms());
	te_decoder_slot_reap(te_decoder_slot_exit_ms());
}

static void
register_callbacks(void)
{
	static bool prepared = false;

	if (prepared)
		return;
	te_decoder_slot_prepare();
	before_shmem_exit(on_process_exit, 0);
	RegisterXactCallback(on_transaction_end, NULL);
	RegisterSubXactCallback(on_subtransaction_end, NULL);
	prepared = true;
}

/* If there is an opener, mark it as busy.  False if there is none. */
static bool
hold_opener(void)
{
	if (opener.pid == 0 || te_decoder_slot_is_lost(opener.child))
		return false;
	(void) te_decoder_slot_hold(opener.child);
	return true;
}

/* Start an opener unless there is one. */
static void
ensure_opener(void)
{
	int			child;
	int			error;

	if (hold_opener())
		return;
	if (opener.pid != 0)
		end_opener(false, te_now_ms() + EXIT_WAIT_MS);
	child = te_decoder_slot_take_child();
	error = child < 0 ? EAGAIN : te_process_start(&opener, TE_PROGRAM_OPENER, child, NULL, 0);
	if (error != 0)
		te_process_start_failed(TE_PROGRAM_OPENER, error);
}

/* The opener exited or broke the protocol.  ERROR if that has happened several times in a row. */
static void
opener_failed(const char *how, bool kill)
{
	char		stderr_tail[TE_LOG_TEXT];

	end_opener(kill, te_now_ms() + EXIT_WAIT_MS);
	strlcpy(stderr_tail, opener.stderr_tail, sizeof(stderr_tail));
	if (++failed_starts < MAX_START_TRIES)
		return;
	failed_starts = 0;
	ereport(ERROR,
			(errcode(ERRCODE_SYSTEM_ERROR),
			 errmsg("image opener \"%s\" does not work", te_process_file(TE_PROGRAM_OPENER)),
			 stderr_tail[0] ? errdetail("The opener %s: %s", how, stderr_tail) : errdetail("The opener %s.", how),
			 errhint("Install the module and the opener of the same build. Sessions that are older than an upgrade must reconnect.")));
}

/* --- requests and replies */

/* Collect requests that are sent, or those of one root that are not, from the first one.  Returns their number. */
static int
first_requests(bool sent, TeOpening **requests)
{
	int			count = 0;
	dlist_iter	iter;

	dlist_foreach(iter, &pending)
	{
		TeOpening  *opening = dlist_container(TeOpening, node, iter.cur);

		if (opening->sent != sent)
			continue;
		if (count == TE_OPEN_BATCH || (!sent && count > 0 && opening->root != requests[0]->root))
			break;
		requests[count++] = opening;
	}
	return count;
}

/* Send requests until the socket is full.  Errors are ignored: they show up when we read from it. */
static void
send_requests(void)
{
	TeOpening  *requests[TE_OPEN_BATCH];
	int			count;

	while ((count = first_requests(false, requests)) > 0)
	{
		for (int i = 0; i < count; i++)
			requests[i]->number = ++last_number;
		count = te_opener_send_message(opener.sock, requests, count);
		if (count == 0)
			return;
		for (int i = 0; i < count; i++)
			requests[i]->sent = true;
		if (current_request() == requests[0])
			current_since_ms = te_now_ms();
	}
}

/* Receive one message; false if there is none yet.  Handles an opener that has exited or sent an invalid reply. */
static bool
receive_replies(void)
{
	TeOpening  *requests[TE_OPEN_BATCH];
	int			count = first_requests(true, requests);

	switch (te_opener_receive(opener.sock, requests, &count))
	{
		case TE_OPENER_NO_REPLY:
			return false;
		case TE_OPENER_EXITED:
			opener_failed("exited", false);
			break;
		case TE_OPENER_INVALID_REPLY:
			opener_failed("sent an invalid reply", true);
			break;
		case TE_OPENER_REPLY:
			for (int i = 0; i < count; i++)
			{
				count_sidecar(requests[i]);
				set_answered(requests[i]);
			}
			failed_starts = 0;
			current_since_ms = te_now_ms();
			break;
	}
	return true;
}

/* No reply in time: kill the opener, and answer all requests beneath the same root. */
static void
time_out_root(void)
{
	TeRoot	   *root = current_request()->root;
	dlist_mutable_iter iter;

	kill_opener(root);
	te_root_set_hanging(root);
	dlist_foreach_modify(iter, &pending)
	{
		TeOpening  *opening = dlist_container(TeOpening, node, iter.cur);

		if (opening->root != root)
			continue;
		opening->timed_out = true;
		set_answered(opening);
	}
}

static void
wait_for_reply(int64 wait_ms)
{
	static uint32 wait_event = 0;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("ThumbexifOpener");
	if (!AcquireExternalFD())
		te_process_start_failed(TE_PROGRAM_OPENER, EMFILE);
	ReleaseExternalFD();		/* WaitLatchOrSocket() will take it for its epoll descriptor */
	InvalidateCatalogSnapshot();	/* would hold back vacuum while we wait */
	if (WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_SOCKET_READABLE | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						  opener.sock, (long) wait_ms, wait_event) & WL_LATCH_SET)
		ResetLatch(MyLatch);
}

/* --- for callers */

bool
te_opener_request(TeOpening *opening)
{
	register_callbacks();
	if (opening->want_fd && !AcquireExternalFD())
	{
		opening->want_fd = false;
		return false;
	}
	opening->fd = opening->sidecar_fd = -1;
	opening->level = GetCurrentTransactionNestLevel();
	enlist(&pending, opening);
	return true;
}

void
te_opener_send(void)
{
	if (!dlist_is_empty(&pending) && hold_opener())
		send_requests();		/* otherwise te_opener_wait() starts one, which may throw */
}

void
te_opener_wait(TeOpening *opening)
{
	while (!opening->answered)
	{
		int64		wait_ms;

		CHECK_FOR_INTERRUPTS();
		ensure_opener();
		send_requests();
		if (receive_replies())
			continue;
		if (current_request() == NULL)
		{
			opener_failed("accepts no request", true);
			continue;
		}
		wait_ms = current_since_ms + te_root_timeout_ms(current_request()->root) - te_now_ms();
		if (wait_ms > 0)
			wait_for_reply(wait_ms);
		else
			time_out_root();
	}
	if (dlist_is_empty(&pending) && opener.pid != 0)
		te_decoder_slot_idle(opener.child);
}

int
te_opener_take(TeOpening *opening, int *sidecar_fd)
{
	int			fd = opening->fd;

	if (fd >= 0)
		opening->want_fd = false;
	*sidecar_fd = opening->sidecar_fd;
	opening->fd = opening->sidecar_fd = -1;
	return fd;
}

void
te_opener_drop(TeOpening *opening)
{
	bool		in_flight = opening->listed && opening->sent && !opening->answered;
	TeRoot	   *root = in_flight ? current_request()->root : NULL;

	delist(opening);
	release_fd(opening);
	if (in_flight)
		kill_opener(root);
}
