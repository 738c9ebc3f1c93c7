/*
 * stub_decoder.c
 *		A decoder that does what it is told, wrongly if need be.
 *
 * Tests put it in the place of thumbexif-decoder in a private installation.  The
 * image says what is to be done with it: a file that begins with "stub: " and a word.  Of any other
 * image it "makes" the smallest possible JPEG.  What it does at its start it reads from a file
 * "stub_start" beside the program.
 */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "wire/decoder_args.h"
#include "wire/fdpass.h"
#include "wire/message.h"

static const unsigned char jpeg[] = {
	0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xff, 0xd9
};

enum
{
	MAKE, MODEL, REASON, EXIF_REASON, JSON, LENS, TITLE, DESCRIPTION, KEYWORDS, TEXTS
};

static TeRequest request;
static TeReply reply;
static const char *texts[TEXTS];
static size_t text_bytes[TEXTS];	/* 0: up to its NUL */
static size_t surplus;			/* bytes behind the texts */
static int	extra_fd;			/* a descriptor nobody asked for, or 0 */
static int	times;				/* the reply is sent */
static bool hold;				/* replies, to send them in one message */
static char held[TE_MAX_REPLY];
static size_t held_length;
static char seen[64];			/* what it remembers of the picture before: see "remember" */

static void
send_reply(void)
{
	static char message[4 * TE_MAX_REPLY];
	uint32_t   *lengths[TEXTS] = {&reply.make_len, &reply.model_len, &reply.error_len, &reply.exif_error_len, &reply.json_len,
	&reply.facts.lens_len, &reply.facts.title_len, &reply.facts.description_len, &reply.facts.keywords_len};
	size_t		length = TE_REPLY_SIZE(reply.has_facts);

	for (int i = 0; i < TEXTS; i++)
	{
		size_t		bytes = text_bytes[i] > 0 ? text_bytes[i] : texts[i] ? strlen(texts[i]) : 0;

		memcpy(message + length, texts[i] ? texts[i] : "", bytes);
		*lengths[i] += (uint32_t) bytes;
		length += bytes;
	}
	memcpy(message, &reply, TE_REPLY_SIZE(reply.has_facts));
	if (hold && length <= sizeof(held) - held_length)
	{
		memcpy(held + held_length, message, length);
		held_length += length;
		return;
	}
	if (te_send(TE_FD_SOCKET, message, length + surplus, &extra_fd, extra_fd ? 1 : 0) != 0)
		exit(0);
}

static void
answer_well(int output)
{
	memset(&reply, 0, sizeof(reply));
	memset(texts, 0, sizeof(texts));
	memset(text_bytes, 0, sizeof(text_bytes));
	surplus = 0;
	extra_fd = 0;
	times = 1;
	reply.magic = TE_WIRE_MAGIC;
	reply.number = request.number;
	reply.format = TE_FORMAT_JPEG;
	reply.width = reply.height = 100;
	reply.exif_status = (request.want & TE_WANT_EXIF) ? TE_EXIF_NONE : TE_EXIF_NOT_ASKED;
	reply.has_facts = (request.want & TE_WANT_ANY_FACTS) != 0;
	if (request.want & TE_WANT_THUMBNAIL)
	{
		reply.thumbnail_width = reply.thumbnail_height = 1;
		reply.thumbnail_bytes = sizeof(jpeg);
		if (write(output, jpeg, sizeof(jpeg)) != sizeof(jpeg))
			exit(1);
		reply.measured_width = reply.measured_height = request.measure > 0;
		for (uint32_t i = 0; i < request.more; i++)
		{
			reply.more[i] = (TeReplyThumbnail) {1, 1, sizeof(jpeg)};
			if (write(output, jpeg, sizeof(jpeg)) != sizeof(jpeg))
				exit(1);
		}
	}
}

/* Texts and JSON as if there were EXIF. */
static void
say_exif(int which, const char *text)
{
	reply.exif_status = TE_EXIF_FOUND;
	texts[which] = text;
}

static void
die_somehow(const char *word)
{
	if (strcmp(word, "crash") == 0)
		raise(SIGSEGV);
	else if (strcmp(word, "abort") == 0)
		dprintf(TE_FD_LOG, "assertion \001 failed\n"), raise(SIGABRT);
	else if (strcmp(word, "processor") == 0)
		raise(SIGXCPU);
	else if (strcmp(word, "memory") == 0)
		exit(TE_EXIT_MEMORY);
	else if (strcmp(word, "file") == 0)
		exit(TE_EXIT_FILE);
	else if (strcmp(word, "leave") == 0)
		exit(TE_EXIT_NORMAL);
	else if (strcmp(word, "exit") == 0)
		exit(77);
	else if (strcmp(word, "stop") == 0)
		raise(SIGSTOP);
}

/* More bytes than a thumbnail of its size can have. */
static void
make_too_much(const char *word, int output)
{
	static char zeros[1024 * 1024];
	static char words[64];
	long long	written = reply.thumbnail_bytes;
	ssize_t		length;

	if (strcmp(word, "fewer") == 0) /* sizes than were asked for */
		reply.more[0] = (TeReplyThumbnail) {0};
	else if (strcmp(word, "more") == 0) /* than were asked for */
		reply.more[TE_MAX_SIZES - 2] = (TeReplyThumbnail) {1, 1, 1};
	else if (strcmp(word, "broad") == 0)	/* a further size */
		reply.more[0].width = request.more_size[0] + 1;
	else if (strcmp(word, "measured") == 0) /* what nobody asked for */
		reply.measured_width = 1;
	else if (strcmp(word, "longer") == 0)	/* than what it has written */
		reply.more[0].bytes++;
	else if (strcmp(word, "second") == 0)	/* of which is no picture */
		reply.more[0].bytes = sizeof(jpeg), reply.thumbnail_bytes--;
	if (strcmp(word, "heavy") == 0)
		reply.thumbnail_bytes = te_thumbnail_bound(request.format, 1, 1) + 1;
	if (strcmp(word, "fill") != 0)
		return;
	while ((length = write(output, zeros, sizeof(zeros))) > 0)
		written += length;
	snprintf(words, sizeof(words), "%lld bytes were taken", written);
	reply.status = TE_NOT_ENCODED;
	reply.thumbnail_bytes = reply.thumbnail_width = reply.thumbnail_height = 0;
	texts[REASON] = words;
}

/* A number that the column must not have. */
static void
say_number(const char *word)
{
	TeFacts    *facts = &reply.facts;

	*facts = (TeFacts)
	{
		.known = TE_FACT_ISO | TE_FACT_F_NUMBER | TE_FACT_EXPOSURE_TIME | TE_FACT_ORIENTATION | TE_FACT_ALTITUDE | TE_FACT_DIRECTION |
			TE_FACT_RATING, .iso = 100, .f_number = 2, .exposure_time = 1, .orientation = 1
	};
	reply.has_taken_at = 1;
	reply.taken_at = (TeTime) {.year = 2024, .month = 2, .day = 29, .has_offset = TE_OFFSET_EXIF, .offset_minutes = 60};
	if (strcmp(word, "iso") == 0)
		facts->iso = 0;
	else if (strcmp(word, "aperture") == 0)
		facts->f_number = NAN;
	else if (strcmp(word, "exposure") == 0)
		facts->exposure_time = -1;
	else if (strcmp(word, "orientation") == 0)
		facts->orientation = 9;
	else if (strcmp(word, "altitude") == 0)
		facts->altitude = INFINITY;
	else if (strcmp(word, "direction") == 0)
		facts->direction = 361;
	else if (strcmp(word, "rating") == 0)
		facts->rating = 6;
	else if (strcmp(word, "offset") == 0)
		reply.taken_at.offset_minutes = 16 * 60;
	else if (strcmp(word, "origin") == 0)
		reply.taken_at.has_offset = TE_OFFSET_GPS + 1;
	else if (strcmp(word, "thumbhash") == 0)
		facts->known |= TE_FACT_THUMBHASH, facts->thumbhash_len = TE_THUMBHASH_MAX + 1;
	else if (strcmp(word, "unknown") == 0)
		facts->known |= TE_FACT_ALL + 1;
}

/* A value of the EXIF, XMP or IPTC that there is.  "good" is none of the others, and no lie. */
static void
lie_about_facts(const char *word)
{
	static char many[2 * (TE_MAX_KEYWORDS + 1)];
	static char long_text[TE_MAX_KEYWORD_TEXT + 2];

	memset(long_text, 'x', sizeof(long_text) - 1);
	for (size_t i = 0; i < sizeof(many); i += 2)
		memcpy(many + i, "k\n", 2);
	say_exif(KEYWORDS, "one\ntwo");
	say_number(word);
	if (strcmp(word, "nothing") == 0)
		reply.has_facts = 0, texts[KEYWORDS] = NULL;
	else if (strcmp(word, "several") == 0)	/* keywords, too many of them */
		texts[KEYWORDS] = many, text_bytes[KEYWORDS] = sizeof(many) - 1;
	else if (strcmp(word, "endless") == 0)
		texts[KEYWORDS] = long_text;
	else if (strcmp(word, "empty") == 0)
		texts[KEYWORDS] = "one\n\ntwo";
	else if (strcmp(word, "nul") == 0)
		texts[KEYWORDS] = "one\ntw\0", text_bytes[KEYWORDS] = 7;
	else if (strcmp(word, "encoding") == 0)
		texts[KEYWORDS] = "one\ntw\xc3";
	else if (strcmp(word, "lens") == 0)
		texts[LENS] = long_text;
	else if (strcmp(word, "title") == 0)
		texts[TITLE] = "of\nlines";
	else if (strcmp(word, "description") == 0)
		texts[DESCRIPTION] = "\33[2J";
	else if (strcmp(word, "beyond") == 0)	/* its end */
		reply.facts.title_len = 1 << 20;
}

/* Spoil the reply as the image says. */
static void
obey(const char *word, int output)
{
	die_somehow(word);
	if (strcmp(word, "number") == 0)
		reply.number++;
	else if (strcmp(word, "magic") == 0)
		reply.magic++;
	else if (strcmp(word, "twice") == 0)
		times = 2;
	else if (strcmp(word, "silent") == 0)
		close(TE_FD_SOCKET), pause();
	else if (strcmp(word, "descriptor") == 0)
		extra_fd = output;
	else if (strcmp(word, "long") == 0)
		surplus = TE_MAX_REPLY;
	else if (strcmp(word, "surplus") == 0)
		surplus = 1;
	else if (strcmp(word, "lengths") == 0)
		reply.error_len = UINT32_MAX;
	else if (strcmp(word, "status") == 0)
		reply.status = TE_MISSING;
	else if (strcmp(word, "wide") == 0)
		reply.thumbnail_width = request.size + 1;
	else if (strcmp(word, "missing") == 0)
		reply.thumbnail_bytes++;
	else if (strcmp(word, "html") == 0)
	{
		if (pwrite(output, "<html>", 6, 0) != 6)
			exit(1);
	}
	else if (strcmp(word, "text") == 0)
		say_exif(MAKE, "Fic\xfftor");
	else if (strcmp(word, "json") == 0)
		say_exif(JSON, "{\"a\":\"\\u0000\"}");
	else if (strcmp(word, "digits") == 0)
		say_exif(JSON, "{\"a\":1e-999}");
	else if (strcmp(word, "make") == 0)
		texts[MAKE] = "Fictor"; /* though there is no EXIF */
	else if (strcmp(word, "damaged") == 0)
	{
		reply.damage = TE_TRUNCATED;
		texts[REASON] = "only its sky";
	}
	else if (strcmp(word, "hurt") == 0)
		reply.damage = TE_TIMEOUT;
	else if (strcmp(word, "boast") == 0)	/* of what it has done */
		reply.decode_us = reply.bytes_read = UINT64_MAX;
	else if (strcmp(word, "remember") == 0)
		say_exif(MAKE, seen[0] ? seen : "nothing");
	else if (strncmp(word, "fact-", 5) == 0)
		lie_about_facts(word + 5);
	else
		make_too_much(word, output);
}

static void
answer(int image_fd, int output)
{
	char		image[64] = "";
	char		word[32] = "";

	answer_well(output);
	if (pread(image_fd, image, sizeof(image) - 1, 0) > 0 && sscanf(image, "stub: %31s", word) == 1)
		obey(word, output);
	while (times-- > 0)
		send_reply();
	strcpy(seen, word);
}

static void
greet(void)
{
	TeHello		hello = {
		.magic = TE_WIRE_MAGIC, .version = TE_WIRE_VERSION, .can_read = 1 << TE_FORMAT_JPEG,
		.can_write = 1 << TE_FORMAT_JPEG, .libvips = "stub", .libexif = "stub", .self_test = "ok"
	};
	char		path[4096];
	char		word[32] = "";
	ssize_t		length = readlink("/proc/self/exe", path, sizeof(path) - 20);
	char	   *slash;
	FILE	   *file;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, "stub_start");
	file = fopen(path, "r");
	if (file != NULL)
	{
		if (fscanf(file, "%31s", word) != 1)
			word[0] = '\0';
		fclose(file);
	}

	if (strcmp(word, "version") == 0)
		hello.version++;
	else if (strcmp(word, "garbage") == 0)
		memset(&hello, 'x', sizeof(hello));
	else if (strcmp(word, "hang") == 0)
		pause();
	die_somehow(word);
	if (te_send(TE_FD_SOCKET, &hello, sizeof(hello), NULL, 0) != 0)
		exit(0);
}

int
main(int argc, char **argv)
{
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (argc != TE_ARGUMENTS)
		return TE_EXIT_START;
	greet();
	for (;;)
	{
		static char message[TE_BATCH * sizeof(TeRequest) + 1];
		TeRequest	requests[TE_BATCH];
		int			count;
		int			fds[TE_MAX_FDS];
		int			nfds;
		ssize_t		length = te_receive(TE_FD_SOCKET, message, sizeof(message), fds, &nfds);

		if (length <= 0 || te_requests_check(message, length, nfds, requests, &count) != NULL)
			return 0;
		hold = count > 1;
		held_length = 0;
		for (int i = 0, at = 0; i < count; i++)
		{
			bool		output = (requests[i].want & TE_WANT_THUMBNAIL) != 0;

			request = requests[i];
			answer(fds[at], output ? fds[at + 1] : -1);
			at += output ? 2 : 1;
		}
		if (held_length > 0 && te_send(TE_FD_SOCKET, held, held_length, NULL, 0) != 0)
			return 0;
		while (nfds > 0)
			close(fds[--nfds]);
	}
}
