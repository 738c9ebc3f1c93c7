/*
 * serve.c
 *		Receives requests, processes the images, sends replies.
 *
 * A request is a TeRequest with the image, which is mapped or whose start is read, and the
 * output, to which the thumbnails are written.  A failure of an image is a status in the
 * reply.  A protocol error ends the process.
 *
 * Files are mapped into a reserved part of the address space.  It counts against
 * RLIMIT_AS from the start, so that the memory left is the same for every file.
 */
#include "serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "image/image.h"
#include "log.h"
#include "memory.h"
#include "wire/clock.h"
#include "wire/decoder_args.h"
#include "wire/fdpass.h"

/* A decoder that has no request for this time exits.  Its session ends it much earlier. */
#define IDLE_SECONDS	300

/* If only EXIF and size are wanted: bytes read at first, and at most before the file is mapped. */
#define START_FIRST		(16 * 1024)
#define START_MAX		(256 * 1024)

/* How long a reply waits for the next ones. */
#define MAX_UNSENT_MS	10

static void *map;
static size_t map_size;
static bool is_mapped;
static char unsent[TE_MAX_REPLY];	/* replies */
static size_t unsent_length;

bool
dec_serve_prepare(uint64_t file_bytes)
{
	struct timeval idle = {.tv_sec = IDLE_SECONDS};
	uint64_t	page = (uint64_t) sysconf(_SC_PAGESIZE);

	map_size = (file_bytes + page - 1) / page * page;
	map = mmap(NULL, map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return false;
	dec_memory_watch(map, map_size);
	return setsockopt(TE_FD_SOCKET, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle)) == 0;
}

/*
 * Read the start of the image, if the request needs no more: that is faster than to map it.  NULL if it needs more, or
 * if reading fails, which the mapping then tells.
 */
static const uint8_t *
read_start(int fd, const TeRequest *request, size_t *length)
{
	static uint8_t start[START_MAX];
	size_t		needed = START_FIRST;

	*length = 0;
	while (needed > *length && needed <= START_MAX)
	{
		ssize_t		got;

		if (needed > request->file_size)
			needed = request->file_size;
		got = pread(fd, start + *length, needed - *length, (off_t) *length);
		if (got <= 0)
			return NULL;
		*length += (size_t) got;
		if (*length == needed)
			needed = img_bytes_needed(request, start, *length);
	}
	return needed <= *length ? start : NULL;
}

/* Load the image, or what the request needs of it.  NULL after setting status and error. */
static const uint8_t *
load_file(int fd, const TeRequest *request, size_t *length, ImgResult *result)
{
	off_t		size = lseek(fd, 0, SEEK_END);
	const uint8_t *start;

	result->exif.status = (request->want & TE_WANT_EXIF) ? TE_EXIF_NONE : TE_EXIF_NOT_ASKED;
	if (request->file_size > map_size)
	{
		result->status = TE_FILE_TOO_LARGE;
		return NULL;
	}
	if (size < 0 || (uint64_t) size < request->file_size)
	{
		result->status = TE_IO_ERROR;
		snprintf(result->error, sizeof(result->error), "file has become shorter");
		return NULL;
	}
	if (!(request->want & (TE_WANT_THUMBNAIL | TE_WANT_FILE_HASH)) && (start = read_start(fd, request, length)) != NULL)
		return start;
	*length = request->file_size;
	is_mapped = true;
	if (mmap(map, request->file_size, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
	{
		result->status = TE_IO_ERROR;
		snprintf(result->error, sizeof(result->error), "file cannot be mapped: %s", strerror(errno));
		return NULL;
	}
	return map;
}

/* Read the sidecar; NULL with its length 0 if it cannot be read, as when it has become shorter: then it is being written. */
static const uint8_t *
load_sidecar(int fd, const TeRequest *request, size_t *length)
{
	static uint8_t sidecar[TE_MAX_SIDECAR];

	*length = 0;
	while (*length < request->sidecar_size)
	{
		ssize_t		got = pread(fd, sidecar + *length, request->sidecar_size - *length, (off_t) *length);

		if (got <= 0)
		{
			*length = 0;
			return NULL;
		}
		*length += (size_t) got;
	}
	return sidecar;
}

/* Replace the file mapping, if there is one, by the reservation. */
static bool
unmap_file(void)
{
	if (!is_mapped)
		return true;
	is_mapped = false;
	return mmap(map, map_size, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* Drop the thumbnails and set a status.  Without a detail, error is kept. */
static void
drop_thumbnails(ImgResult *result, TeStatus status, const char *detail)
{
	result->status = status;
	if (detail != NULL)
		snprintf(result->error, sizeof(result->error), "%s", detail);
	img_result_drop_thumbnails(result);
}

static bool
write_bytes(int fd, const char *bytes, size_t length)
{
	while (length > 0)
	{
		ssize_t		written = write(fd, bytes, length);

		if (written <= 0)
			return false;
		bytes += written;
		length -= (size_t) written;
	}
	return true;
}

/* Write all thumbnails, one after the other. */
static void
write_thumbnails(int fd, const TeRequest *request, ImgResult *result)
{
	bool		ok = write_bytes(fd, result->thumbnail, result->thumbnail_bytes);
	size_t		largest = result->thumbnail_bytes;

	for (uint32_t i = 0; ok && i < request->more; i++)
	{
		ok = write_bytes(fd, result->more[i].data, result->more[i].bytes);
		if (result->more[i].bytes > largest)
			largest = result->more[i].bytes;
	}
	if (largest > TE_MAX_THUMBNAIL)
		drop_thumbnails(result, TE_NOT_ENCODED, "thumbnail is too large");
	else if (!ok)
		drop_thumbnails(result, TE_OUT_OF_MEMORY, "no memory for the thumbnail");
}

/* --- replies */

/* Bytes of a text that the reply holds. */
static uint32_t
text_length(const char *text, size_t max)
{
	return text ? (uint32_t) strnlen(text, max) : 0;
}

/* Send the replies that wait for being sent.  False if nobody receives them. */
static bool
send_replies(void)
{
	bool		sent = unsent_length == 0 || te_send(TE_FD_SOCKET, unsent, unsent_length, NULL, 0) == 0;

	unsent_length = 0;
	return sent;
}

/* The facts with the lengths of their texts. */
static TeFacts
facts_of(const ImgResult *result)
{
	const ExifTexts *texts = result->exif.texts;
	TeFacts		facts = result->facts;

	if (texts != NULL)
	{
		facts.lens_len = text_length(texts->lens, TE_MAX_TEXT);
		facts.title_len = text_length(texts->title, TE_MAX_TEXT);
		facts.description_len = text_length(texts->description, TE_MAX_DESCRIPTION);
		facts.keywords_len = text_length(texts->keywords, TE_MAX_KEYWORD_TEXT);
	}
	return facts;
}

/* Add a reply to those that wait for being sent.  The image was begun at that time, and so many bytes were read. */
static bool
add_reply(const TeRequest *request, const ImgResult *result, int64_t began_us, size_t bytes_read)
{
	static const ExifTexts no_texts;
	const ExifResult *exif = &result->exif;
	const ExifTexts *texts = exif->texts != NULL ? exif->texts : &no_texts;
	bool		has_facts = (request->want & TE_WANT_ANY_FACTS) != 0;
	TeReply		reply = {
		.magic = TE_WIRE_MAGIC,
		.number = request->number,
		.status = result->status,
		.exif_status = exif->status,
		.format = result->format,
		.width = result->width,
		.height = result->height,
		.thumbnail_width = result->thumbnail_width,
		.thumbnail_height = result->thumbnail_height,
		.thumbnail_bytes = (uint32_t) result->thumbnail_bytes,
		.has_taken_at = exif->has_taken_at,
		.taken_at = exif->taken_at,
		.has_gps = exif->has_gps,
		.latitude = exif->latitude,
		.longitude = exif->longitude,
		.decode_us = (uint64_t) (te_now_us() - began_us),
		.bytes_read = bytes_read,
		.make_len = text_length(exif->make, TE_MAX_TEXT),
		.model_len = text_length(exif->model, TE_MAX_TEXT),
		.error_len = text_length(result->error, TE_MAX_TEXT),
		.exif_error_len = text_length(exif->error, TE_MAX_TEXT),
		.json_len = text_length(exif->json, TE_MAX_JSON),
		.damage = result->status == TE_OK ? result->damage : 0,
		.has_facts = has_facts,
		.facts = facts_of(result)
	};
	const struct
	{
		const void *bytes;
		size_t		length;
	}			parts[] = {
		{&reply, TE_REPLY_SIZE(has_facts)}, {exif->make, reply.make_len}, {exif->model, reply.model_len},
		{result->error, reply.error_len}, {exif->error, reply.exif_error_len}, {exif->json, reply.json_len},
		{texts->lens, reply.facts.lens_len}, {texts->title, reply.facts.title_len},
		{texts->description, reply.facts.description_len}, {texts->keywords, reply.facts.keywords_len}
	};
	size_t		total = 0;

	reply.measured_width = result->measured_width;
	reply.measured_height = result->measured_height;
	for (uint32_t i = 0; i < request->more; i++)
		reply.more[i] = (TeReplyThumbnail) {result->more[i].width, result->more[i].height, (uint32_t) result->more[i].bytes};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		total += parts[i].length;
	if (total > sizeof(unsent) - unsent_length && !send_replies())
		return false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
	{
		if (parts[i].length > 0)
			memcpy(unsent + unsent_length, parts[i].bytes, parts[i].length);
		unsent_length += parts[i].length;
	}
	return true;
}

/* --- requests */

/* Process one request with its descriptors.  False if the process must exit. */
static bool
answer(const TeRequest *request, const int *fds)
{
	static ImgResult result;
	int			output_fd = (request->want & TE_WANT_THUMBNAIL) ? fds[1] : -1;
	ExifSidecar sidecar = {0};
	int64_t		began_us = te_now_us();
	const uint8_t *data;
	size_t		length = 0;
	bool		added;

	memset(&result, 0, sizeof(result));
	dec_memory_reset();

	data = load_file(fds[0], request, &length, &result);
	if (data != NULL)
	{
		if (request->want & TE_WANT_SIDECAR)
			sidecar.data = load_sidecar(fds[te_request_descriptors(request) - 1], request, &sidecar.length);
		img_process_beside(request, data, length, (request->want & TE_WANT_SIDECAR) ? &sidecar : NULL, &result);
		if ((result.status != TE_OK || result.damage != 0) && dec_memory_failed())
			drop_thumbnails(&result, TE_OUT_OF_MEMORY, NULL);
		else if (result.thumbnail != NULL)
			write_thumbnails(output_fd, request, &result);
	}
	added = add_reply(request, &result, began_us, data != NULL ? length : 0);
	img_result_free(&result);
	return unmap_file() && added;
}

/*
 * Process the requests of one message.  Replies are sent after the last one, or when some time has passed: the server
 * measures the time of an image from the reply before.  False if the process must exit.
 */
static bool
answer_all(const TeRequest *requests, int count, const int *fds)
{
	int64_t		sent_ms = count > 1 ? te_now_ms() : 0;
	bool		go_on = true;

	for (int i = 0; i < count && go_on; i++)
	{
		int64_t		now;

		go_on = answer(&requests[i], fds);
		fds += te_request_descriptors(&requests[i]);
		if (!go_on || i + 1 == count || (now = te_now_ms()) - sent_ms < MAX_UNSENT_MS)
			continue;
		go_on = send_replies();
		sent_ms = now;
	}
	return send_replies() && go_on;
}

/* Has the process used so much processor time that a new one should replace it? */
static bool
is_used_up(void)
{
	struct timespec used;

	return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0 || used.tv_sec >= DEC_LIFE_SECONDS;
}

void
dec_show_server_process(char *parent, int pid)
{
	snprintf(parent, strlen(parent) + 1, "%0*d", (int) strlen(parent), pid);
}

int
dec_serve(const TeHello *hello, char *parent)
{
	int			server_process = 0;

	static char message[TE_BATCH * sizeof(TeRequest) + 1];

	if (te_send(TE_FD_SOCKET, hello, sizeof(*hello), NULL, 0) != 0)
		return TE_EXIT_NORMAL;

	while (!is_used_up())
	{
		TeRequest	requests[TE_BATCH];
		int			count;
		int			fds[TE_MAX_FDS];
		int			nfds;
		const char *protocol_error;
		bool		go_on;
		ssize_t		length = te_receive(TE_FD_SOCKET, message, sizeof(message), fds, &nfds);

		if (length == 0 || (length < 0 && (errno == EAGAIN || errno == ECONNRESET)))
			return TE_EXIT_NORMAL;
		if (length < 0)
		{
			dec_log("cannot receive: %s", strerror(errno));
			return TE_EXIT_PROTOCOL;
		}
		protocol_error = te_requests_check(message, length, nfds, requests, &count);
		if (protocol_error != NULL)
		{
			dec_log("invalid request: %s", protocol_error);
			return TE_EXIT_PROTOCOL;
		}

		/* server processes hand decoders over */
		if (requests[0].server_process != server_process)
		{
			server_process = requests[0].server_process;
			dec_show_server_process(parent, server_process);
		}
		go_on = answer_all(requests, count, fds);
		while (nfds > 0)
			close(fds[--nfds]);
		if (!go_on)
			return TE_EXIT_NORMAL;
	}
	return TE_EXIT_NORMAL;
}
