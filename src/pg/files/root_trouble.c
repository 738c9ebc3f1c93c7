/*
 * root_trouble.c
 *		The messages about root folders that cannot be used.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "postmaster/bgworker.h"

#include "pg/shared/activity.h"
#include "root_trouble.h"

/* The message and the hint; the message is palloc'd. */
static char *
describe(const char *root, TeRootTrouble trouble, int err, const char **hint)
{
	switch (trouble)
	{
		case TE_ROOT_HANGS:
			*hint = "Check the server or program behind its file system. Mount network file systems with a timeout (NFS: softerr or soft, with timeo).";
			return psprintf("image folder \"%s\" does not answer", root);
		case TE_ROOT_EMPTY:
			*hint = "An empty folder may be a mount point without its file system. Mount it, or change \"thumbexif.image_roots\".";
			return psprintf("image folder \"%s\" is empty", root);
		case TE_ROOT_MOVED:
			*hint = "Check that its file system is mounted. The folder is accepted again when an image is found in it.";
			return psprintf("image folder \"%s\" lies on another device than the images found in it before", root);
		default:
			*hint = "Check that the folder exists and is mounted, or change \"thumbexif.image_roots\".";
			errno = err;
			return psprintf("could not open image folder \"%s\": %m", root);
	}
}

void
te_root_trouble_error(const char *root, TeRootTrouble trouble, int err)
{
	const char *hint;
	char	   *message = describe(root, trouble, err, &hint);

	errno = err;
	ereport(ERROR,
			(trouble == TE_ROOT_HANGS ? errcode(ERRCODE_IO_ERROR) :
			 trouble == TE_ROOT_FAILS ? errcode_for_file_access() : errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg_internal("%s", message),
			 errhint("%s", hint)));
}

static bool
is_worker(void)
{
	return MyBgworkerEntry != NULL && !IsParallelWorker();
}

void
te_root_trouble_begun(const char *root, TeRootTrouble trouble, int err)
{
	const char *hint;
	char	   *message;

	if (!is_worker())
		return;
	message = describe(root, trouble, err, &hint);
	te_activity_trouble(message);
	ereport(WARNING,
			(errcode(ERRCODE_IO_ERROR),
			 errmsg_internal("%s", message),
			 errdetail("Images in this folder are skipped until it can be used again; other images are processed."),
			 errhint("%s", hint)));
	pfree(message);
}

void
te_root_trouble_ended(const char *root)
{
	if (!is_worker())
		return;
	te_activity_trouble(NULL);
	ereport(LOG,
			(errmsg("image folder \"%s\" can be used again", root)));
}
