/*
 * open_file.h
 *		Opening one file beneath a root and describing it.
 */
#ifndef TE_OPENER_OPEN_FILE_H
#define TE_OPENER_OPEN_FILE_H

#include "wire/opening.h"

/*
 * Open a file and fill all fields of the reply but magic and number.  Returns the descriptor,
 * or -1.
 */
extern int	opn_open_file(const char *root, const char *path, uint32_t want, TeOpenReply *reply);

/* Open a root, O_PATH, and note its device.  -1 with an outcome in the reply. */
extern int	opn_open_root(const char *root_name, TeOpenReply *reply);

/*
 * Open a path beneath a folder; "resolve" is added to what keeps it beneath.  -1 with errno on failure; ENOSYS if the system
 * does not offer openat2.
 */
extern int	opn_open_beneath(int folder, const char *path, int flags, uint64_t resolve);

/* Tell in the reply what a descriptor is for. */
extern void opn_describe(int fd, TeOpenReply *reply);

/* Note in the reply whether the root may be the reason for an error of opening something beneath it. */
extern void opn_examine_root(int root, int error, TeOpenReply *reply);

#endif							/* TE_OPENER_OPEN_FILE_H */
