/*
 * root_check.c
 *		Is a root folder really there, or has its mount gone?
 *
 * What this process knows of the roots' devices is kept in a small list and compared
 * with the table thumbexif_root only when something does not fit: another process may have found files on a new
 * device meanwhile.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/base/backoff.h"
#include "pg/base/clock.h"
#include "pg/base/guc.h"
#include "pg/pool/process.h"
#include "pg/shared/activity.h"
#include "pg/shared/decoder_slot.h"
#include "root_check.h"
#include "root_device.h"

/* Pauses before a root in trouble is tried again, ms: one that answers, if wrongly, and one that hangs. */
#define PAUSE_MS			1000
#define PAUSE_MAX_MS		60000
#define HANG_PAUSE_MS		10000
#define HANG_PAUSE_MAX_MS	(5 * 60 * 1000)

/* A file may take as long as thumbexif.decode_timeout to be opened, and at least so long: disks must spin up. */
#define PATIENCE_MS			5000

/* Of the pause before, a try of a root that hangs may take this part. */
#define HANG_SHARE			10

/* How long a killed opener may take to die if its file system is well. */
#define DYING_MS			100

typedef enum Trouble
{
	TROUBLE_NONE,
	TROUBLE_HANGS,
	TROUBLE_FAILS,				/* error says how */
	TROUBLE_EMPTY,
	TROUBLE_MOVED				/* to another device */
} Trouble;

struct TeRoot
{
	char	   *name;
	bool		has_device;
	int64		device;			/* files were last found on */
	bool		saved;			/* so in the table */
	bool		saving;			/* saved, but not committed yet */

	Trouble		trouble;
	int			error;
	int			failures;		/* in a row */
	int64		pause_ms;		/* the last one */
	int64		not_before;		/* te_now_ms() */
	bool		paused;			/* and te_root_try_again() has not said that this is over */
	Trouble		refused;		/* for this, assets, since te_root_begin() */
	int			refused_error;
	pid_t		left_pid;		/* of an opener that may hang there; 0 = none */
	int			left_place;
};

static List *roots = NIL;		/* of TeRoot *, in TopMemoryContext */
static bool came_back = false;	/* a root, since te_root_try_again() */

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
	root->saved = true;			/* there is nothing to save */
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

/* What was rolled back is not in the table: it is to be saved again. */
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
		end_saving(false);		/* saving once too often does no harm */
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

/* The message, and what helps.  Both palloc'd or constant. */
static char *
describe(const TeRoot *root, Trouble trouble, int error, const char **hint)
{
	switch (trouble)
	{
		case TROUBLE_HANGS:
			*hint = "Check the server or program behind its file system. Mount network file systems so that they give up by themselves (NFS: softerr or soft, with timeo).";
			return psprintf("image folder \"%s\" does not answer", root->name);
		case TROUBLE_EMPTY:
			*hint = "An empty folder may be a file system that is not mounted. Mount it, or change \"thumbexif.image_roots\".";
			return psprintf("image folder \"%s\" is empty", root->name);
		case TROUBLE_MOVED:
			*hint = "Check that its file system is mounted. The folder is accepted again as soon as an image is found in it.";
			return psprintf("image folder \"%s\" lies on another device than the images found in it so far", root->name);
		default:
			*hint = "Check that the folder is there and mounted, or change \"thumbexif.image_roots\".";
			errno = error;
			return psprintf("could not open image folder \"%s\": %m", root->name);
	}
}

pg_noreturn static void
throw(const TeRoot *root, Trouble trouble, int error)
{
	const char *hint;
	char	   *message = describe(root, trouble, error, &hint);

	errno = error;
	ereport(ERROR,
			(trouble == TROUBLE_HANGS ? errcode(ERRCODE_IO_ERROR) :
			 trouble == TROUBLE_FAILS ? errcode_for_file_access() : errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg_internal("%s", message),
			 errhint("%s", hint)));
}

void
te_root_throw(const TeRoot *root)
{
	throw(root, root->trouble, root->error);
}

/* Nobody but the worker goes on without an ERROR. */
static bool
is_worker(void)
{
	return MyBgworkerEntry != NULL && !IsParallelWorker();
}

static void
begin_trouble(TeRoot *root, Trouble trouble, int error)
{
	bool		news = root->trouble != trouble || root->error != error;
	bool		hangs = trouble == TROUBLE_HANGS;

	if (root->trouble != trouble)
		root->failures = 0;
	root->trouble = trouble;
	root->error = error;
	root->pause_ms = te_backoff_ms(++root->failures, hangs ? HANG_PAUSE_MS : PAUSE_MS,
								   hangs ? HANG_PAUSE_MAX_MS : PAUSE_MAX_MS,
								   pg_prng_uint32(&pg_global_prng_state));
	root->not_before = te_now_ms() + root->pause_ms;
	root->paused = true;
	if (news && is_worker())
	{
		const char *hint;
		char	   *message = describe(root, trouble, error, &hint);

		te_activity_trouble(message);
		ereport(WARNING,
				(errcode(ERRCODE_IO_ERROR),
				 errmsg_internal("%s", message),
				 errdetail("Images beneath it wait; thumbexif goes on with others."),
				 errhint("%s", hint)));
		pfree(message);
	}
}

static void
end_trouble(TeRoot *root)
{
	if (root->trouble == TROUBLE_NONE)
		return;
	root->trouble = TROUBLE_NONE;
	root->error = 0;
	root->failures = 0;
	root->not_before = 0;
	root->paused = false;
	came_back = true;
	if (is_worker())
	{
		te_activity_trouble(NULL);
		ereport(LOG,
				(errmsg("thumbexif goes on with image folder \"%s\"", root->name)));
	}
}

/* Does a killed opener still hang there?  Then nothing has changed. */
static bool
has_left_one(TeRoot *root)
{
	int64		until = te_now_ms() + DYING_MS;

	while (root->left_pid != 0 && te_decoder_slot_is_abandoned(root->left_place, root->left_pid))
	{
		if (te_now_ms() >= until)
			return true;
		te_decoder_slot_reap(0);
		pg_usleep(1000);
	}
	root->left_pid = 0;
	return false;
}

bool
te_root_is_held(TeRoot *root, bool bulk)
{
	bool		held = te_now_ms() < root->not_before && (bulk || root->trouble == TROUBLE_HANGS);

	if (!held && has_left_one(root))
	{
		begin_trouble(root, TROUBLE_HANGS, 0);
		held = true;
	}
	if (held && bulk)
		te_root_note(root);
	return held;
}

bool
te_root_any_held(void)
{
	ListCell   *cell;

	foreach(cell, roots)
	{
		if (((TeRoot *) lfirst(cell))->trouble != TROUBLE_NONE)
			return true;
	}
	return false;
}

bool
te_root_try_again(void)
{
	bool		again = came_back;
	ListCell   *cell;

	came_back = false;
	foreach(cell, roots)
	{
		TeRoot	   *root = lfirst(cell);

		if (!root->paused || te_now_ms() < root->not_before)
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
			next_ms = Min(next_ms, root->not_before);
	}
	if (next_ms == PG_INT64_MAX)
		return 0;
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), Max(next_ms - te_now_ms(), 0));
}

int64
te_root_patience(const TeRoot *root)
{
	int64		patience_ms = Max(te_decode_timeout, PATIENCE_MS);

	if (root->trouble == TROUBLE_HANGS)
		patience_ms = Min(patience_ms, root->pause_ms / HANG_SHARE);
	return patience_ms;
}

void
te_root_hangs(TeRoot *root)
{
	begin_trouble(root, TROUBLE_HANGS, 0);
}

void
te_root_left_behind(TeRoot *root, int place, pid_t pid)
{
	root->left_place = place;
	root->left_pid = pid;
}

void
te_root_unusable(TeRoot *root, int error)
{
	begin_trouble(root, TROUBLE_FAILS, error);
}

/* A file was found on that device. */
static void
found(TeRoot *root, int64 device)
{
	if (!root->has_device || root->device != device)
		root->saved = false;
	root->has_device = true;
	root->device = device;
	end_trouble(root);
}

/* A file was not found, and the root is there: is it on the device that it was on? */
static bool
is_same(TeRoot *root, int64 now)
{
	int64		device;

	if ((root->has_device && root->device == now) || !te_root_device_load(root->name, &device))
		return true;
	root->has_device = root->saved = true;	/* another process may have found files on a new one */
	root->device = device;
	return device == now;
}

bool
te_root_judge(TeRoot *root, const TeOpenReply *reply)
{
	if (root->trouble == TROUBLE_HANGS)
		end_trouble(root);
	if (reply->outcome == TE_OPEN_ROOT_FAILED)
		begin_trouble(root, TROUBLE_FAILS, reply->error);
	else if (reply->outcome == TE_OPENED)
		found(root, reply->device);
	else if (reply->suspect && reply->empty)
		begin_trouble(root, TROUBLE_EMPTY, 0);
	else if (reply->suspect && !is_same(root, reply->device))
		begin_trouble(root, TROUBLE_MOVED, 0);
	else
	{
		if (reply->suspect)
			end_trouble(root);
		return true;
	}
	return root->trouble == TROUBLE_NONE;
}

void
te_root_note(TeRoot *root)
{
	root->refused = root->trouble;
	root->refused_error = root->error;
}

void
te_root_begin(void)
{
	ListCell   *cell;

	foreach(cell, roots)
	{
		TeRoot	   *root = lfirst(cell);

		root->refused = TROUBLE_NONE;
		if (root->trouble != TROUBLE_HANGS)
			root->not_before = 0;
	}
}

void
te_root_end(void)
{
	ListCell   *cell;

	foreach(cell, roots)
	{
		TeRoot	   *root = lfirst(cell);

		if (root->refused != TROUBLE_NONE)
			throw(root, root->refused, root->refused_error);
	}
}
