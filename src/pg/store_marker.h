/*
 * store_marker.h
 *		The marker file that says whose a database's folder of thumbnails is.
 *
 * It is a small text file ".thumbexif" in the folder.  Private to the store and to clean.
 */
#ifndef TE_PG_STORE_MARKER_H
#define TE_PG_STORE_MARKER_H

#include "postgres.h"

#include <sys/stat.h>

#define TE_MARKER		".thumbexif"	/* also the beginning of its temporary names */
#define TE_SERVER_ID	96		/* longest, with its NUL */

typedef struct TeMarker
{
	char		server[TE_SERVER_ID];	/* te_server_id() of its owner; empty if the file makes no sense */
	Oid			database;
	struct stat file;			/* another one means that the marker was replaced */
} TeMarker;

/*
 * The identity of this server's data directory: the same after a restart, another one in a copy
 * of the files (base backup, standby).  ERROR if it cannot be told.
 */
extern const char *te_server_id(void);

/* 16 hexadecimal digits and a NUL, from te_server_id(). */
extern void te_server_hash(char hash[17]);

/* Read the marker of an open folder.  1 = there is one, 0 = there is none, -1 with errno.  Never throws. */
extern int	te_marker_read(int folder, TeMarker *marker);

/* Is it of this server and of a database? */
extern bool te_marker_is_ours(const TeMarker *marker, Oid database);

/*
 * Write this server's marker for the current database into an open folder, and sync both.  One that is there is
 * left alone (EEXIST), or replaced.  0 or an errno.  Never throws once te_server_id() has been called.
 */
extern int	te_marker_write(int folder, const char *database_name, bool replace);

#endif							/* TE_PG_STORE_MARKER_H */
