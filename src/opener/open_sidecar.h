/*
 * open_sidecar.h
 *		Opening the file with XMP beside an image.
 */
#ifndef TE_OPENER_OPEN_SIDECAR_H
#define TE_OPENER_OPEN_SIDECAR_H

#include <stdint.h>

#include "wire/opening.h"

/*
 * Open the sidecar of a file that has been opened, for reading if want says so, only beneath the root, and describe it in the
 * reply.  Returns a descriptor of it or -1.  If it cannot be told whether there is one, the reply's outcome becomes TE_OPEN_FAILED.
 */
extern int	opn_open_sidecar(int root, const char *path, uint32_t want, TeOpenReply *reply);

#endif							/* TE_OPENER_OPEN_SIDECAR_H */
