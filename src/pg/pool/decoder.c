/*
 * decoder.c
 *		Conversation with one decoder: sending requests, checking replies, and classifying its end.
 *
 * A decoder processes files from untrusted sources, so it is assumed to be compromised.  Every
 * message is validated before use, and a decoder that breaks the protocol is killed.
 */
#include "postgres.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "decoder.h"
#include "dispatch.h"
#include "output.h"
#include "pg/base/clock.h"
#include "pg/base/guc.h"
#include "pg/shared/decoder_slot.h"
#include "pg/shared/metrics.h"
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
	{
		te_metrics_decoder_started();
		return decoder;
	}

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

/* Note that the requests were sent. */
static void
add_entries(TeDecoder *decoder, TePoolEntry **entries, int count)
{
	decoder->images += count;
	decoder->role = entries[0]->role;
	decoder->batches[decoder->nbatches++] = count;
	memcpy(&decoder->entries[decoder->nentries], entries, sizeof(TePoolEntry *) * count);
	decoder->nentries += count;
	if (decoder->nentries > count)
		return;
	decoder->process.stderr_length = 0;
	set_deadline(decoder);
}

TeSendResult
te_decoder_send(TeDecoder *decoder, TePoolEntry **entries, int count)
{
	TeRequest	message[TE_BATCH];
	int			fds[TE_MAX_FDS];
	int			nfds = 0;
	int			opened = 0;
	int			save_errno;

	Assert(decoder->state == TE_DECODER_READY && decoder->nbatches < TE_PIPELINE && count <= TE_BATCH && (count == 1 || te_pool_entry_is_small(entries[0])));
	StaticAssertStmt(2 * TE_BATCH <= TE_MAX_FDS, "a small request has at most two descriptors");

	for (; opened < count; opened++)
	{
		TePoolEntry *entry = entries[opened];

		if ((entry->request.want & TE_WANT_THUMBNAIL) && !te_output_open(entry))
			break;
		message[opened] = entry->request;
		fds[nfds++] = entry->image_fd;
		if (entry->output_fd >= 0)
			fds[nfds++] = entry->output_fd;
		if (entry->sidecar_fd >= 0)
			fds[nfds++] = entry->sidecar_fd;
	}
	if (opened == count && te_send(decoder->process.sock, message, sizeof(TeRequest) * count, fds, nfds) == 0)
	{
		add_entries(decoder, entries, count);
		return TE_SEND_DONE;
	}

	save_errno = errno;
	for (int i = 0; i < count; i++)
		te_output_close(entries[i]);
	errno = save_errno;
	if (opened == count && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN))
	{
		decoder->cause = TE_END_EXITED;
		return TE_SEND_EXITED;
	}
	return TE_SEND_NO_RESOURCES;
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
		protocol_error = te_output_read(entry, context);
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

/* Does the message consist of complete replies, of which there are not more than requests? */
static const char *
check_framing(const TeDecoder *decoder, const char *message, size_t length)
{
	for (int i = 0; length > 0; i++)
	{
		size_t		used = te_reply_length(message, length);

		if (i == decoder->nentries)
			return i == 0 ? "it sent a message without a request" : "there are bytes behind its replies";
		if (used == 0)
			return "its reply is not complete";
		message += used;
		length -= used;
	}
	return NULL;
}

/* Remove the first entry, which is answered. */
static TePoolEntry *
remove_first(TeDecoder *decoder)
{
	TePoolEntry *entry = decoder->entries[0];

	te_output_close(entry);
	decoder->nentries--;
	memmove(&decoder->entries[0], &decoder->entries[1], decoder->nentries * sizeof(TePoolEntry *));
	if (--decoder->batches[0] == 0)
	{
		decoder->nbatches--;
		memmove(&decoder->batches[0], &decoder->batches[1], decoder->nbatches * sizeof(int));
	}
	return entry;
}

/* Count time and bytes, which the decoder says: no more than is possible. */
static void
count_reply(const TeDecoder *decoder, const TePoolEntry *entry)
{
	te_metrics_decoded(Min(entry->reply.decode_us, (uint64) decoder->timeout_ms * 1000), Min(entry->reply.bytes_read, entry->request.file_size));
}

static int
read_replies(TeDecoder *decoder, const char *message, size_t length, MemoryContext context, TePoolEntry **done)
{
	int			count = 0;

	decoder->protocol_error = check_framing(decoder, message, length);
	while (length > 0 && decoder->protocol_error == NULL)
	{
		size_t		used = te_reply_length(message, length);

		decoder->protocol_error = accept_reply(decoder->entries[0], message, (ssize_t) used, context);
		if (decoder->protocol_error != NULL)
			break;
		count_reply(decoder, decoder->entries[0]);
		done[count++] = remove_first(decoder);
		message += used;
		length -= used;
	}
	if (count > 0)
	{
		te_process_read_stderr(&decoder->process);
		decoder->process.stderr_length = 0;
		decoder->busy_ms += te_now_ms() - (decoder->deadline_ms - decoder->timeout_ms);
		set_deadline(decoder);
	}
	return count;
}

int
te_decoder_read(TeDecoder *decoder, MemoryContext context, TePoolEntry *done[TE_PIPELINE * TE_BATCH])
{
	static char message[TE_MAX_REPLY];
	ssize_t		length = receive(decoder, message, sizeof(message));
	int			count = 0;

	if (length == 0)
		return 0;

	if (decoder->state == TE_DECODER_STARTING)
	{
		decoder->protocol_error = te_hello_check(message, length, &decoder->hello);
		if (decoder->protocol_error == NULL)
		{
			decoder->state = TE_DECODER_READY;
			set_deadline(decoder);
		}
	}
	else
		count = read_replies(decoder, message, (size_t) length, context, done);
	if (decoder->protocol_error != NULL)
		decoder->cause = TE_END_PROTOCOL_ERROR;
	return count;
}

int
te_decoder_suspects(const TeDecoder *decoder)
{
	return decoder->nbatches > 0 ? decoder->batches[0] : 0;
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
te_decoder_reap(TeDecoder *decoder, int64 until_ms, char *detail, bool *template_lost)
{
	TeStatus	outcome = TE_OK;
	size_t		length;

	Assert(decoder->cause != TE_END_NONE);

	te_process_end(&decoder->process, decoder->cause != TE_END_EXITED, until_ms);
	*template_lost = decoder->cause == TE_END_EXITED && decoder->process.end.template_lost;
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

void
te_decoder_count_loss(bool starting, TeStatus outcome)
{
	te_pool.lost++;
	te_metrics_decoder_lost(starting, outcome);
}
