/*
 * opening.h
 *		What a server process and its opener say to each other.
 *
 * A request is a TeOpenRequest, the root, and the path below it, both without a NUL.  A message has up to TE_OPEN_BATCH of
 * them, all with the same root.  Requests are answered in the order in which they were sent, each with one TeOpenReply,
 * which brings a descriptor if TE_OPEN_READ was asked for and TE_OPENED is said.  Replies are sent together if they take
 * little time.
 *
 * With TE_OPEN_LIST the path is that of a folder, and behind the reply, which is a message of its own, there are paths,
 * below the root, of files beneath it, each with its NUL.  The opener keeps one list, which it sends in parts: the first
 * request begins it, those with TE_OPEN_MORE continue it.
 *
 * With TE_OPEN_SIDECAR the reply also tells of a file with XMP beside the file, and brings a second descriptor if it is TE_SIDECAR_FOUND
 * and not empty.
 *
 * With TE_OPEN_DATA the file is a thumbnail, the root thumbexif.thumbnail_dir, and behind the reply, which is a message of its
 * own, there are bytes of the file.
 */
#ifndef TE_WIRE_OPENING_H
#define TE_WIRE_OPENING_H

#include <stdint.h>

#define TE_OPEN_MAGIC	0x544f5035	/* another one for every change of these structs */

/* Bytes of a root and of a path; the kernel takes no longer ones, their NUL included. */
#define TE_OPEN_MAX_PATH 4096

typedef struct TeOpenRequest
{
	uint32_t	magic;
	uint32_t	number;			/* the reply has the same */
	uint32_t	want;			/* TE_OPEN_... */
	uint32_t	root_length;
	uint32_t	path_length;
	uint32_t	read_ahead;		/* bytes at the start of the file that will be read soon */
	uint64_t	offset;			/* with TE_OPEN_DATA: of the first byte that is wanted */
} TeOpenRequest;

#define TE_OPEN_READ	0x01	/* the descriptor; otherwise only what the file is like */
#define TE_OPEN_LIST	0x02	/* files beneath a folder */
#define TE_OPEN_MORE	0x04	/* with TE_OPEN_LIST: go on behind the last reply */
#define TE_OPEN_HIDDEN	0x08	/* with TE_OPEN_LIST: also names that begin with a dot */

#define TE_OPEN_DATA	0x10	/* bytes of a thumbnail, at most TE_OPEN_MAX_LIST */
#define TE_OPEN_SIDECAR	0x20	/* also the file with XMP beside the file */

#define TE_OPEN_MAX_LIST 65536	/* bytes of one part of a list or a file */

/* The file that a folder with thumbnails of ours has; such folders are not listed. */
#define TE_THUMBNAIL_MARKER ".thumbexif"

#define TE_MAX_OPEN_REQUEST (sizeof(TeOpenRequest) + 2 * TE_OPEN_MAX_PATH)
#define TE_OPEN_BATCH		16	/* requests in a message, and replies */
#define TE_MAX_OPEN_MESSAGE (2 * TE_MAX_OPEN_REQUEST)	/* bytes of a message with requests */

typedef enum TeOpened
{
	TE_OPENED,					/* a regular file, with a size and a time; or a list */
	TE_OPEN_NO_FILE,			/* something else is there */
	TE_OPEN_IN_USE,				/* another program holds a lease on the file */
	TE_OPEN_FAILED,				/* error says why */
	TE_OPEN_NO_LIST,			/* there is none to go on with: this opener did not begin it */
	TE_OPEN_ROOT_FAILED			/* the root itself could not be opened or read: error says why */
} TeOpened;

/* The sidecar of "a.jpg": "a.jpg.xmp", or else "a.xmp". */
typedef enum TeSidecar
{
	TE_SIDECAR_NONE,			/* none is asked for, or there is none */
	TE_SIDECAR_FOUND,			/* a regular file */
	TE_SIDECAR_TOO_LARGE,
	TE_SIDECAR_UNREADABLE		/* we may not read it, or another program holds a lease on it */
} TeSidecar;

typedef struct TeOpenReply
{
	uint32_t	magic;
	uint32_t	number;
	uint32_t	outcome;		/* TeOpened */
	int32_t		error;			/* errno */
	uint32_t	suspect;		/* not 0: that the file cannot be opened may be the root's fault */
	uint32_t	empty;			/* not 0: and the root is empty; with TE_OPEN_DATA, of folders with thumbnails */
	int64_t		device;			/* the root's; unless TE_OPEN_ROOT_FAILED */
	int64_t		size;			/* bytes; if TE_OPENED */
	int64_t		mtime;			/* nanoseconds since 1970; if TE_OPENED */

	/* with TE_OPEN_SIDECAR, if TE_OPENED */
	int64_t		sidecar_size;	/* unless TE_SIDECAR_NONE, as its time */
	int64_t		sidecar_mtime;
	uint32_t	sidecar;		/* TeSidecar */

	uint32_t	list_bytes;		/* with TE_OPEN_LIST of the paths, with TE_OPEN_DATA of the file, behind this reply */

	/* with TE_OPEN_LIST */
	uint32_t	more;			/* not 0: the list goes on */
	uint32_t	unreadable;		/* folders, of this part of the list, that could not be read */
	uint32_t	skipped_folders;	/* those with thumbnails of ours, and those mounted within themselves */
	uint32_t	links;			/* symbolic links, none of which is followed */
	uint32_t	too_deep;		/* files and folders whose path is too long */
} TeOpenReply;

#endif							/* TE_WIRE_OPENING_H */
