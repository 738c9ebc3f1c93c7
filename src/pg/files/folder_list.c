/*
 * folder_list.c
 *		The files beneath a folder, which itself lies beneath a root.
 */
#include "postgres.h"

#include "folder_list.h"
#include "pg/base/guc.h"
#include "root_path.h"

#define MAX_RESTARTS	10

static void
request(TeFolderList *list, uint32 more)
{
	char	   *path = list->opening.path;

	list->opening = (TeOpening)
	{
		.root = list->root,
			.path = path,
			.list = list->flags | more,
			.list_buffer = list->incoming
	};
	(void) te_opener_request(&list->opening);	/* needs no descriptor */
	te_opener_send();
	list->more = true;
}

pg_noreturn static void
throw_no_folder(const char *folder)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg("folder \"%s\" does not exist or is outside \"thumbexif.image_roots\"", folder),
			 errhint("A relative path lies beneath the first folder of \"thumbexif.image_roots\"; symbolic links must not lead out of the folder.")));
}

TeFolderList *
te_folder_list_begin(const char *folder, bool hidden)
{
	TeFolderList *list = palloc0(sizeof(TeFolderList));
	const char *below;
	char	   *name;

	te_guc_check();
	name = te_path_find_root(folder, &below);
	if (name == NULL || strlen(below) >= TE_OPEN_MAX_PATH || strlen(name) >= TE_OPEN_MAX_PATH)
		throw_no_folder(folder);
	list->folder = pstrdup(folder);
	list->root = te_root_get(name);
	pfree(name);
	if (te_root_is_held(list->root, false))
		te_root_report(list->root);
	list->opening.path = pstrdup(strcmp(below, ".") == 0 ? "" : below);
	list->flags = TE_OPEN_LIST | (hidden ? TE_OPEN_HIDDEN : 0);
	list->incoming = palloc(TE_OPEN_MAX_LIST);
	list->list = palloc(TE_OPEN_MAX_LIST);
	request(list, 0);
	return list;
}

/* The folder could not be read. */
static void
throw_failed(const TeFolderList *list, int err)
{
	switch (err)
	{
		case ENOTDIR:
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("\"%s\" is not a folder", list->folder),
					 errhint("Name the folder that the files lie in.")));
			break;
		case ENOENT:
		case EXDEV:
		case ELOOP:
		case ENAMETOOLONG:
		case EINVAL:
			throw_no_folder(list->folder);
			break;
		case ENOSYS:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("this system lacks the system call openat2, by which image files are opened"),
					 errhint("Use Linux 5.6 or later, in a container that allows the call.")));
			break;
		default:
			errno = err;
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read image folder \"%s\": %m", list->folder),
					 errhint("The operating system user that runs PostgreSQL must be able to read the folder.")));
	}
}

/* The opener does not know the list: begin anew. */
static void
restart(TeFolderList *list)
{
	if (++list->restarts > MAX_RESTARTS)
		ereport(ERROR,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("the list of image files was interrupted %d times", MAX_RESTARTS),
				 errhint("Try again, when no other file system makes the opener of this session hang.")));
	request(list, 0);
}

/* Wait for the part that was requested.  Request the one after it. */
static void
receive_part(TeFolderList *list)
{
	TeOpenReply *reply = &list->opening.reply;
	char	   *received = list->incoming;

	te_opener_wait(&list->opening);
	te_opener_drop(&list->opening);
	list->length = list->position = 0;
	list->more = false;
	if (!list->opening.timed_out && reply->outcome == TE_OPEN_NO_LIST)
	{
		restart(list);
		return;
	}
	/* a part without files tells nothing about the root's device */
	if (list->opening.timed_out ||
		((reply->outcome != TE_OPENED || reply->list_bytes > 0) && !te_root_check_reply(list->root, reply)))
	{
		list->trouble = list->root;
		return;
	}
	if (reply->outcome != TE_OPENED)
		throw_failed(list, reply->error);
	list->unreadable += reply->unreadable;
	list->skipped_folders += reply->skipped_folders;
	list->links += reply->links;
	list->too_deep += reply->too_deep;
	list->length = reply->list_bytes;
	list->incoming = list->list;
	list->list = received;
	if (reply->more)
		request(list, TE_OPEN_MORE);
}

const char *
te_folder_list_next(TeFolderList *list)
{
	const char *path;

	while (list->position == list->length)
	{
		if (!list->more)
			return NULL;
		receive_part(list);
	}
	path = list->list + list->position;
	list->position += strlen(path) + 1;
	return path;
}
