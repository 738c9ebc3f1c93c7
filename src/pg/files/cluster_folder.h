/*
 * cluster_folder.h
 *		The folder beneath thumbnail_dir that all nodes of a Citus cluster share, for the thumbnails of shards.
 *
 * A shard may be moved to another node, which then owns its thumbnails.  So they lie in a folder of the shard's number, in one of
 * the cluster: "<name of the cluster>/<shard>/ab/cd/...".  The node that has a shard is the only one that writes and removes there.
 * A folder's number (TeAttachment.folder) is that of an attachment, or below zero that of a shard.
 */
#ifndef TE_PG_CLUSTER_FOLDER_H
#define TE_PG_CLUSTER_FOLDER_H

#include "postgres.h"

#include "thumbnail_path.h"

/* The name of this cluster: the system identifier of its coordinator, and the OID of the database there.  Palloc'd. */
extern char *te_cluster_make_name(void);

/* Note the name that the coordinator has told.  ERROR if the database belongs to another cluster, or if it is no name.  Inside SPI. */
extern void te_cluster_set_name(const char *cluster);

/* The name of the folder.  False if no table of Citus has been attached here. */
extern bool te_cluster_folder_name(char name[TE_FOLDER_NAME_SIZE]);

/*
 * Open the folder (O_PATH); creates and marks it the first time.  ERROR with a hint if it is lost, or marked as that of another
 * cluster.  The caller closes it.
 */
extern int	te_cluster_folder_open(char name[TE_FOLDER_NAME_SIZE]);

/* Is the folder there, with our marker?  Never throws for problems of files. */
extern bool te_cluster_folder_is_usable(void);

/* Create the folder and its marker unless they are there, also if they were lost.  ERROR with a hint if that fails. */
extern void te_cluster_folder_create(void);

/* A note in our table may have been rolled back.  Never throws. */
extern void te_cluster_folder_forget_noted(void);

/* The text of its marker, as this node sees it, palloc'd; NULL if it sees none. */
extern char *te_cluster_folder_marker(const char *cluster);

/* The folder's name for a number: that of the cluster for one below zero, or else the one given. */
extern const char *te_folder_of(int number, const char *folder);

/* The number in paths. */
#define te_folder_number(number) ((number) < 0 ? -(number) : (number))

#endif							/* TE_PG_CLUSTER_FOLDER_H */
