/*
 * transient_fd.h
 *		Descriptors of images that are closed at the end of their transaction or subtransaction.
 *
 * They are counted as external descriptors of fd.c: AcquireExternalFD is called before
 * opening, ReleaseExternalFD after closing.
 */
#ifndef TE_PG_TRANSIENT_FD_H
#define TE_PG_TRANSIENT_FD_H

/* Reserve two entries.  Called before descriptors are opened, as this may throw. */
extern void te_transient_fd_prepare(void);

/*
 * Record a descriptor, to be closed at the end of the (sub)transaction.  Returns it; -1 is
 * returned unchanged.  Never throws.
 */
extern int	te_transient_fd_record(int fd);

/*
 * Pass a descriptor back to the caller, who closes it.  False if it has been closed or was
 * never recorded.
 */
extern bool te_transient_fd_release(int fd);

#endif							/* TE_PG_TRANSIENT_FD_H */
