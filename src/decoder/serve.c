/*
 * serve.c
 *		Receives requests, processes the images, sends replies.
 *
 * A request is a TeRequest with two descriptors: the image, which is mapped, and the
 * output, to which the thumbnail is written.  A failure of an image is a status in the
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
#include "wire/decoder_args.h"
#include "wire/fdpass.h"

/* A decoder that has no request for this time exits.  Its session ends it much earlier. */
#define IDLE_SECONDS	300

static void *map;
static size_t map_size;

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

/* Map the image.  NULL after setting status and error. */
static const uint8_t *
map_file(int fd, const TeRequest *request, ImgResult *result)
{
	off_t		size = lseek(fd, 0, SEEK_END);

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
	if (mmap(map, request->file_size, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
	{
		result->status = TE_IO_ERROR;
		snprintf(result->error, sizeof(result->error), "file cannot be mapped: %s", strerror(errno));
		return NULL;
	}
	return map;
}

/* Replace the file mapping by the reservation. */
static bool
unmap_file(void)
{
	return mmap(map, map_size, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

/* Drop the thumbnail and set a status.  Without a detail, error is kept. */
static void
drop_thumbnail(ImgResult *result, TeStatus status, const char *detail)
{
	result->status = status;
	if (detail != NULL)
		snprintf(result->error, sizeof(result->error), "%s", detail);
	result->thumbnail_width = result->thumbnail_height = 0;
	result->thumbnail_bytes = 0;
}

static void
write_thumbnail(int fd, ImgResult *result)
{
	size_t		done = 0;

	if (result->thumbnail_bytes > TE_MAX_THUMBNAIL)
	{
		drop_thumbnail(result, TE_NOT_ENCODED, "thumbnail is too large");
		return;
	}
	while (done < result->thumbnail_bytes)
	{
		ssize_t		written = write(fd, (char *) result->thumbnail + done,
									result->thumbnail_bytes - done);

		if (written <= 0)
		{
			drop_thumbnail(result, TE_OUT_OF_MEMORY, "no memory for the thumbnail");
			return;
		}
		done += written;
	}
}

/* Append a text of at most max bytes to the reply.  Returns its length. */
static uint32_t
put_text(char *reply, size_t *length, const char *text, size_t max)
{
	size_t		bytes = text ? strnlen(text, max) : 0;

	memcpy(reply + *length, text ? text : "", bytes);
	*length += bytes;
	return (uint32_t) bytes;
}

static int
send_reply(const TeRequest *request, const ImgResult *result)
{
	static char buffer[TE_MAX_REPLY];
	size_t		length = sizeof(TeReply);
	TeReply		reply;

	memset(&reply, 0, sizeof(reply));
	reply.magic = TE_WIRE_MAGIC;
	reply.number = request->number;
	reply.status = result->status;
	reply.exif_status = result->exif.status;
	reply.format = result->format;
	reply.width = result->width;
	reply.height = result->height;
	reply.thumbnail_width = result->thumbnail_width;
	reply.thumbnail_height = result->thumbnail_height;
	reply.thumbnail_bytes = (uint32_t) result->thumbnail_bytes;
	reply.has_taken_at = result->exif.has_taken_at;
	reply.taken_at = result->exif.taken_at;
	reply.has_gps = result->exif.has_gps;
	reply.latitude = result->exif.latitude;
	reply.longitude = result->exif.longitude;
	reply.make_len = put_text(buffer, &length, result->exif.make, TE_MAX_TEXT);
	reply.model_len = put_text(buffer, &length, result->exif.model, TE_MAX_TEXT);
	reply.error_len = put_text(buffer, &length, result->error, TE_MAX_TEXT);
	reply.exif_error_len = put_text(buffer, &length, result->exif.error, TE_MAX_TEXT);
	reply.json_len = put_text(buffer, &length, result->exif.json, TE_MAX_JSON);
	memcpy(buffer, &reply, sizeof(reply));
	return te_send(TE_FD_SOCKET, buffer, length, NULL, 0);
}

/* Process one request.  False if the process must exit. */
static bool
answer(const TeRequest *request, int image_fd, int output_fd)
{
	static ImgResult result;
	const uint8_t *data;
	bool		sent;

	memset(&result, 0, sizeof(result));
	dec_memory_reset();

	data = map_file(image_fd, request, &result);
	if (data != NULL)
	{
		img_process(request, data, request->file_size, &result);
		if (result.status != TE_OK && dec_memory_failed())
			drop_thumbnail(&result, TE_OUT_OF_MEMORY, NULL);
		else if (result.thumbnail != NULL)
			write_thumbnail(output_fd, &result);
	}
	sent = send_reply(request, &result) == 0;
	img_result_free(&result);
	return unmap_file() && sent;
}

/* Has the process used so much processor time that a new one should replace it? */
static bool
is_used_up(void)
{
	struct timespec used;

	return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0 || used.tv_sec >= DEC_LIFE_SECONDS;
}

int
dec_serve(const TeHello *hello)
{
	char		message[sizeof(TeRequest) + 1];

	if (te_send(TE_FD_SOCKET, hello, sizeof(*hello), NULL, 0) != 0)
		return TE_EXIT_NORMAL;

	while (!is_used_up())
	{
		TeRequest	request;
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
		protocol_error = te_request_check(message, length, &request);
		if (protocol_error == NULL && nfds != 2)
			protocol_error = "expected two descriptors";
		if (protocol_error != NULL)
		{
			dec_log("invalid request: %s", protocol_error);
			return TE_EXIT_PROTOCOL;
		}

		go_on = answer(&request, fds[0], fds[1]);
		close(fds[0]);
		close(fds[1]);
		if (!go_on)
			return TE_EXIT_NORMAL;
	}
	return TE_EXIT_NORMAL;
}
