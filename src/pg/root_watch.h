/*
 * root_watch.h
 *		Is a root folder really there, or has its mount gone?
 *
 * A file that is not found says nothing as long as its root may be an
 * unmounted mount point.  A root counts as gone if it cannot be opened, if its
 * file system fails (ESTALE, EIO, ENOTCONN), if it is empty, or if it lies on another
 * device than the one on which files were last found beneath it.  That device is
 * kept in the table thumbexif_root.  And it may hang: opening a file does not end.
 *
 * A root in trouble is held off in this process for a pause, which grows as long as the trouble lasts. Bulk work passes over
 * its assets meanwhile and goes on with those of other roots.
 */
#ifndef TE_PG_ROOT_WATCH_H
#define TE_PG_ROOT_WATCH_H

#include <sys/types.h>

#include "postgres.h"

#include "datatype/timestamp.h"

#include "compat.h"
#include "wire/opening.h"

typedef struct TeRoot TeRoot;

/* The root of that name, never freed. */
extern TeRoot *te_root_get(const char *name);
extern const char *te_root_name(const TeRoot *root);

/*
 * Is it held off?  By hand, only one that hangs is: everything else is told at once by looking again.  In bulk
 * te_root_end() will tell of it.
 */
extern bool te_root_is_held(TeRoot *root, bool bulk);

/* Is any? */
extern bool te_root_any_held(void);

/*
 * For the worker: is a pause over, or a root back, since the last call?  Then what was passed over is worth another
 * look.  And when will the next pause be over; 0 = there is none.
 */
extern bool te_root_try_again(void);
extern TimestampTz te_root_next_try(void);

/*
 * How long a file beneath it may take to be opened, ms: thumbexif.decode_timeout, at least 5 s.  Once it took longer,
 * a tenth of the pause that was made before: so nobody waits for more than a tenth of the time.
 */
extern int64 te_root_patience(const TeRoot *root);

/* That was not long enough. */
extern void te_root_hangs(TeRoot *root);

/* An opener was killed while it worked on this root.  It may hang there.  Never throws. */
extern void te_root_left_behind(TeRoot *root, int place, pid_t pid);

/*
 * What has come of opening a file beneath it: false if that says nothing about the file, since the
 * root is in trouble.  Reads the table in a transaction of its own if it is called in none.
 */
extern bool te_root_judge(TeRoot *root, const TeOpenReply *reply);

/* Its name is too long: trouble as well. */
extern void te_root_unusable(TeRoot *root, int error);

/* The ERROR for its trouble. */
pg_noreturn extern void te_root_throw(const TeRoot *root);

/* Something refused in bulk because of this root. */
extern void te_root_note(TeRoot *root);

/*
 * A procedure begins: all roots are looked at anew, but for those that hang.  It ends: ERROR if assets were passed over for a
 * root's sake.
 */
extern void te_root_begin(void);
extern void te_root_end(void);

/*
 * Write down the devices on which files have been found since the last call, in the
 * current transaction and with the extension's rights.  Costs nothing if there are none.
 */
extern void te_root_save(void);

#endif							/* TE_PG_ROOT_WATCH_H */
