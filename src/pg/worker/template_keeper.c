/*
 * template_keeper.c
 *		Keeps a template running, from which decoders are forked (for the launcher).
 *
 * A template that retires makes no more decoders and is replaced at once, or after a pause if a decoder of it has died, which
 * is longer each time that happens soon; but it lives until its last decoder has ended.  One that does not answer sessions is
 * asked to retire, and killed if it does not.  If
 * one dies, the kernel kills its decoders, which become children of the launcher: it has asked for that, because the
 * postmaster would take the death of an unknown process for a crash, if it is process 1 (see pool/process.c).
 */
#include "postgres.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/latch.h"

#include "pg/base/backoff.h"
#include "pg/base/clock.h"
#include "pg/pool/process.h"
#include "pg/shared/decoder_slot.h"
#include "pg/shared/metrics.h"
#include "pg/shared/shmem.h"
#include "template_keeper.h"
#include "wire/template.h"

/* Templates at the same time, all but one retired. */
#define MAX_TEMPLATES	4

#define RESTART_MS		1000	/* between the starts of two templates, and after the first that died */
#define RESTART_MAX_MS	(5 * 60 * 1000)
#define REPLACE_MAX_MS	(60 * 1000) /* the same for those that were well but had to be replaced */
#define STARTUP_MS		(60 * 1000) /* uptime after which a death is not a failure to start */

/* Time for one that does not answer to retire. */
#define HUNG_MS			5000

/* After the death of a template: how long and how often to look for decoders to be reaped. */
#define ORPHANS_MS		5000
#define ORPHANS_POLL_MS 20

typedef struct Template
{
	TeProcess	process;		/* pid 0 = none */
	bool		retired;		/* or asked to */
	int64		started_ms;
	int64		kill_ms;		/* 0 = never: when to kill it, if it has not said by then that it has retired */
} Template;

static Template templates[MAX_TEMPLATES];
static int64 start_after_ms = 0;
static int64 orphans_until_ms = 0;	/* 0 = there are none */
static int	failures = 0;		/* in a row */
static int	replaced = 0;		/* in a row, soon after their start */

void
te_template_keeper_prepare(void)
{
	te_decoder_slot_prepare();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		ereport(LOG, (errmsg("thumbexif: prctl(PR_SET_CHILD_SUBREAPER) failed: %m")));
}

/* Put off the next start, longer with each template in a row that has not lived long.  Returns the milliseconds. */
static int
put_off(const Template *template, int *count, int max_ms)
{
	int64		lived_ms = te_now_ms() - template->started_ms;
	int			wait_ms;

	*count = lived_ms > STARTUP_MS ? 1 : *count + 1;
	wait_ms = (int) te_backoff_ms(*count, RESTART_MS, max_ms, pg_prng_uint32(&pg_global_prng_state));
	start_after_ms = te_now_ms() + wait_ms;
	return wait_ms;
}

/* Reap a template that has ended, or with "kill" end it. */
static void
end_template(Template *template, bool kill)
{
	te_process_end(&template->process, kill, te_now_ms() + ORPHANS_MS);
	orphans_until_ms = te_now_ms() + ORPHANS_MS;
	if (template->retired || kill)
		return;
	(void) put_off(template, &failures, RESTART_MAX_MS);
	if (failures == 1)
		ereport(LOG,
				(errmsg("thumbexif: the template of image decoders has ended"),
				 template->process.stderr_length > 0 ? errdetail_log("It said: %s", template->process.stderr_tail) : 0,
				 errhint("Until another one runs, sessions start their decoders without it, which takes longer.")));
}

/* Read what a template says. */
static void
read_template(Template *template)
{
	TeTemplateMessage message;
	ssize_t		length = recv(template->process.sock, &message, sizeof(message), MSG_DONTWAIT);
	int			wait_ms = 0;

	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (length == sizeof(message) && message.magic == TE_TEMPLATE_MAGIC && message.event == TE_TEMPLATE_RETIRED)
	{
		/* who lets decoders die must not have us start templates all the time */
		if (message.value != 0 && !template->retired)
			wait_ms = put_off(template, &replaced, REPLACE_MAX_MS);
		template->retired = true;
		template->kill_ms = 0;
		failures = 0;
		te_process_read_stderr(&template->process);
		ereport(DEBUG1, (errmsg_internal("thumbexif: template %d: %s(the next in %d ms)", (int) template->process.pid,
										 template->process.stderr_tail, wait_ms)));
		return;
	}
	end_template(template, length > 0);
}

static Template *
find_template(pid_t pid)
{
	for (int i = 0; i < MAX_TEMPLATES; i++)
	{
		if (templates[i].process.pid == pid)
			return &templates[i];
	}
	return NULL;
}

/* See to a template that a session got no answer from. */
static void
retire_hung(void)
{
	pid_t		pid = (pid_t) pg_atomic_read_u32(&te_shared->hung_template);
	Template   *template = pid != 0 ? find_template(pid) : NULL;
	TeTemplateMessage message = {TE_TEMPLATE_MAGIC, TE_TEMPLATE_RETIRE, 0};

	if (template == NULL || template->retired)
		return;
	ereport(LOG, (errmsg("thumbexif: the template of image decoders does not answer and is replaced")));
	(void) send(template->process.sock, &message, sizeof(message), MSG_DONTWAIT | MSG_NOSIGNAL);
	template->retired = true;
	template->kill_ms = te_now_ms() + HUNG_MS;
	(void) put_off(template, &replaced, REPLACE_MAX_MS);
}

/* Start a template, unless there is one or it is too early. */
static void
start_template(void)
{
	Template   *free_one = NULL;
	uint32		hung;
	int			child;
	int			error;

	for (int i = 0; i < MAX_TEMPLATES; i++)
	{
		if (templates[i].process.pid == 0)
			free_one = &templates[i];
		else if (!templates[i].retired)
			return;
	}
	if (free_one == NULL || te_now_ms() < start_after_ms)
		return;
	start_after_ms = te_now_ms() + RESTART_MS;
	child = te_decoder_slot_take_child();
	if (child < 0)
		return;
	error = te_process_start(&free_one->process, TE_PROGRAM_TEMPLATE, child, NULL, 0);
	free_one->started_ms = te_now_ms();
	free_one->retired = false;
	free_one->kill_ms = 0;
	if (error == 0)
	{
		te_metrics_template_started();
		/* in case that it has the process id of the one that did not answer */
		hung = (uint32) free_one->process.pid;
		(void) pg_atomic_compare_exchange_u32(&te_shared->hung_template, &hung, 0);
		return;
	}
	free_one->process.pid = 0;
	failures++;
	start_after_ms += te_backoff_ms(failures, RESTART_MS, RESTART_MAX_MS, pg_prng_uint32(&pg_global_prng_state));
	errno = error;
	if (failures == 1)
		ereport(LOG,
				(errmsg("thumbexif: could not start the template of image decoders \"%s\": %m",
						te_process_file(TE_PROGRAM_TEMPLATE))));
}

/*
 * Reap the decoders of a template that has died, once no process can be about to kill them.  False if no child is left.
 */
static bool
reap_orphans(void)
{
	siginfo_t	info = {0};
	int			status;
	int			rc;

	while ((rc = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT)) == 0 && info.si_pid != 0)
	{
		Template   *template = find_template(info.si_pid);

		if (template != NULL)
			end_template(template, false);
		else if (te_decoder_slot_forget(info.si_pid) || te_now_ms() >= orphans_until_ms)
			(void) waitpid(info.si_pid, &status, WNOHANG);
		else
			break;				/* its process will notice that it has ended */
		info.si_pid = 0;
	}
	return rc == 0;
}

void
te_template_keeper_run(void)
{
	for (int i = 0; i < MAX_TEMPLATES; i++)
	{
		if (templates[i].process.pid != 0)
			read_template(&templates[i]);
		if (templates[i].process.pid != 0 && templates[i].kill_ms != 0 && te_now_ms() >= templates[i].kill_ms)
			end_template(&templates[i], true);
	}
	retire_hung();
	if (orphans_until_ms != 0 && (!reap_orphans() || te_now_ms() >= orphans_until_ms))
		orphans_until_ms = 0;
	start_template();
}

/* When is there something to do that no event announces? */
static int64
next_run_ms(void)
{
	int64		next = orphans_until_ms != 0 ? te_now_ms() + ORPHANS_POLL_MS : PG_INT64_MAX;
	int			retired = 0;
	bool		running = false;

	for (int i = 0; i < MAX_TEMPLATES; i++)
	{
		if (templates[i].process.pid == 0)
			continue;
		if (templates[i].kill_ms != 0)
			next = Min(next, templates[i].kill_ms);
		if (templates[i].retired)
			retired++;
		else
			running = true;
	}
	return running || retired == MAX_TEMPLATES ? next : Min(next, start_after_ms);
}

bool
te_template_keeper_wait(long timeout_ms, uint32 wait_event)
{
	WaitEventSet *set = CreateWaitEventSet(NULL, MAX_TEMPLATES + 2);
	int64		left = next_run_ms() - te_now_ms();
	WaitEvent	event;
	bool		is_over;

	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	for (int i = 0; i < MAX_TEMPLATES; i++)
	{
		if (templates[i].process.pid != 0)
			AddWaitEventToSet(set, WL_SOCKET_READABLE, templates[i].process.sock, NULL, NULL);
	}
	is_over = WaitEventSetWait(set, (long) Max(Min(left, timeout_ms), 0), &event, 1, wait_event) == 0 &&
		timeout_ms <= left;
	FreeWaitEventSet(set);
	return is_over;
}

void
te_template_keeper_end(void)
{
	int64		until_ms = te_decoder_slot_exit_ms();

	for (int i = 0; i < MAX_TEMPLATES; i++)
	{
		if (templates[i].process.pid != 0)
			te_process_end(&templates[i].process, true, until_ms);
	}
	orphans_until_ms = until_ms;
	while (reap_orphans() && te_now_ms() < until_ms)
		pg_usleep(1000);
}
