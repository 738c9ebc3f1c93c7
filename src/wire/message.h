/*
 * message.h
 *		The messages between a server process and a decoder.
 *
 * Both ends are built together and run on one host: messages are C structs in
 * native order over a Unix SOCK_SEQPACKET socket pair, so that a message
 * arrives whole or not at all.  The protocol:
 *
 *		decoder -> server	TeHello					once, when the sandbox is closed and it is ready
 *		server -> decoder	TeRequest...			up to TE_BATCH, and for each the image (read only), and the
 *													output (a memfd) if a thumbnail is wanted, and the image's
 *													sidecar (read only) if it has one
 *		decoder -> server	TeReply + texts ...		one for each request, one or more in a message
 *
 * The server keeps at most TE_PIPELINE messages unanswered in one decoder, which answers all
 * requests in order.  It sends replies together if they take little time.  On end of file the
 * decoder exits.
 *
 * The thumbnails are written to the output descriptor, one after the other in the order in which the request names their
 * sizes.  Its offset is then the length of all, its size a bound that cannot be exceeded.  The server treats everything from a decoder as hostile:
 * te_reply_check() is the one place where a reply is examined before it is used.
 */
#ifndef TE_WIRE_MESSAGE_H
#define TE_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/status.h"

#define TE_WIRE_MAGIC		0x46584554	/* "TEXF" */
#define TE_WIRE_VERSION		4
#define TE_PIPELINE			2	/* messages in one decoder: one in work, one waiting */
#define TE_BATCH			16	/* requests in one message */

#define TE_MAX_SIDE			16384	/* largest thumbnail_size */
#define TE_MAX_SIZES		8	/* thumbnails of one image */
#define TE_MAX_THUMBNAIL	(64 * 1024 * 1024)	/* bytes of any thumbnail; see te_thumbnail_bound() */
#define TE_MAX_TEXT			1024	/* bytes of make, model and each error */
#define TE_MAX_SIDECAR_KB	1024	/* of a file with XMP beside an image */
#define TE_MAX_SIDECAR		(TE_MAX_SIDECAR_KB * 1024)
#define TE_MAX_JSON			(96 * 1024) /* bytes of the EXIF as JSON */
#define TE_MAX_DESCRIPTION	8192	/* bytes of the description */
#define TE_MAX_KEYWORDS		1000	/* their number */
#define TE_MAX_KEYWORD_TEXT	(16 * 1024) /* bytes of all keywords */
#define TE_THUMBHASH_MAX	25	/* bytes of a ThumbHash */
#define TE_FILE_HASH		32	/* bytes of a SHA-256 */
#define TE_MAX_REPLY		(128 * 1024)	/* bytes of a message with one or more replies */

typedef enum TeFormat			/* format of a file, by content */
{
	TE_FORMAT_UNKNOWN,
	TE_FORMAT_JPEG,
	TE_FORMAT_PNG,
	TE_FORMAT_WEBP,
	TE_FORMAT_GIF,
	TE_FORMAT_TIFF,
	TE_FORMAT_HEIC,
	TE_FORMAT_AVIF,
	TE_FORMAT_JXL,
	TE_FORMAT_BMP,
	TE_FORMAT_RAW,
	TE_FORMAT_JP2,				/* JPEG 2000 */
	TE_FORMAT_PNM				/* PBM, PGM, PPM */
} TeFormat;
#define TE_FORMAT_LAST TE_FORMAT_PNM

/* Lower-case names as thumbexif_info() and the settings show them; NULL if unknown. */
extern const char *te_format_name(int format);

/* The formats a thumbnail can be written in; te_format_suffix gives "jpg", ... or NULL. */
extern const char *te_format_suffix(int format);

/* Maximum bytes of a thumbnail of that size and format, even of noise at quality 100. */
extern uint32_t te_thumbnail_bound(int format, uint32_t width, uint32_t height);

typedef struct TeHello
{
	uint32_t	magic;
	uint32_t	version;
	uint32_t	can_read;		/* bit (1 << TeFormat) for each format this build reads */
	uint32_t	can_write;		/* the same for thumbnails */
	char		libvips[16];	/* version, NUL-terminated */
	char		libexif[16];
	char		self_test[256]; /* "ok", or a list of what fails in this build */
} TeHello;

#define TE_WANT_THUMBNAIL	0x01
#define TE_WANT_EXIF		0x02	/* dates, camera, GPS and the JSON */
#define TE_WANT_GPS			0x04	/* leave GPS in; only with TE_WANT_EXIF */
#define TE_WANT_FACTS		0x10	/* EXIF's values as TeFacts; only with TE_WANT_EXIF */
#define TE_WANT_FILE_HASH	0x20	/* reads the whole file */
#define TE_WANT_THUMBHASH	0x40	/* of the thumbnail; only with TE_WANT_THUMBNAIL, like the next */
#define TE_WANT_PICTURE_HASH	0x80
#define TE_WANT_ALL			0xF7
#define TE_WANT_DAMAGED		0x08	/* show what is left of a damaged image; only with TE_WANT_THUMBNAIL */
#define TE_WANT_SIDECAR		0x100	/* there is a sidecar, of which XMP is wanted; only with TE_WANT_EXIF */
/* Any of these has the reply end with TeFacts and their texts. */
#define TE_WANT_ANY_FACTS	(TE_WANT_FACTS | TE_WANT_FILE_HASH | TE_WANT_THUMBHASH | TE_WANT_PICTURE_HASH)
/* Format, width and height are always in the reply. */

typedef struct TeRequest
{
	uint32_t	magic;
	uint32_t	number;			/* of the request, repeated in the reply */
	uint32_t	want;			/* TE_WANT_... */
	uint32_t	size;			/* side of the square, pixels */
	uint32_t	format;			/* TeFormat of the thumbnail */
	uint32_t	quality;		/* 1..100 */
	int32_t		server_process; /* whose request it is, which the decoder shows in its arguments */
	uint32_t	unused;
	uint64_t	max_pixels;		/* limit on width x height of the decoded frame */
	uint64_t	file_size;		/* bytes of the image file when the server opened it */
	uint64_t	sidecar_size;	/* the same of its sidecar; 0 if it has none */
	uint32_t	more;			/* number of further thumbnails, in the same format */
	uint32_t	more_size[TE_MAX_SIZES - 1];	/* as "size"; no two are the same */
	uint32_t	measure;		/* a size in which there is a thumbnail already, of which width and height are wanted; 0 = none */
} TeRequest;

/* Maximum bytes of all thumbnails that a request wants. */
extern uint64_t te_request_bound(const TeRequest *request);

typedef enum TeExifStatus
{
	TE_EXIF_NONE,				/* the file has no EXIF */
	TE_EXIF_FOUND,
	TE_EXIF_ERROR,				/* the file has EXIF that could not be read: see exif_error */
	TE_EXIF_NOT_ASKED
} TeExifStatus;

/* Where the offset of a time from UTC is from. */
typedef enum TeOffset
{
	TE_OFFSET_NONE,				/* it is not known */
	TE_OFFSET_EXIF,				/* the tag that belongs to the time */
	TE_OFFSET_GPS				/* the time of GPS, against the wall clock */
} TeOffset;

/* A wall-clock time as the camera wrote it. */
typedef struct TeTime
{
	int32_t		year,
				month,
				day,
				hour,
				minute,
				second,
				microsecond;
	int32_t		has_offset;		/* TeOffset: whether offset_minutes (east of UTC positive) is known, and from where */
	int32_t		offset_minutes;
} TeTime;

/*
 * Is it a time of the calendar that PostgreSQL takes?  A second of 60 is, as the first
 * of the next minute.
 */
extern bool te_time_is_valid(const TeTime *time);

/* Bits of TeFacts.known. */
#define TE_FACT_ISO				0x0001
#define TE_FACT_F_NUMBER		0x0002
#define TE_FACT_EXPOSURE_TIME	0x0004
#define TE_FACT_FOCAL_LENGTH	0x0008
#define TE_FACT_FOCAL_LENGTH_35MM	0x0010
#define TE_FACT_ORIENTATION		0x0020
#define TE_FACT_ALTITUDE		0x0040
#define TE_FACT_DIRECTION		0x0080
#define TE_FACT_RATING			0x0100
#define TE_FACT_FILE_HASH		0x0200
#define TE_FACT_THUMBHASH		0x0400
#define TE_FACT_PICTURE_HASH	0x0800
#define TE_FACT_ALL				0x0FFF

/* What a file says of itself beside what TeReply has.  A value whose bit is not set counts as NULL. */
typedef struct TeFacts
{
	uint32_t	known;			/* TE_FACT_... */
	int32_t		iso,			/* 1 .. TE_MAX_ISO */
				orientation,	/* 1 .. 8 */
				rating;			/* -1 (rejected) .. 5 */
	double		f_number,		/* all lengths in mm, the time in seconds; greater than 0, at most TE_MAX_QUANTITY */
				exposure_time,
				focal_length,
				focal_length_35mm,
				altitude,		/* metres above sea level, at most TE_MAX_QUANTITY in either direction */
				direction;		/* degrees, 0 .. 360 */
	uint64_t	picture_hash;
	uint8_t		file_hash[TE_FILE_HASH];
	uint8_t		thumbhash[TE_THUMBHASH_MAX + 3];
	uint32_t	thumbhash_len;
	uint32_t	lens_len,
				title_len,
				description_len,	/* this text may have tabs and line ends */
				keywords_len;	/* each but the last ends with a line end */
} TeFacts;
#define TE_MAX_ISO		10000000
#define TE_MAX_QUANTITY	1000000
/* A further thumbnail; zeros if there is none. */
typedef struct TeReplyThumbnail
{
	uint32_t	width,
				height;
	uint32_t	bytes;
} TeReplyThumbnail;

/*
 * Texts follow the struct in the order of the lengths, without NULs, in valid
 * UTF-8 without control characters.  Length 0 means NULL.
 */
typedef struct TeReply
{
	uint32_t	magic;
	uint32_t	number;
	uint32_t	status;			/* TeStatus of the image (thumbnail, size) */
	uint32_t	exif_status;	/* TeExifStatus */
	uint32_t	format;			/* TeFormat found */
	uint32_t	width,
				height;			/* upright size of the full image; 0 if not known */
	uint32_t	thumbnail_width,
				thumbnail_height;
	uint32_t	thumbnail_bytes;	/* in the output descriptor; 0 = none */
	uint32_t	has_taken_at;
	uint32_t	has_gps;
	TeTime		taken_at;
	double		latitude,
				longitude;
	uint64_t	decode_us;		/* microseconds that the image took, and bytes of its file that were read: only for counters, */
	uint64_t	bytes_read;		/* and not checked */
	uint32_t	make_len,
				model_len,
				error_len,
				exif_error_len,
				json_len;
	TeReplyThumbnail more[TE_MAX_SIZES - 1];	/* in the order of the request's */
	uint32_t	measured_width,
				measured_height;	/* of a thumbnail in the request's size "measure" */
	uint32_t	damage;			/* with TE_OK: TE_CORRUPT or TE_TRUNCATED if the thumbnail shows what is left of a damaged image,
								 * of which "error" then is the detail; 0 = it is not damaged */
	uint32_t	has_facts;		/* 0: the struct ends before "facts" */
	TeFacts		facts;			/* their texts follow the others */
} TeReply;

/* Bytes of the struct in a message. */
#define TE_REPLY_SIZE(has_facts) ((has_facts) ? sizeof(TeReply) : offsetof(TeReply, facts))
/* Bytes of all thumbnails of a checked reply. */
extern uint64_t te_reply_thumbnail_bytes(const TeReply *reply);

/* A checked reply: the texts as C strings inside the message's own buffer copy. */
typedef struct TeReplyTexts
{
	const char *make,
			   *model,
			   *error,
			   *exif_error,
			   *json,			/* NULL if there is none */
			   *lens,
			   *title,
			   *description,
			   *keywords;		/* with line ends between them */
} TeReplyTexts;

/* Bytes of the first reply in a message of that length, 0 if it is not complete. */
extern size_t te_reply_length(const void *message, size_t length);

/*
 * Is this a complete and valid reply to that request?  Returns NULL and fills reply and
 * texts (which point into "scratch", of at least length + 8 bytes), or returns a constant
 * string with the reason.  Allocates nothing, never throws.
 */
extern const char *te_reply_check(const void *message, size_t length,
								  const TeRequest *request,
								  TeReply *reply, TeReplyTexts *texts, char *scratch);

/* The same for the greeting of a decoder. */
extern const char *te_hello_check(const void *message, size_t length, TeHello *hello);

/* How many descriptors a request comes with: the image, and if they are wanted the output and the sidecar, in this order. */
extern int	te_request_descriptors(const TeRequest *request);

/* The same, in the decoder, for a message with requests and that many descriptors: fills up to TE_BATCH requests. */
extern const char *te_requests_check(const void *message, size_t length, int nfds,
									 TeRequest *requests, int *count);

#endif							/* TE_WIRE_MESSAGE_H */
