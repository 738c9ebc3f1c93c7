/*
 * template.h
 *		The messages between a server process and the template, which makes decoders by fork.
 *
 * A server process connects to the template's socket, one connection for each decoder:
 *
 *		server -> template	TeTemplateRequest + 2 fds	the decoder's socket and log pipe (decoder_args.h)
 *		template -> server	TE_TEMPLATE_STARTED			its process id, or 0: start one without the template
 *		template -> server	TE_TEMPLATE_ENDED			its exit status, once it has ended
 *		server -> template	TE_TEMPLATE_MOVED			the decoder, and this connection, belong to that server process now
 *
 * The decoder is a child of the template, which keeps it as a zombie until the connection is closed, as if the server
 * process had not called waitpid() yet: until then its process id is not used again.  When the connection is closed the
 * template kills the decoder, so that none outlives its server process.  With the end of a decoder, the template also sends
 * the server process a SIGCHLD, as the kernel does for its own children.
 *
 * To the launcher, its parent, the template says TE_TEMPLATE_RETIRED over TE_FD_SOCKET when it makes no more decoders.  It
 * ends when its last decoder has ended.  The launcher says TE_TEMPLATE_RETIRE if it shall make no more.
 */
#ifndef TE_WIRE_TEMPLATE_H
#define TE_WIRE_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

/*
 * The template's socket, in the data directory, which is the current one of all server processes and of the template.  What
 * is in this folder goes into no backup.
 */
#define TE_TEMPLATE_SOCKET	"pg_stat_tmp/thumbexif.sock"

#define TE_TEMPLATE_MAGIC	0x46584550	/* "PEXF" */

/* Which file a program is; it is another once it has been replaced. */
typedef struct TeFileId
{
	uint64_t	device;
	uint64_t	inode;
	uint64_t	size;
	int64_t		changed_s;
	int64_t		changed_ns;
} TeFileId;

typedef struct TeTemplateRequest
{
	uint32_t	magic;
	uint32_t	memory;			/* as TE_ARG_MEMORY, ... */
	uint32_t	file;
	uint32_t	timeout;
	TeFileId	program;		/* the decoder that would be started without the template */
	char		version[16];	/* TE_VERSION of the module */
} TeTemplateRequest;

typedef enum TeTemplateEvent
{
	TE_TEMPLATE_STARTED,
	TE_TEMPLATE_ENDED,
	TE_TEMPLATE_MOVED,
	TE_TEMPLATE_RETIRED,
	TE_TEMPLATE_RETIRE
} TeTemplateEvent;

typedef struct TeTemplateMessage
{
	uint32_t	magic;
	uint32_t	event;			/* TeTemplateEvent */
	int32_t		value;			/* process id; exit status as returned by waitpid(); retired: 1 = because a decoder has died */
} TeTemplateMessage;

/* The identity of that file.  False if there is none. */
extern bool te_file_id(const char *path, TeFileId *id);

/* Set the address of the socket.  Returns its length. */
extern unsigned te_template_address(struct sockaddr_un *address);

#endif							/* TE_WIRE_TEMPLATE_H */
