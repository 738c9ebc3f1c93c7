/*
 * root_check.c
 *		Whether a root folder of images can be used, or its file system hangs, fails or is not mounted.
 *
 * What this process knows about its roots is kept in a list.  The table thumbexif_root is read only when a file is
 * not found and the device differs from the known one, since another process may have found files on a new device.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/base/backoff.h"
#include "pg/base/clock.h"
#include "pg/base/guc.h"
#include "pg/shared/decoder_slot.h"
#include "root_check.h"
#include "root_device.h"
#include "root_trouble.h"

/* Pauses before a root in trouble is tried again. */
#define PAUSE_MS			1000
#define MAX_PAUSE_MS		60000
#define HANG_PAUSE_MS		10000
#define MAX_HANG_PAUSE_MS	(5 * 60 * 1000)

/* Opening a file may take thumbexif.decode_timeout, and at least this long, since disks may have to spin up. */
#define MIN_TIMEOUT_MS		5000

/* A retry of a root that hung may take this part of the last pause. */
#define HANG_TIMEOUT_PART	10

/* How long a killed opener may take to exit if its file system works. */
#define EXIT_WAIT_MS		100

struct TeRoot
{
	char	   *name;
	bool		has_device;
	int64		device;			/* on which files were last found */
	bool		saved;			/* the table has this device */
	bool		saving;			/* saved, but not yet committed */

	TeRootTrouble trouble;
	int			error;			/* errno of TE_ROOT_FAILS */
	int			failures;		/* in a row */
	int64		pause_ms;		/* the last pause */
	int64		not_before_ms;	/* te_now_ms() when it ends */
	bool		paused;			/* te_root_retry_due() has not yet reported its end */
	TeRootTrouble skipped_for;	/* trouble for which assets were skipped since te_root_begin() */
	int			skipped_error;
	pid_t		killed_pid;		/* killed opener that may be blocked there; 0 = none */
	int			killed_child;
};

static List *roots = NIL;		/* of TeRoot *, in TopMemoryContext */
static bool recovered = false;	/* any root, since te_root_retry_due() */

TeRoot *
te_root_get(const char *name)
{
	MemoryContext caller;
	TeRoot	   *root;
	ListCell   *cell;

	foreach(cell, roots)
	{
		root = lfirst(cell);
		if (strcmp(root->name, name) == 0)
			return root;
	}
	caller = MemoryContextSwitchTo(TopMemoryContext);
	root = palloc0(sizeof(TeRoot));
	root->name = pstrdup(name);
	root->saved = true;			/* nothing to save */
	roots = lappend(roots, root);
	MemoryContextSwitchTo(caller);
	return root;
}

const char *
te_root_name(const TeRoot *root)
{
	return root->name;
}

/* --- devices, kept in the table */

/* End of a (sub)transaction: after a rollback the devices must be saved again. */
static void
end_saving(bool committed)
{
	ListCell   *cell;

	foreach(cell, roots)
	{
		TeRoot	   *root = lfirst(cell);

		if (root->saving && !committed)
			root->saved = false;
		root->saving = false;
	}
}

static void
on_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT)
		end_saving(event == XACT_EVENT_COMMIT);
}

static void
on_subtransaction_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		end_saving(false);		/* saving a device twice is harmless */
}

void
te_root_save(void)
{
	static bool registered = false;
	ListCell   *cell;

	if (!registered)
	{
		RegisterXactCallback(on_transaction_end, NULL);
		RegisterSubXactCallback(on_subtransaction_end, NULL);
		registered = true;
	}
	foreach(cell, roots)
	{
		TeRoot	   *root = lfirst(cell);

		if (root->saved)
			continue;
		te_root_device_save(root->name, root->device);
		root->saved = root->saving = true;
	}
}

/* --- trouble */

void
te_root_report(const TeRoot *root)
{
	te_root_trouble_error(root->name, root->trouble, root->error);
}

static void
begin_trouble(TeRoot *root, TeRootTrouble trouble, int err)
{
	bool		is_new = root->trouble != trouble || root->error != err;
	bool		hangs = trouble == TE_ROOT_HANGS;

	if (root->trouble != trouble)
		root->failures = 0;
	root->trouble = trouble;
	root->error = err;
	root->pause_ms = te_backoff_ms(++root->failures, hangs ? HANG_PAUSE_MS : PAUSE_MS,
								   hangs ? MAX_HANG_PAUSE_MS : MAX_PAUSE_MS,
								   pg_prng_uint32(&pg_global_prng_state));
	root->not_before_ms = te_now_ms() + root->pause_ms;
	root->paused = true;
	if (is_new)
		te_root_trouble_begun(root->name, trouble, err);
}

static void
end_trouble(TeRoot *root)
{
	if (root->trouble == TE_ROOT_OK)
		return;
	root->trouble = TE_ROOT_OK;
	root->error = 0;
	root->failures = 0;
	root->not_before_ms = 0;
	root->paused = false;
	recovered = true;
	te_root_trouble_ended(root->name);
}

/* Is a killed opener still blocked in the root?  Then the root still hangs. */
static bool
killed_opener_remains(TeRoot *root)
{
	int64		until = te_now_ms() + EXIT_WAIT_MS;

	while (root->killed_pid != 0 && te_decoder_slot_is_abandoned(root->killed_child, root->killed_pid))
	{
		if (te_now_ms() >= until)
			return true;
		te_decoder_slot_reap(0);
		pg_usleep(1000);
	}
	root->killed_pid = 0;
	return false;
}

bool
te_root_is_held(TeRoot *root, bool bulk)
{
	bool		held = te_now_ms() < root->not_before_ms && (bulk || root->trouble == TE_ROOT_HANGS);

	if (!held && killed_opener_remains(root))
	{
		begin_trouble(root, TE_ROOT_HANGS, 0);
		held = true;
	}
	if (held && bulk)
		te_root_note_skipped(root);
	return held;
}

bool
te_root_any_held(void)
{
	ListCell   *cell;

	foreach(cell, roots)
	{
		if (((TeRoot *) lfirst(cell))->trouble != TE_ROOT_OK)
			return true;
	}
	return false;
}

bool
te_root_retry_due(void)
{
	bool		again = recovered;
	ListCell   *cell;

	recovered = false;
	foreach(cell, roots)
	{
		TeRoot	   *root = lfirst(cell);

		if (!root->paused || te_now_ms() < root->not_before_ms)
			continue;
		root->paused = false;
		again = true;
	}
	return again;
}

TimestampTz
te_root_next_try(void)
{
	int64		next_ms = PG_INT64_MAX;
	ListCell   *cell;

	foreach(cell, roots)
	{
		TeRoot	   *root = lfirst(cell);

		if (root->paused)
			next_ms = Min(next_ms, root->not_before_ms);
	}
	if (next_ms == PG_INT64_MAX)
		return 0;
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), Max(next_ms - te_now_ms(), 0));
}

int64
te_root_timeout_ms(const TeRoot *root)
{
	int64		timeout_ms = Max(te_decode_timeout, MIN_TIMEOUT_MS);

	if (root->trouble == TE_ROOT_HANGS)
		timeout_ms = Min(timeout_ms, root->pause_ms / HANG_TIMEOUT_PART);
	return timeout_ms;
}

void
te_root_set_hanging(TeRoot *root)
{
	begin_trouble(root, TE_ROOT_HANGS, 0);
}

void
te_root_opener_killed(TeRoot *root, int place, pid_t pid)
{
	root->killed_child = place;
	root->killed_pid = pid;
}

void
te_root_set_failing(TeRoot *root, int err)
{
	begin_trouble(root, TE_ROOT_FAILS, err);
}

/* A file was found on this device. */
static void
set_found(TeRoot *root, int64 device)
{
	if (!root->has_device || root->device != device)
		root->saved = false;
	root->has_device = true;
	root->device = device;
	end_trouble(root);
}

/* Is this the device on which files were last found beneath the root, or is none known? */
static bool
on_last_device(TeRoot *root, int64 now)
{
	int64		device;

	if ((root->has_device && root->device == now) || !te_root_device_load(root->name, &device))
		return true;
	root->has_device = root->saved = true;	/* another process may have found files on a new device */
	root->device = device;
	return device == now;
}

void
te_root_set_answering(TeRoot *root)
{
	if (root->trouble == TE_ROOT_HANGS)
		end_trouble(root);
}

bool
te_root_check_reply(TeRoot *root, const TeOpenReply *reply)
{
	te_root_set_answering(root);
	if (reply->outcome == TE_OPEN_ROOT_FAILED)
		begin_trouble(root, TE_ROOT_FAILS, reply->error);
	else if (reply->outcome == TE_OPENED)
		set_found(root, reply->device);
	else if (reply->suspect && reply->empty)
		begin_trouble(root, TE_ROOT_EMPTY, 0);
	else if (reply->suspect && !on_last_device(root, reply->device))
		begin_trouble(root, TE_ROOT_MOVED, 0);
	else
	{
		if (reply->suspect)
			end_trouble(root);
		return true;
	}
	return root->trouble == TE_ROOT_OK;
}

void
te_root_note_skipped(TeRoot *root)
{
	root->skipped_for = root->trouble;
	root->skipped_error = root->error;
}

void
te_root_begin(void)
{
	ListCell   *cell;

	foreach(cell, roots)
	{
		TeRoot	   *root = lfirst(cell);

		root->skipped_for = TE_ROOT_OK;
		if (root->trouble != TE_ROOT_HANGS)
			root->not_before_ms = 0;
	}
}

void
te_root_end(void)
{
	ListCell   *cell;

	foreach(cell, roots)
	{
		TeRoot	   *root = lfirst(cell);

		if (root->skipped_for != TE_ROOT_OK)
			te_root_trouble_error(root->name, root->skipped_for, root->skipped_error);
	}
}
