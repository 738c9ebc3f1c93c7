/*
 * status_error.c
 *		Messages, hints and ERRORs for the status of an image.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "reply_values.h"
#include "status_error.h"

#define MAX_SHOWN_PATH	1024	/* bytes of a path in an error message */

const char *
te_status_hint(int status)
{
	switch (status)
	{
		case TE_UNSUPPORTED:
			return "thumbexif_version() lists the formats that can be read here.";
		case TE_CORRUPT:
		case TE_TRUNCATED:
		case TE_EMPTY:
			return "Replace the file with an intact copy.";
		case TE_TOO_MANY_PIXELS:
			return "A superuser can raise \"thumbexif.max_pixels\".";
		case TE_FILE_TOO_LARGE:
			return "A superuser can raise \"thumbexif.max_file_size\".";
		case TE_OUT_OF_MEMORY:
			return "A superuser can raise \"thumbexif.decoder_memory\".";
		case TE_TIMEOUT:
			return "A superuser can raise \"thumbexif.decode_timeout\".";
		case TE_CRASHED:
		case TE_BAD_REPLY:
			return "The image may be corrupt, or the server short of memory; the server's log may tell more.";
		case TE_IO_ERROR:
			return "Check the disk or network share that holds the file.";
		case TE_IN_USE:
			return "Another program holds a lease on the file and has been asked to give it up. Try again.";
		case TE_DENIED:
			return "The operating system user of the server must be able to read the file and to search its folders.";
		case TE_MISSING:
			return "A relative path lies beneath the first folder of \"thumbexif.image_roots\"; "
				"symbolic links must not lead out of the folder.";
		case TE_NOT_ENCODED:
			return "Try another \"thumbexif.thumbnail_format\".";
		default:
			return NULL;
	}
}

char *
te_status_message(int status, const char *detail)
{
	if (detail == NULL)
		return pstrdup(te_status_text(status));
	return psprintf("%s: %s", te_status_text(status), te_text_to_server(detail));
}

void
te_throw_status(int status, const char *path, const char *detail)
{
	const char *state = te_status_sqlstate(status);
	const char *hint = te_status_hint(status);
	int			shown = path ? pg_mbcliplen(path, (int) strlen(path), MAX_SHOWN_PATH) : 0;

	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
			 path ? errmsg("%s: \"%.*s\"", te_status_text(status), shown, path)
			 : errmsg_internal("%s", te_status_text(status)),
			 detail ? errdetail("The decoder reports: %s", te_text_to_server(detail)) : 0,
			 hint ? errhint("%s", hint) : 0));
}
