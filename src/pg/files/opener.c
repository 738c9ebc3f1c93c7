/*
 * opener.c
 *		This process's opener: files that it has been asked for.
 *
 * Requests are answered in turn, so the first of those that were sent is at work, since it was sent or since the one
 * before it was answered.  The descriptors that answers bring are counted before they arrive.
 *
 * A killed opener may not die, as long as its file system is dead.  Nobody waits for it: it is
 * reaped when it does (decoder_slot.h), and until then its root is not tried again.
 */
#include "postgres.h"

#include <sys/socket.h>
#include <unistd.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/snapmgr.h"

#include "opener.h"
#include "pg/base/clock.h"
#include "pg/compat.h"
#include "pg/pool/process.h"
#include "pg/shared/decoder_slot.h"
#include "wire/fdpass.h"

/* Openers that end without an answer, in a row, until that is an ERROR. */
#define MAX_START_TRIES	3

/* How long one that is ending may take. */
#define ENDING_MS		100

static TeProcess opener;		/* pid 0 = none */
static dlist_head asked = DLIST_STATIC_INIT(asked); /* in turn, those that were sent first */
static dlist_head answered = DLIST_STATIC_INIT(answered);	/* and not yet dropped */
static uint32 last_number;
static int64 at_work_since;		/* te_now_ms(): the first that was sent */
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

/* The one that the opener works on, or NULL. */
static TeOpening *
at_work(void)
{
	TeOpening  *first;

	if (dlist_is_empty(&asked))
		return NULL;
	first = dlist_head_element(TeOpening, node, &asked);
	return first->sent ? first : NULL;
}

static void
answer(TeOpening *opening)
{
	delist(opening);
	opening->answered = true;
	enlist(&answered, opening);
}

/* Close and count off what it has.  It is in no list any more. */
static void
release(TeOpening *opening)
{
	if (opening->fd >= 0)
		(void) close(opening->fd);
	opening->fd = -1;
	if (opening->reading)
		ReleaseExternalFD();
	opening->reading = false;
}

/* --- the process */

/* The opener is there no more: what it was asked is to be sent to the next one. */
static void
end_opener(bool kill, int64 until_ms)
{
	dlist_iter	iter;

	te_process_end(&opener, kill, until_ms);
	dlist_foreach(iter, &asked)
		dlist_container(TeOpening, node, iter.cur)->sent = false;
}

/* Kill it in the middle of its work, without waiting; its root may be the reason.  Never throws. */
static void
give_up(TeRoot *root)
{
	int			child = opener.child;
	pid_t		pid = opener.pid;

	end_opener(true, 0);
	te_root_left_behind(root, child, pid);
}

/* Forget what was asked for at that transaction nest level or deeper.  Never throws. */
static void
forget(int level)
{
	TeOpening  *first = at_work();
	TeRoot	   *root = first ? first->root : NULL;
	bool		owed = false;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &asked)
	{
		TeOpening  *opening = dlist_container(TeOpening, node, iter.cur);

		if (opening->level < level)
			continue;
		owed |= opening->sent;
		delist(opening);
		release(opening);
	}
	dlist_foreach_modify(iter, &answered)
	{
		TeOpening  *opening = dlist_container(TeOpening, node, iter.cur);

		if (opening->level < level)
			continue;
		delist(opening);
		release(opening);
	}
	if (owed)
		give_up(root);
	te_decoder_slot_set_timer();
}

static void
on_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT)
		forget(0);
}

static void
on_subtransaction_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	dlist_head *lists[] = {&asked, &answered};
	dlist_iter	iter;

	if (event == SUBXACT_EVENT_ABORT_SUB)
		forget(level);
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
	forget(0);
	if (opener.pid != 0)
		te_process_end(&opener, true, te_decoder_slot_exit_ms());
	te_decoder_slot_reap(te_decoder_slot_exit_ms());
}

static void
prepare(void)
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

/* Is there an opener?  Then it does not rest any more. */
static bool
hold(void)
{
	if (opener.pid == 0 || te_decoder_slot_is_lost(opener.child))
		return false;
	(void) te_decoder_slot_hold(opener.child);
	return true;
}

/* See to it that there is one. */
static void
start(void)
{
	int			child;
	int			error;

	if (hold())
		return;
	if (opener.pid != 0)
		end_opener(false, te_now_ms() + ENDING_MS);
	child = te_decoder_slot_take_child();
	error = child < 0 ? EAGAIN : te_process_start(&opener, TE_PROGRAM_OPENER, child, NULL, 0);
	if (error != 0)
		te_process_start_failed(TE_PROGRAM_OPENER, error);
}

/* It has ended by itself, or is not understood.  ERROR if that happens again and again. */
static void
lost(const char *how, bool kill)
{
	char		stderr_tail[TE_LOG_TEXT];

	end_opener(kill, te_now_ms() + ENDING_MS);
	strlcpy(stderr_tail, opener.stderr_tail, sizeof(stderr_tail));
	if (++failed_starts < MAX_START_TRIES)
		return;
	failed_starts = 0;
	ereport(ERROR,
			(errcode(ERRCODE_SYSTEM_ERROR),
			 errmsg("image opener \"%s\" does not work", te_process_file(TE_PROGRAM_OPENER)),
			 stderr_tail[0] ? errdetail("It %s: %s", how, stderr_tail) : errdetail("It %s.", how),
			 errhint("Install module and opener of the same build. Sessions older than an upgrade must reconnect.")));
}

/* --- the conversation */

static int
send_request(TeOpening *opening)
{
	static char message[TE_MAX_OPEN_REQUEST];
	const char *root = te_root_name(opening->root);
	TeOpenRequest request = {
		.magic = TE_OPEN_MAGIC,
		.number = ++last_number,
		.want = opening->reading ? TE_OPEN_READ : 0,
		.root_length = strlen(root),
		.path_length = strlen(opening->path)
	};

	Assert(request.root_length < TE_OPEN_MAX_PATH && request.path_length < TE_OPEN_MAX_PATH);
	opening->number = request.number;
	memcpy(message, &request, sizeof(request));
	memcpy(message + sizeof(request), root, request.root_length);
	memcpy(message + sizeof(request) + request.root_length, opening->path, request.path_length);
	return te_send(opener.sock, message, sizeof(request) + request.root_length + request.path_length, NULL, 0);
}

/* Send what was not sent yet, as far as there is room: what ends the opener is found when it is read from. */
static void
send_requests(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &asked)
	{
		TeOpening  *opening = dlist_container(TeOpening, node, iter.cur);

		if (opening->sent)
			continue;
		if (send_request(opening) != 0)
			return;
		opening->sent = true;
		if (at_work() == opening)
			at_work_since = te_now_ms();
	}
}

/* Is that what the first request must be answered with? */
static bool
is_valid(const TeOpening *first, const TeOpenReply *reply, ssize_t length, int nfds)
{
	return first != NULL && length == (ssize_t) sizeof(*reply) &&
		reply->magic == TE_OPEN_MAGIC && reply->number == first->number &&
		reply->outcome <= TE_OPEN_ROOT_FAILED && reply->size >= 0 &&
		nfds == (reply->outcome == TE_OPENED && first->reading ? 1 : 0);
}

/* Take one answer; false if there is none yet.  Sees to an opener that has ended. */
static bool
take_answer(void)
{
	TeOpening  *first = at_work();
	TeOpenReply reply;
	int			fds[TE_MAX_FDS];
	int			nfds;
	ssize_t		length = te_receive(opener.sock, &reply, sizeof(reply), fds, &nfds);

	/* A peer that died with unread requests is reported before what it had sent. */
	if (length < 0 && errno == ECONNRESET)
		length = te_receive(opener.sock, &reply, sizeof(reply), fds, &nfds);
	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	if (length == 0 || (length < 0 && errno != EPROTO))
	{
		lost("ended", false);
		return true;
	}
	if (!is_valid(first, &reply, length, length > 0 ? nfds : 0))
	{
		while (length > 0 && nfds > 0)
			close(fds[--nfds]);
		lost("gave an invalid reply", true);
		return true;
	}
	first->reply = reply;
	first->fd = nfds > 0 ? fds[0] : -1;
	answer(first);
	failed_starts = 0;
	at_work_since = te_now_ms();
	return true;
}

/* The opener hangs: the root it works on is to be left alone. */
static void
answer_as_hanging(void)
{
	TeRoot	   *root = at_work()->root;
	dlist_mutable_iter iter;

	give_up(root);
	te_root_hangs(root);
	dlist_foreach_modify(iter, &asked)
	{
		TeOpening  *opening = dlist_container(TeOpening, node, iter.cur);

		if (opening->root != root)
			continue;
		opening->hangs = true;
		answer(opening);
	}
}

static void
wait_for_answer(int64 wait_ms)
{
	static uint32 wait_event = 0;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("ThumbexifOpener");
	if (!AcquireExternalFD())
		te_process_start_failed(TE_PROGRAM_OPENER, EMFILE);
	ReleaseExternalFD();		/* the wait takes it */
	InvalidateCatalogSnapshot();	/* it would hold back vacuum while we wait */
	if (WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_SOCKET_READABLE | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						  opener.sock, (long) wait_ms, wait_event) & WL_LATCH_SET)
		ResetLatch(MyLatch);
}

/* --- for callers */

bool
te_opener_ask(TeOpening *opening)
{
	prepare();
	if (opening->reading && !AcquireExternalFD())
	{
		opening->reading = false;
		return false;
	}
	opening->fd = -1;
	opening->level = GetCurrentTransactionNestLevel();
	enlist(&asked, opening);
	if (hold())
		send_requests();		/* otherwise te_opener_wait does it, which may throw */
	return true;
}

void
te_opener_wait(TeOpening *opening)
{
	while (!opening->answered)
	{
		int64		wait_ms;

		CHECK_FOR_INTERRUPTS();
		start();
		send_requests();
		if (take_answer())
			continue;
		if (at_work() == NULL)
		{
			lost("takes no request", true);
			continue;
		}
		wait_ms = at_work_since + te_root_patience(at_work()->root) - te_now_ms();
		if (wait_ms > 0)
			wait_for_answer(wait_ms);
		else
			answer_as_hanging();
	}
	if (dlist_is_empty(&asked) && opener.pid != 0)
		te_decoder_slot_idle(opener.child);
}

int
te_opener_take(TeOpening *opening)
{
	int			fd = opening->fd;

	if (fd >= 0)
		opening->reading = false;
	opening->fd = -1;
	return fd;
}

void
te_opener_drop(TeOpening *opening)
{
	bool		owed = opening->listed && opening->sent && !opening->answered;
	TeRoot	   *root = owed ? at_work()->root : NULL;

	delist(opening);
	release(opening);
	if (owed)
		give_up(root);
}
