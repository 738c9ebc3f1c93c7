/*
 * thumbnail_read.c
 *		Reading a thumbnail file.
 *
 * It is read by the opener (opener.h), in parts: a file system that hangs then holds up no session, and the wait can be
 * interrupted.  The folder is not looked up as for writing (thumbnail_folder.h), since a standby and a copy of a database
 * own another one than the files lie in that their rows name.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "cluster_folder.h"
#include "opener.h"
#include "pg/base/guc.h"
#include "pg/catalog/shard_folder.h"
#include "pg/compat.h"
#include "thumbnail_path.h"
#include "thumbnail_read.h"
#include "thumbnail_store.h"

pg_noreturn static void
throw_hanging(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_IO_ERROR),
			 errmsg("thumbnail folder \"%s\" does not answer", te_thumbnail_dir),
			 errhint("Check the server or program behind its file system. Mount network file systems with a timeout (NFS: softerr or soft, with timeo).")));
}

pg_noreturn static void
throw_damaged(const char *name, int64 found, int64 size)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("thumbnail file \"%s\" is damaged", name),
			 errdetail("It has " INT64_FORMAT " bytes instead of " INT64_FORMAT ".", found, size),
			 errhint("thumbexif_backfill(verify => true) makes it again.")));
}

/* Evaluate a reply.  False if there is no such file. */
static bool
check_reply(const TeOpening *opening)
{
	const TeOpenReply *reply = &opening->reply;

	if (opening->timed_out)
		throw_hanging();
	te_root_set_answering(opening->root);
	if (reply->outcome == TE_OPENED)
		return true;
	if (reply->outcome == TE_OPEN_NO_FILE || (reply->outcome == TE_OPEN_FAILED && te_thumbnail_is_absence(reply->error)))
	{
		if (reply->empty)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_FILE),
					 errmsg("thumbnail folder \"%s\" has no folder of a database", te_thumbnail_dir),
					 errhint("Mount the file system of \"thumbexif.thumbnail_dir\" if it is not mounted, or change the setting.")));
		return false;
	}
	if (reply->error == EACCES)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("could not read from the thumbnail folder \"%s\"", te_thumbnail_dir),
				 errhint("The operating system user that runs PostgreSQL must be able to read the folder and the files in it.")));
	te_thumbnail_io_failed(reply->error);
}

/* Request and receive the next part.  False if there is no such file. */
static bool
read_part(TeOpening *opening)
{
	if (te_root_is_held(opening->root, false))
		throw_hanging();
	(void) te_opener_request(opening);	/* needs no descriptor */
	te_opener_wait(opening);
	te_opener_drop(opening);
	opening->sent = opening->answered = false;
	return check_reply(opening);
}

/* Is this the size that the file must have (-1 = any), and one that a value can have? */
static bool
is_size(int64 found, int64 size)
{
	return (size < 0 || found == size) && found <= (int64) (MaxAllocSize - VARHDRSZ);
}

/* The first part is there: the size that the file must have. */
static int64
check_size(const char *name, int64 found, int64 size)
{
	if (size >= 0 && found != size)
		throw_damaged(name, found, size);
	if (found > (int64) (MaxAllocSize - VARHDRSZ))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("thumbnail file \"%s\" is too large for a value of type bytea", name),
				 errhint("Make thumbnails with a lower \"thumbexif.thumbnail_size\".")));
	return found;
}

/* See thumbnail_read.h.  With "whole", a file that is damaged is NULL. */
static bytea *
read_file_in(int attachment, const char *name, int64 size, bool whole)
{
	TeOpening  *opening = palloc0(sizeof(TeOpening));
	bytea	   *bytes = NULL;

	opening->root = te_root_get(te_thumbnail_base_path());
	opening->path = psprintf("%s/%d/%s", te_folder_of(attachment, psprintf("%u", MyDatabaseId)), te_folder_number(attachment), name);
	opening->list = TE_OPEN_DATA;
	opening->list_buffer = palloc(TE_OPEN_MAX_LIST);
	do
	{
		const TeOpenReply *reply = &opening->reply;
		int64		received;

		if (!read_part(opening))
			return NULL;
		if (bytes == NULL)
		{
			if (whole && !is_size(reply->size, size))
				return NULL;
			size = check_size(name, reply->size, size);
			bytes = palloc(VARHDRSZ + size);
			SET_VARSIZE(bytes, VARHDRSZ + size);
		}
		/* a file is never changed; if it ends early, or goes on, somebody else has done that */
		received = opening->offset + reply->list_bytes;
		if (reply->size != size || received > size || (reply->list_bytes == 0 && received < size))
		{
			if (whole)
				return NULL;
			throw_damaged(name, reply->size != size ? reply->size : received, size);
		}
		memcpy(VARDATA(bytes) + opening->offset, opening->list_buffer, reply->list_bytes);
		opening->offset += reply->list_bytes;
	} while (opening->offset < (uint64) size);
	pfree(opening->list_buffer);
	pfree(opening->path);
	pfree(opening);
	return bytes;
}

/* The same, also for a file in the folder of a former shard. */
static bytea *
read_file(int attachment, const char *name, int64 size, bool whole)
{
	char		cluster[TE_FOLDER_NAME_SIZE];
	bytea	   *bytes;
	ListCell   *cell;

	if (!te_thumbnail_is_name(name))
		return NULL;
	te_thumbnail_check_is_set();
	bytes = read_file_in(attachment, name, size, whole);
	if (bytes != NULL || !te_cluster_folder_name(cluster))
		return bytes;
	foreach(cell, te_shard_folders_former(InvalidOid))
	{
		bytes = read_file_in(-lfirst_int(cell), name, size, whole);
		if (bytes != NULL)
			break;
	}
	return bytes;
}

bytea *
te_thumbnail_read(int attachment, const char *name, int64 size)
{
	return read_file(attachment, name, size, false);
}

bytea *
te_thumbnail_read_whole(int attachment, const char *name, int64 size)
{
	return read_file(attachment, name, size, true);
}
