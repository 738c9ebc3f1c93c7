/*
 * opening.h
 *		What a server process and its opener say to each other.
 *
 * A request is a TeOpenRequest, the root, and the path below it, both without a NUL.  A message has up to TE_OPEN_BATCH of
 * them, all with the same root.  Requests are answered in the order in which they were sent, each with one TeOpenReply,
 * which brings a descriptor if TE_OPEN_READ was asked for and TE_OPENED is said.  Replies are sent together if they take
 * little time.
 */
#ifndef TE_WIRE_OPENING_H
#define TE_WIRE_OPENING_H

#include <stdint.h>

#define TE_OPEN_MAGIC	0x544f5032	/* another one for every change of these structs */

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
} TeOpenRequest;

#define TE_OPEN_READ	0x01	/* the descriptor; otherwise only what the file is like */

#define TE_MAX_OPEN_REQUEST (sizeof(TeOpenRequest) + 2 * TE_OPEN_MAX_PATH)
#define TE_OPEN_BATCH		16	/* requests in a message, and replies */
#define TE_MAX_OPEN_MESSAGE (2 * TE_MAX_OPEN_REQUEST)	/* bytes of a message with requests */

typedef enum TeOpened
{
	TE_OPENED,					/* a regular file, with a size and a time */
	TE_OPEN_NO_FILE,			/* something else is there */
	TE_OPEN_IN_USE,				/* another program holds a lease on the file */
	TE_OPEN_FAILED,				/* error says why */
	TE_OPEN_ROOT_FAILED			/* the root itself could not be opened or read: error says why */
} TeOpened;

typedef struct TeOpenReply
{
	uint32_t	magic;
	uint32_t	number;
	uint32_t	outcome;		/* TeOpened */
	int32_t		error;			/* errno */
	uint32_t	suspect;		/* not 0: that the file cannot be opened may be the root's fault */
	uint32_t	empty;			/* not 0: and the root is empty */
	int64_t		device;			/* the root's; unless TE_OPEN_ROOT_FAILED */
	int64_t		size;			/* bytes; if TE_OPENED */
	int64_t		mtime;			/* nanoseconds since 1970; if TE_OPENED */
} TeOpenReply;

#endif							/* TE_WIRE_OPENING_H */
