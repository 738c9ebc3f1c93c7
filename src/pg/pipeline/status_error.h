/*
 * status_error.h
 *		Messages, hints and ERRORs for the status of an image.
 */
#ifndef TE_PG_STATUS_ERROR_H
#define TE_PG_STATUS_ERROR_H

#include "postgres.h"

#include "pg/compat.h"

/*
 * Raise the ERROR for a status (not TE_OK) of a path (NULL for a bytea).  detail: the decoder's message in UTF-8, or NULL.
 */
pg_noreturn extern void te_throw_status(int status, const char *path, const char *detail);

/*
 * One line for the state table and a WARNING: the status' text, followed by the detail (UTF-8) unless that is NULL.  Palloc'd,
 * server encoding.
 */
extern char *te_status_message(int status, const char *detail);

/* A hint that names the setting to change, or NULL. */
extern const char *te_status_hint(int status);

#endif							/* TE_PG_STATUS_ERROR_H */
