/*
 * root_check.h
 *		Whether a root folder of images can be used, or its file system hangs, fails or is not mounted.
 *
 * While its root may be an unmounted mount point, a file that is not found may still exist.  A root is in trouble if
 * it cannot be opened, if its file system fails (ESTALE, EIO, ENOTCONN), if it is empty, if it lies on another device
 * than the one on which files were last found beneath it, or if opening a file beneath it hangs.  That device is
 * stored in the table thumbexif_root.
 *
 * This process holds a root in trouble off: it does not try it again before a pause is over, and the pause grows while
 * the trouble lasts.  Meanwhile bulk work skips its assets and processes those of other roots.
 */
#ifndef TE_PG_ROOT_CHECK_H
#define TE_PG_ROOT_CHECK_H

#include <sys/types.h>

#include "postgres.h"

#include "datatype/timestamp.h"

#include "pg/compat.h"
#include "wire/opening.h"

typedef struct TeRoot TeRoot;

/* The root of that name, never freed. */
extern TeRoot *te_root_get(const char *name);
extern const char *te_root_name(const TeRoot *root);

/*
 * Is the root held off?  Unless in bulk, this holds only for one that hangs, since any other trouble is found at once
 * by trying again.  In bulk, te_root_end() will report it.
 */
extern bool te_root_is_held(TeRoot *root, bool bulk);

/* Is any root in trouble? */
extern bool te_root_any_held(void);

/*
 * For the worker: has a pause ended or a root recovered since the last call, so that skipped assets may be tried
 * again?  And when does the next pause end (0 = none)?
 */
extern bool te_root_retry_due(void);
extern TimestampTz te_root_next_try(void);

/*
 * Time limit for opening a file beneath the root: thumbexif.decode_timeout, at least 5 s.  For a root that hung, a tenth
 * of the last pause, so that retries take at most a tenth of the time.
 */
extern int64 te_root_timeout_ms(const TeRoot *root);

/* Record that opening timed out. */
extern void te_root_set_hanging(TeRoot *root);

/* An opener was killed while it worked on this root, and may be blocked there.  Never throws. */
extern void te_root_opener_killed(TeRoot *root, int place, pid_t pid);

/*
 * Evaluate the reply to a request for a file beneath the root.  False if the file's status is unknown because the root
 * is in trouble.  May read the table, so it needs a transaction.
 */
extern bool te_root_check_reply(TeRoot *root, const TeOpenReply *reply);

/* Record that there was a reply: the root does not hang. */
extern void te_root_set_answering(TeRoot *root);

/* Record that the root could not be opened; err is an errno. */
extern void te_root_set_failing(TeRoot *root, int err);

/* ERROR for its trouble. */
pg_noreturn extern void te_root_report(const TeRoot *root);

/* Bulk work skipped an asset because of this root. */
extern void te_root_note_skipped(TeRoot *root);

/*
 * A procedure begins: try all roots again except those that hang.  It ends: ERROR if assets were skipped because of a
 * root.
 */
extern void te_root_begin(void);
extern void te_root_end(void);

/*
 * Save the devices on which files were found since the last call, in the current transaction and with the extension's
 * rights.  Cheap if there are none.
 */
extern void te_root_save(void);

#endif							/* TE_PG_ROOT_CHECK_H */
