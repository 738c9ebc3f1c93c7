/*
 * output.c
 *		The memory file to which a decoder writes the thumbnails of an image.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storage/fd.h"
#include "utils/memutils.h"

#include "output.h"

void
te_output_close(TePoolEntry *entry)
{
	if (entry->output_fd < 0)
		return;
	close(entry->output_fd);
	entry->output_fd = -1;
	ReleaseExternalFD();
}

bool
te_output_open(TePoolEntry *entry)
{
	const TeRequest *request = &entry->request;
	uint64		max_bytes = te_request_bound(request);
	int			save_errno;

	if (!AcquireExternalFD())
		return false;
	entry->output_fd = memfd_create("thumbexif", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (entry->output_fd >= 0 && ftruncate(entry->output_fd, (off_t) max_bytes) == 0 &&
		fcntl(entry->output_fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK) == 0)
		return true;

	save_errno = errno;
	if (entry->output_fd >= 0)
		close(entry->output_fd);
	entry->output_fd = -1;
	ReleaseExternalFD();
	errno = save_errno;
	return false;
}

/* Do the bytes start with the signature of that format? */
static bool
has_signature(int format, const char *data, uint32 length)
{
	if (length < 16)
		return false;
	switch (format)
	{
		case TE_FORMAT_JPEG:
			return memcmp(data, "\xff\xd8\xff", 3) == 0;
		case TE_FORMAT_PNG:
			return memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0;
		case TE_FORMAT_WEBP:
			return memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0;
		case TE_FORMAT_AVIF:
			return memcmp(data + 4, "ftyp", 4) == 0;
		default:
			return false;
	}
}

/* Does each thumbnail have the format that was requested? */
static bool
have_signatures(const TePoolEntry *entry)
{
	const TeReply *reply = &entry->reply;
	const char *data = entry->thumbnail;
	uint32		length = reply->thumbnail_bytes;

	for (uint32 i = 0;; i++)
	{
		if (!has_signature((int) entry->request.format, data, length))
			return false;
		if (i == entry->request.more)
			return true;
		data += length;
		length = reply->more[i].bytes;
	}
}

const char *
te_output_read(TePoolEntry *entry, MemoryContext context)
{
	uint64		length = te_reply_thumbnail_bytes(&entry->reply);
	uint64		done = 0;

	if (length == 0)
		return NULL;
	/* the file offset is set by the decoder; the file's size is always the maximum */
	if (lseek(entry->output_fd, 0, SEEK_CUR) < (off_t) length)
		return "thumbnail is shorter than announced";
	entry->thumbnail = MemoryContextAlloc(context, length);
	while (done < length)
	{
		ssize_t		got = pread(entry->output_fd, entry->thumbnail + done, length - done, (off_t) done);

		if (got <= 0)
			return "thumbnail is shorter than announced";
		done += got;
	}
	return have_signatures(entry) ? NULL : "thumbnail does not have the requested format";
}
