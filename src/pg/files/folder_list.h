/*
 * folder_list.h
 *		The files beneath a folder, which itself lies beneath a root.
 *
 * The opener lists them (opener.h), since reading a folder may block for ever.  The next part of the list is requested
 * before the current one is used, which also keeps the opener from being ended meanwhile.  If it is ended all the same,
 * the list begins anew, and some files come twice.
 */
#ifndef TE_PG_FOLDER_LIST_H
#define TE_PG_FOLDER_LIST_H

#include "postgres.h"

#include "opener.h"

typedef struct TeFolderList
{
	TeRoot	   *root;
	const char *folder;			/* as it was given */
	TeRoot	   *trouble;		/* the root, if the list was not completed because of it */
	int64		unreadable;		/* folders that could not be read */
	int64		skipped_folders;	/* those with thumbnails of ours, and those mounted within themselves */
	int64		links;			/* symbolic links, none of which is followed */
	int64		too_deep;		/* files and folders whose path is too long */

	/* private */
	TeOpening	opening;
	uint32		flags;			/* of the requests */
	char	   *incoming;
	char	   *list;			/* the part that is used */
	uint32		length;
	uint32		position;
	bool		more;			/* another part was requested */
	int			restarts;
} TeFolderList;

/*
 * Begin a list in the current memory context, which must outlive the transaction if the caller commits.  The folder is
 * a path like that of an image.  With "hidden" names that begin with a dot are listed as well.  ERROR if the folder is
 * not beneath a root, or the root is in trouble.
 */
extern TeFolderList *te_folder_list_begin(const char *folder, bool hidden);

/*
 * The path of the next file, below the root, until the next call; NULL at the end, or with trouble set.  ERROR if the
 * folder does not exist or cannot be read.  Not to be called in a subtransaction that began after te_folder_list_begin().
 */
extern const char *te_folder_list_next(TeFolderList *list);

#endif							/* TE_PG_FOLDER_LIST_H */
