/*
 * decoder.c
 *		One decoder: what it is sent, whether it is believed, how it ended.
 *
 * A decoder has looked at files that anybody may have made, so it is taken for
 * hostile: what it says is checked before it is used, and one that says
 * anything odd is not asked again.
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

/* Images after which a decoder is replaced, so that no leak of a library's grows for ever. */
#define MAX_IMAGES		1000
#define MAX_BUSY_MS		(10 * 60 * 1000)	/* the same, by time */

/* Greeting: the libraries are loaded and warmed up before it. */
#define START_MS		10000

TeDecoder *
te_decoder_start(MemoryContext context, int place)
{
	TeDecoder  *decoder;
	int			limits[TE_ARGUMENTS - TE_ARG_MEMORY];
	int			error;

	decoder = MemoryContextAllocExtended(context, sizeof(TeDecoder), MCXT_ALLOC_ZERO | MCXT_ALLOC_NO_OOM);
	if (decoder == NULL)
	{
		te_decoder_slot_free(place);
		errno = ENOMEM;
		return NULL;
	}

	decoder->memory = te_decoder_memory;
	decoder->file = te_max_file_size;
	decoder->timeout = te_decode_timeout;
	decoder->started_ms = te_now_ms();
	decoder->deadline = decoder->started_ms + START_MS;
	limits[TE_ARG_MEMORY - TE_ARG_MEMORY] = decoder->memory;
	limits[TE_ARG_FILE - TE_ARG_MEMORY] = decoder->file;
	limits[TE_ARG_TIMEOUT - TE_ARG_MEMORY] = (decoder->timeout + 999) / 1000;
	error = te_process_start(&decoder->process, TE_PROGRAM_DECODER, place, limits, lengthof(limits));
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
		decoder->memory == te_decoder_memory &&
		decoder->file == te_max_file_size &&
		decoder->timeout == te_decode_timeout;
}

/* The first of its jobs begins; or there is none, and it rests. */
static void
set_deadline(TeDecoder *decoder)
{
	decoder->deadline = decoder->njobs > 0 ? te_now_ms() + decoder->timeout : PG_INT64_MAX;
	if (decoder->njobs == 0)
		te_decoder_slot_idle(decoder->process.place);
}

bool
te_decoder_is_quiet(TeDecoder *decoder)
{
	char		byte;
	ssize_t		length = recv(decoder->process.sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return true;
	if (length > 0)
	{
		decoder->cause = TE_END_PROTOCOL_ERROR;
		decoder->odd = "it spoke without being asked";
	}
	else
		decoder->cause = TE_END_EXITED;
	return false;
}

void
te_decoder_close_output(TePoolEntry *job)
{
	if (job->output_fd < 0)
		return;
	close(job->output_fd);
	job->output_fd = -1;
	ReleaseExternalFD();
}

/* A file in memory for the thumbnail, which cannot grow beyond what that can need.  False with errno. */
static bool
open_output(TePoolEntry *job)
{
	const TeRequest *request = &job->request;
	uint32		most = 0;
	int			save_errno;

	if (request->want & TE_WANT_THUMBNAIL)
		most = te_thumbnail_bound(request->format, request->size, request->size);
	if (!AcquireExternalFD())
		return false;
	job->output_fd = memfd_create("thumbexif", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (job->output_fd >= 0 && ftruncate(job->output_fd, most) == 0 &&
		fcntl(job->output_fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK) == 0)
		return true;

	save_errno = errno;
	if (job->output_fd >= 0)
		close(job->output_fd);
	job->output_fd = -1;
	ReleaseExternalFD();
	errno = save_errno;
	return false;
}

TeSendResult
te_decoder_send(TeDecoder *decoder, TePoolEntry *job)
{
	int			fds[2];
	int			save_errno;

	Assert(decoder->state == TE_DECODER_READY && decoder->njobs < TE_PIPELINE);

	if (!open_output(job))
		return TE_SEND_NOT_NOW;

	fds[0] = job->image_fd;
	fds[1] = job->output_fd;
	if (te_send(decoder->process.sock, &job->request, sizeof(job->request), fds, 2) == 0)
	{
		decoder->images++;
		decoder->role = job->role;
		decoder->jobs[decoder->njobs++] = job;
		if (decoder->njobs == 1)
		{
			decoder->process.said_length = 0;
			set_deadline(decoder);
		}
		return TE_SEND_DONE;
	}

	save_errno = errno;
	te_decoder_close_output(job);
	errno = save_errno;
	if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
	{
		decoder->cause = TE_END_EXITED;
		return TE_SEND_GONE;
	}
	return TE_SEND_NOT_NOW;
}

/* Do the bytes begin as a file of that format does? */
static bool
starts_like(int format, const char *data, uint32 length)
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

/* The thumbnail that the reply speaks of.  Returns NULL or what is wrong. */
static const char *
read_thumbnail(TePoolEntry *job, MemoryContext context)
{
	uint32		length = job->reply.thumbnail_bytes;
	uint32		done = 0;

	if (length == 0)
		return NULL;
	/* the offset is the decoder's too: the file itself is as long as it may get */
	if (lseek(job->output_fd, 0, SEEK_CUR) < (off_t) length)
		return "thumbnail is shorter than it says";
	job->thumbnail = MemoryContextAlloc(context, length);
	while (done < length)
	{
		ssize_t		got = pread(job->output_fd, job->thumbnail + done, length - done, done);

		if (got <= 0)
			return "thumbnail is shorter than it says";
		done += got;
	}
	if (!starts_like(job->request.format, job->thumbnail, length))
		return "thumbnail is not of the format that was asked for";
	return NULL;
}

/* A message from one that has jobs.  Returns NULL or what is wrong. */
static const char *
take_reply(TePoolEntry *job, const char *message, ssize_t length, MemoryContext context)
{
	const char *odd;

	/* No more than the message holds, and a NUL behind each text. */
	job->scratch = MemoryContextAlloc(context, length + 8);
	odd = te_reply_check(message, length, &job->request, &job->reply, &job->texts, job->scratch);
	if (odd == NULL)
		odd = read_thumbnail(job, context);
	if (odd == NULL)
		return NULL;

	pfree(job->scratch);
	if (job->thumbnail)
		pfree(job->thumbnail);
	job->scratch = job->thumbnail = NULL;
	return odd;
}

/* One message without descriptors: its length, or 0 with the cause filled or, if there is none yet, not. */
static ssize_t
receive(TeDecoder *decoder, char *message, size_t size)
{
	int			fds[TE_MAX_FDS];
	int			nfds;
	ssize_t		length;

	length = te_receive(decoder->process.sock, message, size, fds, &nfds);
	/* A peer that died with unread requests is reported before what it had sent. */
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
		decoder->odd = "it is too long or brings descriptors";
		return 0;
	}
	return length;
}

TePoolEntry *
te_decoder_read(TeDecoder *decoder, MemoryContext context)
{
	static char message[TE_MAX_REPLY];
	TePoolEntry   *job = decoder->njobs > 0 ? decoder->jobs[0] : NULL;
	ssize_t		length = receive(decoder, message, sizeof(message));

	if (length == 0)
		return NULL;

	if (decoder->state == TE_DECODER_STARTING)
	{
		job = NULL;
		decoder->odd = te_hello_check(message, length, &decoder->hello);
		if (decoder->odd == NULL)
		{
			decoder->state = TE_DECODER_READY;
			set_deadline(decoder);
		}
	}
	else if (job == NULL)
		decoder->odd = "it spoke without being asked";
	else
		decoder->odd = take_reply(job, message, length, context);

	if (decoder->odd != NULL)
	{
		decoder->cause = TE_END_PROTOCOL_ERROR;
		return NULL;
	}
	if (job != NULL)
	{
		te_decoder_close_output(job);
		te_process_read_stderr(&decoder->process);
		decoder->process.said_length = 0;
		decoder->busy_ms += te_now_ms() - (decoder->deadline - decoder->timeout);
		decoder->njobs--;
		memmove(&decoder->jobs[0], &decoder->jobs[1], decoder->njobs * sizeof(TePoolEntry *));
		set_deadline(decoder);
	}
	return job;
}

/* What the exit status of one that ended by itself means. */
static TeStatus
read_exit(const TeProcess *process, char *words, size_t size)
{
	int			status = process->status;

	if (!process->has_status)
	{
		snprintf(words, size, "decoder ended");
		return TE_CRASHED;
	}
	if (WIFSIGNALED(status))
	{
		snprintf(words, size, "decoder was killed by signal %d (%s)",
				 WTERMSIG(status), pg_strsignal(WTERMSIG(status)));
		return WTERMSIG(status) == SIGXCPU ? TE_TIMEOUT : TE_CRASHED;
	}
	snprintf(words, size, "decoder exited with code %d", WEXITSTATUS(status));
	switch (WEXITSTATUS(status))
	{
		case TE_EXIT_LEFT:
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
te_decoder_reap(TeDecoder *decoder, int64 until_ms, char *words)
{
	TeStatus	outcome = TE_OK;
	size_t		length;

	Assert(decoder->cause != TE_END_NONE);

	te_process_end(&decoder->process, decoder->cause != TE_END_EXITED, until_ms);
	switch (decoder->cause)
	{
		case TE_END_EXITED:
			outcome = read_exit(&decoder->process, words, TE_MAX_TEXT);
			break;
		case TE_END_TIMEOUT:
			snprintf(words, TE_MAX_TEXT, "decoder did not answer in time");
			outcome = TE_TIMEOUT;
			break;
		case TE_END_PROTOCOL_ERROR:
			snprintf(words, TE_MAX_TEXT, "decoder was not understood: %s", decoder->odd);
			outcome = TE_BAD_REPLY;
			break;
		default:
			words[0] = '\0';
			break;
	}
	length = strlen(words);
	if (length > 0 && decoder->process.said_length > 0)
		snprintf(words + length, TE_MAX_TEXT - length, ": %s", decoder->process.said);
	pfree(decoder);
	return outcome;
}
