/*
 * thumbnail_marker.h
 *		The marker file, ".thumbexif", that names the server and the database that own a thumbnail folder.
 */
#ifndef TE_PG_THUMBNAIL_MARKER_H
#define TE_PG_THUMBNAIL_MARKER_H

#include "postgres.h"

#include <sys/stat.h>

#include "thumbnail_path.h"
#include "wire/opening.h"

#define TE_MARKER		TE_THUMBNAIL_MARKER /* also the prefix of its temporary names */
#define TE_SERVER_ID_SIZE	96	/* maximum, with NUL */

typedef struct TeThumbnailMarker
{
	char		server[TE_SERVER_ID_SIZE];	/* te_server_id() of the owner; empty if the file is invalid */
	Oid			database;
	char		cluster[TE_FOLDER_NAME_SIZE];	/* of the folder of a cluster: its name; otherwise empty */
	struct stat file;			/* differs if the marker was replaced */
} TeThumbnailMarker;

/*
 * The identity of this server's data directory.  It does not change, and a copy of the files (base backup, standby) has
 * another one.  ERROR if it cannot be determined.
 */
extern const char *te_server_id(void);

/* A hash of te_server_id() as 16 hexadecimal digits and NUL. */
extern void te_server_hash(char hash[17]);

/* Read the marker of an open folder.  1 if there is a marker, 0 if there is none, -1 with errno.  Never throws. */
extern int	te_thumbnail_marker_read(int folder, TeThumbnailMarker *marker);

/* Does the marker name this server and this database? */
extern bool te_thumbnail_marker_is_ours(const TeThumbnailMarker *marker, Oid database);

/* What the marker of a folder says: this server and the current database, or a cluster and a random number.  Palloc'd. */
extern char *te_thumbnail_marker_of_database(void);
extern char *te_thumbnail_marker_of_cluster(const char *cluster);

/*
 * Create a folder beneath thumbnail_dir unless it exists, write a marker into it, and sync both.  An existing marker is replaced, or left
 * alone (EEXIST).  0 or an errno.  Never throws.
 */
extern int	te_thumbnail_marked_folder_create(const char *name, const char *marker, bool replace);

#endif							/* TE_PG_THUMBNAIL_MARKER_H */
