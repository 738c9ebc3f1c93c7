/*
 * status.h
 *		The list of statuses that processing an image can end with.
 *
 * The decoder replies with a number; the server maps it to an SQLSTATE, a message and
 * the status of the asset.  A new status is one line here.  Numbers are never reused:
 * they are stored in the state table.
 *
 * The verdict says what a status means for an asset:
 *	DONE		there is a result
 *	UNSUPPORTED	final: not a supported image, or over a limit
 *	FAILED		final: the file itself is bad
 *	TRANSIENT	may pass: retried up to thumbexif.max_attempts times
 *	MISSING		the file does not exist
 */
#ifndef TE_WIRE_STATUS_H
#define TE_WIRE_STATUS_H

typedef enum TeVerdict
{
	TE_VERDICT_DONE,
	TE_VERDICT_UNSUPPORTED,
	TE_VERDICT_FAILED,
	TE_VERDICT_TRANSIENT,
	TE_VERDICT_MISSING
} TeVerdict;

/* name, number, SQLSTATE, verdict, text (an errmsg: lower case, no full stop) */
#define TE_STATUS_LIST(X) \
	X(OK,           0, "00000", DONE,        "no error") \
	X(UNSUPPORTED,  1, "TE001", UNSUPPORTED, "file is not an image of a supported format") \
	X(CORRUPT,      2, "TE002", FAILED,      "image data is corrupt") \
	X(TRUNCATED,    3, "TE003", FAILED,      "image data ends too early") \
	X(EMPTY,        4, "TE004", FAILED,      "image is empty") \
	X(TOO_MANY_PIXELS, 5, "TE005", UNSUPPORTED, "image has more pixels than \"thumbexif.max_pixels\" allows") \
	X(FILE_TOO_LARGE,  6, "TE006", UNSUPPORTED, "image file is larger than \"thumbexif.max_file_size\" allows") \
	X(OUT_OF_MEMORY,   7, "TE007", TRANSIENT, "image needs more memory than \"thumbexif.decoder_memory\" allows") \
	X(TIMEOUT,      8, "TE008", TRANSIENT,   "image was not decoded within \"thumbexif.decode_timeout\"") \
	X(CRASHED,      9, "TE009", TRANSIENT,   "decoder was terminated while it worked on the image") \
	X(BAD_REPLY,   10, "TE010", TRANSIENT,   "decoder gave an invalid reply") \
	X(IO_ERROR,    11, "58030", TRANSIENT,   "image file could not be read") \
	X(DENIED,      12, "42501", TRANSIENT,   "permission denied for image file") \
	X(MISSING,     13, "58P01", MISSING,     "image file does not exist or is outside \"thumbexif.image_roots\"") \
	X(NOT_ENCODED, 14, "TE011", FAILED,      "thumbnail could not be encoded") \
	X(NOT_WRITTEN, 15, "TE012", TRANSIENT,   "row could not be updated") \
	X(IN_USE,      16, "55006", TRANSIENT,   "image file is in use by another program")

typedef enum TeStatus
{
#define X(name, number, sqlstate, verdict, text) TE_##name = number,
	TE_STATUS_LIST(X)
#undef X
} TeStatus;

/* All accept any number, as it may come from a hostile decoder or an old table. */
extern const char *te_status_sqlstate(int status);
extern const char *te_status_text(int status);
extern TeVerdict te_status_verdict(int status);

#endif							/* TE_WIRE_STATUS_H */
