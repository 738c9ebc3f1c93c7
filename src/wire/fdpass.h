/*
 * fdpass.h
 *		Sends and receives a message with at most TE_MAX_FDS file descriptors.
 */
#ifndef TE_WIRE_FDPASS_H
#define TE_WIRE_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

#define TE_MAX_FDS 32

/*
 * Send one message.  The descriptors stay open here.  Never raises SIGPIPE.
 * Returns 0, or -1 with errno (EAGAIN on a full non-blocking socket).
 */
extern int	te_send(int sock, const void *message, size_t length, const int *fds, int nfds);

/*
 * Receive one message of at most "size" bytes.  Descriptors arrive close-on-exec
 * in fds[0..*nfds-1]; surplus ones are closed and make the call fail, as do a
 * truncated message or truncated control data (EPROTO).  Returns its length, 0 at
 * end of file, -1 with errno.  The caller closes the descriptors.
 */
extern ssize_t te_receive(int sock, void *message, size_t size, int *fds, int *nfds);

#endif							/* TE_WIRE_FDPASS_H */
