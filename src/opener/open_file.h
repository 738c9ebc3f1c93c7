/*
 * open_file.h
 *		Opening one file beneath a root and describing it.
 */
#ifndef TE_OPENER_OPEN_FILE_H
#define TE_OPENER_OPEN_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/opening.h"

/*
 * Open a file, and its sidecar if that is wanted, and fill all fields of the reply but magic and number.  Returns the
 * descriptor, or -1; *sidecar_fd is that of the sidecar, or -1.
 */
extern int	opn_open_file(const char *root, const char *path, uint32_t want, TeOpenReply *reply, int *sidecar_fd);

/* Open a root, O_PATH, and note its device.  -1 with an outcome in the reply. */
extern int	opn_open_root(const char *root_name, TeOpenReply *reply);

/*
 * Open a path beneath a folder; "resolve" is added to what keeps it beneath.  -1 with errno on failure; ENOSYS if the system
 * does not offer openat2.
 */
extern int	opn_open_beneath(int folder, const char *path, int flags, uint64_t resolve);

/* Open the file of an O_PATH descriptor, without resolving its path again.  -1 with errno. */
extern int	opn_open_again(int fd, int flags);

/*
 * May we read the file that a descriptor with O_PATH is for?  Without /proc this is unknown: it returns true, and open()
 * reports the error later.
 */
extern bool opn_is_readable(int fd);

/* Tell in the reply what a descriptor is for. */
extern void opn_describe(int fd, TeOpenReply *reply);

/* Note in the reply whether the root may be the reason for an error of opening something beneath it. */
extern void opn_examine_root(int root, int error, TeOpenReply *reply);

#endif							/* TE_OPENER_OPEN_FILE_H */
