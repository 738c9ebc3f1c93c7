/*
 * transient_fd.h
 *		Descriptors of images that are closed at the end of their transaction or subtransaction.
 *
 * They are external descriptors, as fd.c calls them: whoever opens one has counted it
 * (AcquireExternalFD), and whoever closes it counts it off.
 */
#ifndef TE_PG_TRANSIENT_FD_H
#define TE_PG_TRANSIENT_FD_H

/* Make room for one more.  To be called before it is opened, for this may throw. */
extern void te_transient_fd_prepare(void);

/* Close it at the end of the (sub)transaction from now on.  Returns fd; -1 is passed through.  Never throws. */
extern int	te_transient_fd_record(int fd);

/* It is the caller's to close from now on.  False if it was closed at the end of its transaction, or never recorded. */
extern bool te_transient_fd_release(int fd);

#endif							/* TE_PG_TRANSIENT_FD_H */
