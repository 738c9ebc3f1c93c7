/*
 * store_folder.h
 *		Which folder beneath thumbnail_dir is this database's.
 *
 * It is "<database oid>", unless that carries the marker of another server (or of a copy of this one): then it is
 * "<database oid>-<hash of this server>".  After thumbexif_claim_folder() both can be ours, the second one only to
 * be emptied.  Names of files are unique, so one that is not in our folders is somebody else's.
 */
#ifndef TE_PG_STORE_FOLDER_H
#define TE_PG_STORE_FOLDER_H

#include "postgres.h"

#include "store_path.h"

typedef enum TeFolderState
{
	TE_FOLDER_OURS,
	TE_FOLDER_NEW,				/* nothing is there: nothing was written yet */
	TE_FOLDER_UNMARKED,			/* one without a marker, as 1.0 made it */
	TE_FOLDER_FOREIGN,			/* it is another server's, and we have none beside it yet */
	TE_FOLDER_LOST,				/* this database has written here, and there is no marker any more */
	TE_FOLDER_TROUBLE			/* it cannot be read: "err" */
} TeFolderState;

typedef struct TeFolders
{
	TeFolderState state;
	bool		foreign;		/* "<database oid>" is another server's */
	int			err;
	int			count;			/* of ours, OURS and UNMARKED only; the first is written to */
	char		name[2][TE_FOLDER_NAME];
} TeFolders;

/* Look, without changing anything.  Valid until the next call.  Throws only if our table cannot be read. */
extern const TeFolders *te_folders(void);

/*
 * The folder to write to: its name and a descriptor (O_PATH) that the caller closes.  Created and marked if it is not
 * there.  Notes in our table that it is in use.  ERROR with a hint on the server's trouble.
 */
extern int	te_folder_open(char name[TE_FOLDER_NAME]);

/*
 * The folders in which files may be removed.  NULL if it cannot be told which they are, or they are another server's.
 * One that 1.0 made gets its marker, unless in a dry run.
 */
extern const TeFolders *te_folders_to_clean(bool dry_run);

/* A WARNING, with a hint, if files of this database's rows may be where nothing is removed. */
extern void te_folders_warn(void);

/* ERROR with a hint unless thumbnails can be written, as far as looking tells. */
extern void te_folder_check(void);

/* Make "<database oid>" this server's, whatever its marker says.  Palloc'd path; ERROR on trouble. */
extern char *te_folder_claim(void);

/* Counts how often another folder, or the same with another marker, was found: it may have been emptied in between. */
extern uint32 te_folder_changes(void);

/* What was noted in the table may have been rolled back.  Never throws. */
extern void te_folder_forget_noted(void);

#endif							/* TE_PG_STORE_FOLDER_H */
