/*
 * thumbnail_folder.h
 *		Which folder beneath thumbnail_dir belongs to this database.
 *
 * It is "<database oid>", or "<database oid>-<hash of this server>" if the former has the marker of another server or of
 * a copy of this one.  After thumbexif_claim_folder() both may be ours; then nothing is written to the second one any
 * more.  File names are unique, so a file that is in none of our folders belongs to another server.
 */
#ifndef TE_PG_THUMBNAIL_FOLDER_H
#define TE_PG_THUMBNAIL_FOLDER_H

#include "postgres.h"

#include "thumbnail_path.h"

typedef enum TeThumbnailFolderState
{
	TE_FOLDER_OURS,
	TE_FOLDER_NEW,				/* no folder, and nothing was written yet */
	TE_FOLDER_UNMARKED,			/* a folder without a marker, made by 1.0 */
	TE_FOLDER_FOREIGN,			/* another server's folder, and none of ours yet */
	TE_FOLDER_LOST,				/* no marker, but this database has written here */
	TE_FOLDER_TROUBLE			/* cannot be read, see "err" */
} TeThumbnailFolderState;

typedef struct TeThumbnailFolders
{
	TeThumbnailFolderState state;
	bool		foreign;		/* "<database oid>" belongs to another server */
	int			err;
	int			count;			/* number of our folders (OURS and UNMARKED only); the first is written to */
	char		name[2][TE_FOLDER_NAME_SIZE];
} TeThumbnailFolders;

/* Find our folders, without changes.  Valid until the next call.  Throws only if our table cannot be read. */
extern const TeThumbnailFolders *te_thumbnail_folders(void);

/*
 * Open the folder to write to; creates and marks it if it does not exist, and notes in our table that it is used.
 * Returns a descriptor (O_PATH) that the caller closes.  ERROR with a hint for problems of the server.
 */
extern int	te_thumbnail_folder_open(char name[TE_FOLDER_NAME_SIZE]);

/*
 * The folders in which files may be removed; NULL if they cannot be determined or belong to another server.  Marks a
 * folder made by 1.0, unless in a dry run.
 */
extern const TeThumbnailFolders *te_thumbnail_folders_to_clean(bool dry_run);

/* WARNING if files of this database may be in folders in which nothing is removed. */
extern void te_thumbnail_folders_warn(void);

/* ERROR with a hint if this database's folder is lost or cannot be read. */
extern void te_thumbnail_folder_check(void);

/* Mark "<database oid>" as this server's, whatever its marker says.  Returns its palloc'd path; ERROR on failure. */
extern char *te_thumbnail_folder_claim(void);

/* Changes whenever another folder or another marker was found, since the folder may have been emptied in between. */
extern uint32 te_thumbnail_folder_changes(void);

/* A note in the table may have been rolled back.  Never throws. */
extern void te_thumbnail_folder_forget_noted(void);

#endif							/* TE_PG_THUMBNAIL_FOLDER_H */
