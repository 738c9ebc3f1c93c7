/*
 * decoder.c
 *		Conversation with one decoder: sending requests, checking replies, and classifying its end.
 *
 * A decoder processes files from untrusted sources, so it is assumed to be compromised.  Every
 * message is validated before use, and a decoder that breaks the protocol is killed.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "decoder.h"
#include "pg/base/clock.h"
#include "pg/base/guc.h"
#include "pg/shared/decoder_slot.h"
#include "wire/decoder_args.h"
#include "wire/fdpass.h"

/* A decoder retires after so many images or so much time with work, to bound leaks in the image libraries. */
#define MAX_IMAGES		1000
#define MAX_BUSY_MS		(10 * 60 * 1000)

/* Time for a new decoder to load and warm up its libraries. */
#define START_TIMEOUT_MS		10000

TeDecoder *
te_decoder_start(MemoryContext context, int child)
{
	TeDecoder  *decoder;
	int			limits[TE_ARGUMENTS - TE_ARG_MEMORY];
	int			error;

	decoder = MemoryContextAllocExtended(context, sizeof(TeDecoder), MCXT_ALLOC_ZERO | MCXT_ALLOC_NO_OOM);
	if (decoder == NULL)
	{
		te_decoder_slot_free(child);
		errno = ENOMEM;
		return NULL;
	}

	decoder->memory_mb = te_decoder_memory;
	decoder->file_mb = te_max_file_size;
	decoder->timeout_ms = te_decode_timeout;
	decoder->started_ms = te_now_ms();
	decoder->deadline_ms = decoder->started_ms + START_TIMEOUT_MS;
	limits[TE_ARG_MEMORY - TE_ARG_MEMORY] = decoder->memory_mb;
	limits[TE_ARG_FILE - TE_ARG_MEMORY] = decoder->file_mb;
	limits[TE_ARG_TIMEOUT - TE_ARG_MEMORY] = (decoder->timeout_ms + 999) / 1000;
	error = te_process_start(&decoder->process, TE_PROGRAM_DECODER, child, limits, lengthof(limits));
	if (error == 0)
		return decoder;

	pfree(decoder);
	errno = error;
	return NULL;
}

bool
te_decoder_is_usable(const TeDecoder *decoder)
{
	return decoder->images < MAX_IMAGES && decoder->busy_ms < MAX_BUSY_MS &&
		decoder->memory_mb == te_decoder_memory &&
		decoder->file_mb == te_max_file_size &&
		decoder->timeout_ms == te_decode_timeout;
}

/* Set the deadline of the first request in hand; without any, mark the decoder idle. */
static void
set_deadline(TeDecoder *decoder)
{
	decoder->deadline_ms = decoder->nentries > 0 ? te_now_ms() + decoder->timeout_ms : PG_INT64_MAX;
	if (decoder->nentries == 0)
		te_decoder_slot_idle(decoder->process.child);
}

bool
te_decoder_check_idle(TeDecoder *decoder)
{
	char		byte;
	ssize_t		length = recv(decoder->process.sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return true;
	if (length > 0)
	{
		decoder->cause = TE_END_PROTOCOL_ERROR;
		decoder->protocol_error = "it sent a message without a request";
	}
	else
		decoder->cause = TE_END_EXITED;
	return false;
}

void
te_decoder_close_output(TePoolEntry *entry)
{
	if (entry->output_fd < 0)
		return;
	close(entry->output_fd);
	entry->output_fd = -1;
	ReleaseExternalFD();
}

/*
 * Create the memory file that the decoder writes the thumbnail to, sealed at the largest size
 * a thumbnail can have. Returns false with errno on failure.
 */
static bool
open_output(TePoolEntry *entry)
{
	const TeRequest *request = &entry->request;
	uint32		max_bytes = 0;
	int			save_errno;

	if (request->want & TE_WANT_THUMBNAIL)
		max_bytes = te_thumbnail_bound(request->format, request->size, request->size);
	if (!AcquireExternalFD())
		return false;
	entry->output_fd = memfd_create("thumbexif", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (entry->output_fd >= 0 && ftruncate(entry->output_fd, max_bytes) == 0 &&
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

TeSendResult
te_decoder_send(TeDecoder *decoder, TePoolEntry *entry)
{
	int			fds[2];
	int			save_errno;

	Assert(decoder->state == TE_DECODER_READY && decoder->nentries < TE_PIPELINE);

	if (!open_output(entry))
		return TE_SEND_NO_RESOURCES;

	fds[0] = entry->image_fd;
	fds[1] = entry->output_fd;
	if (te_send(decoder->process.sock, &entry->request, sizeof(entry->request), fds, 2) == 0)
	{
		decoder->images++;
		decoder->role = entry->role;
		decoder->entries[decoder->nentries++] = entry;
		if (decoder->nentries == 1)
		{
			decoder->process.stderr_length = 0;
			set_deadline(decoder);
		}
		return TE_SEND_DONE;
	}

	save_errno = errno;
	te_decoder_close_output(entry);
	errno = save_errno;
	if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
	{
		decoder->cause = TE_END_EXITED;
		return TE_SEND_EXITED;
	}
	return TE_SEND_NO_RESOURCES;
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

/* Read the thumbnail announced by the reply.  Returns NULL or a description of the error. */
static const char *
read_thumbnail(TePoolEntry *entry, MemoryContext context)
{
	uint32		length = entry->reply.thumbnail_bytes;
	uint32		done = 0;

	if (length == 0)
		return NULL;
	/* the file offset is set by the decoder; the file's size is always the maximum */
	if (lseek(entry->output_fd, 0, SEEK_CUR) < (off_t) length)
		return "thumbnail is shorter than announced";
	entry->thumbnail = MemoryContextAlloc(context, length);
	while (done < length)
	{
		ssize_t		got = pread(entry->output_fd, entry->thumbnail + done, length - done, done);

		if (got <= 0)
			return "thumbnail is shorter than announced";
		done += got;
	}
	if (!has_signature(entry->request.format, entry->thumbnail, length))
		return "thumbnail does not have the requested format";
	return NULL;
}

/* Validate a reply and store it in its entry.  Returns NULL or a description of the error. */
static const char *
accept_reply(TePoolEntry *entry, const char *message, ssize_t length, MemoryContext context)
{
	const char *protocol_error;

	/* The texts have at most the size of the message, and each gets a terminating NUL. */
	entry->scratch = MemoryContextAlloc(context, length + 8);
	protocol_error = te_reply_check(message, length, &entry->request, &entry->reply, &entry->texts, entry->scratch);
	if (protocol_error == NULL)
		protocol_error = read_thumbnail(entry, context);
	if (protocol_error == NULL)
		return NULL;

	pfree(entry->scratch);
	if (entry->thumbnail)
		pfree(entry->thumbnail);
	entry->scratch = entry->thumbnail = NULL;
	return protocol_error;
}

/*
 * Receive one message without descriptors.  Returns its length, or 0 if there is none yet or
 * if the decoder's cause is set.
 */
static ssize_t
receive(TeDecoder *decoder, char *message, size_t size)
{
	int			fds[TE_MAX_FDS];
	int			nfds;
	ssize_t		length;

	length = te_receive(decoder->process.sock, message, size, fds, &nfds);

	/*
	 * If the peer died with unread requests, the socket reports that before the messages it sent.
	 */
	if (length < 0 && errno == ECONNRESET)
		length = te_receive(decoder->process.sock, message, size, fds, &nfds);

	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (length == 0 || (length < 0 && errno == ECONNRESET))
	{
		decoder->cause = TE_END_EXITED;
		return 0;
	}
	if (length < 0 || nfds > 0)
	{
		while (length > 0 && nfds > 0)
			close(fds[--nfds]);
		decoder->cause = TE_END_PROTOCOL_ERROR;
		decoder->protocol_error = "its message is too long or has descriptors";
		return 0;
	}
	return length;
}

TePoolEntry *
te_decoder_read(TeDecoder *decoder, MemoryContext context)
{
	static char message[TE_MAX_REPLY];
	TePoolEntry *entry = decoder->nentries > 0 ? decoder->entries[0] : NULL;
	ssize_t		length = receive(decoder, message, sizeof(message));

	if (length == 0)
		return NULL;

	if (decoder->state == TE_DECODER_STARTING)
	{
		entry = NULL;
		decoder->protocol_error = te_hello_check(message, length, &decoder->hello);
		if (decoder->protocol_error == NULL)
		{
			decoder->state = TE_DECODER_READY;
			set_deadline(decoder);
		}
	}
	else if (entry == NULL)
		decoder->protocol_error = "it sent a message without a request";
	else
		decoder->protocol_error = accept_reply(entry, message, length, context);

	if (decoder->protocol_error != NULL)
	{
		decoder->cause = TE_END_PROTOCOL_ERROR;
		return NULL;
	}
	if (entry != NULL)
	{
		te_decoder_close_output(entry);
		te_process_read_stderr(&decoder->process);
		decoder->process.stderr_length = 0;
		decoder->busy_ms += te_now_ms() - (decoder->deadline_ms - decoder->timeout_ms);
		decoder->nentries--;
		memmove(&decoder->entries[0], &decoder->entries[1], decoder->nentries * sizeof(TePoolEntry *));
		set_deadline(decoder);
	}
	return entry;
}

/* Translate the exit status of a decoder that ended by itself. */
static TeStatus
classify_exit(const TeProcess *process, char *detail, size_t size)
{
	int			status = process->end.status;

	if (process->end.template_lost)
	{
		snprintf(detail, size, "decoder ended with its template");
		return TE_OK;			/* through no fault of its image */
	}
	if (!process->end.has_status)
	{
		snprintf(detail, size, "decoder ended");
		return TE_CRASHED;
	}
	if (WIFSIGNALED(status))
	{
		snprintf(detail, size, "decoder was killed by signal %d (%s)",
				 WTERMSIG(status), pg_strsignal(WTERMSIG(status)));
		return WTERMSIG(status) == SIGXCPU ? TE_TIMEOUT : TE_CRASHED;
	}
	snprintf(detail, size, "decoder exited with code %d", WEXITSTATUS(status));
	switch (WEXITSTATUS(status))
	{
		case TE_EXIT_NORMAL:
			return TE_OK;
		case TE_EXIT_MEMORY:
			return TE_OUT_OF_MEMORY;
		case TE_EXIT_FILE:
			return TE_IO_ERROR;
		default:
			return TE_CRASHED;
	}
}

TeStatus
te_decoder_reap(TeDecoder *decoder, int64 until_ms, char *detail)
{
	TeStatus	outcome = TE_OK;
	size_t		length;

	Assert(decoder->cause != TE_END_NONE);

	te_process_end(&decoder->process, decoder->cause != TE_END_EXITED, until_ms);
	switch (decoder->cause)
	{
		case TE_END_EXITED:
			outcome = classify_exit(&decoder->process, detail, TE_MAX_TEXT);
			break;
		case TE_END_TIMEOUT:
			snprintf(detail, TE_MAX_TEXT, "decoder did not answer in time");
			outcome = TE_TIMEOUT;
			break;
		case TE_END_PROTOCOL_ERROR:
			snprintf(detail, TE_MAX_TEXT, "decoder broke the protocol: %s", decoder->protocol_error);
			outcome = TE_BAD_REPLY;
			break;
		default:
			detail[0] = '\0';
			break;
	}
	length = strlen(detail);
	if (length > 0 && decoder->process.stderr_length > 0)
		snprintf(detail + length, TE_MAX_TEXT - length, ": %s", decoder->process.stderr_tail);
	pfree(decoder);
	return outcome;
}
