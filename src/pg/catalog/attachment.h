/*
 * attachment.h
 *		The attached tables, and how their columns are mapped.
 *
 * A table that users attach has its rows itself, or in members (member.h): each of these has an attachment of its own, with
 * the mapping, the name of the channel and so on of its parent.
 */
#ifndef TE_PG_ATTACHMENT_H
#define TE_PG_ATTACHMENT_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "column.h"
#include "key_columns.h"
#include "pg/base/size_list.h"

/* How changes of the table are noticed. */
typedef enum TeTracking
{
	TE_TRACKED,					/* by triggers, which do not fire in a process that applies what is replicated */
	TE_TRACKED_ALWAYS,			/* by row triggers, which fire there, too */
	TE_TRACKED_BY_SWEEP			/* no triggers */
} TeTracking;

typedef struct TeAttachment
{
	int			number;			/* never reused */
	int			parent;			/* of a member: the number of the table that was named; otherwise 0 */
	int			folder;			/* number that names the folder of its thumbnails: that of the table that was named; of a shard, its own below zero, or of
								 * one of a partition, that of the partitioned table's shard */
	int64		shard;			/* of a member that is a shard of Citus: its number; otherwise 0 */
	bool		arrived;		/* from another node, and its rows were not looked through yet (shard_arrival.h) */
	Oid			relation;
	Oid			owner;			/* of the relation */
	char	   *name;			/* schema-qualified and quoted, for SQL */
	bool		has_members;	/* its rows are theirs */

	/* The table that users have named, whose rights count: the parent, or the table itself. */
	Oid			named;
	char	   *named_name;		/* schema-qualified and quoted */

	/* For FROM and UPDATE, with alias t, and what follows a condition: for statements of the owner, and for those of users. */
	const char *rows;
	const char *rows_and;
	const char *user_rows;
	const char *user_rows_and;
	Oid			all_copies;		/* of a reference table of Citus: the table that was named, whose UPDATE writes the copies on all
								 * nodes; otherwise InvalidOid */
	TeKeyColumns key;
	Oid			stored_key_type[TE_KEY_MAX_COLUMNS];	/* of its columns when the table was attached */
	char	   *path;			/* column names, not quoted */
	char	   *column[TE_COLUMNS]; /* NULL = not mapped */
	bool		refused[TE_COLUMNS];	/* not mapped, by request and not because there was no column */
	Oid			type[TE_COLUMNS];	/* type of a mapped column; of a domain, its base type */
	int32		typmod[TE_COLUMNS];
	uint32		want_exif;		/* TE_WANT_...: what else mapped columns need when EXIF is examined */
	uint32		want_thumbnail; /* the same when a thumbnail is made */
	Oid			key_type;		/* INT2OID, INT4OID, INT8OID, UUIDOID or TEXTOID, which it is also for several columns */
	const char *state;			/* qualified, quoted name of the state table for this type of key */
	char	   *search_path;	/* under which the table's own code runs (table_path.h); NULL = pg_catalog, pg_temp: of 1.0, or
								 * of another owner */
	char	   *notify;			/* channel for notifications about finished assets; NULL = none */
	bool		paused;
	bool		paused_by_us;	/* by the worker, until the cause is gone */
	TeSizes		sizes;			/* of its thumbnails; none = as the settings say */
	char	   *former_thumbnail;	/* column in which thumbnails were stored before, which are set to NULL when assets are
									 * processed; NULL = none */
	TeTracking	tracking;
	const char *thumbnails;		/* qualified, quoted name of the table of further sizes for this type of key */
} TeAttachment;

/*
 * The attachment of a relation, or, with InvalidOid, of the only table that was named.  Palloc'd.  ERROR if the table is not
 * attached, if none or several are attached and none was named, if a mapped column was dropped or changed its type, or
 * if the table joined a hierarchy, or as a member left its own.  Holds no lock after the call.
 */
extern TeAttachment *te_attachment_get(Oid relation);

/* The same without the last two checks; the type of a dropped column is InvalidOid.  For detach. */
extern TeAttachment *te_attachment_get_unchecked(Oid relation);

/* As te_attachment_get_unchecked(), but NULL if the relation is not attached. */
extern TeAttachment *te_attachment_find(Oid relation);

/*
 * ERROR if the table, its mapping or its owner has changed since the attachment was read: results computed for it must
 * not be written.  The caller must have locked the table.
 */
extern void te_attachment_check_same(const TeAttachment *attachment);

/* The name of a kind of tracking in our table, and the kind of a name; TE_TRACKED for one that a forged dump may have. */
extern const char *te_tracking_name(TeTracking tracking);
extern TeTracking te_tracking_of_name(const char *name);

/* Is a column for the thumbnail or its path / any column for EXIF mapped? */
extern bool te_attachment_has_thumbnail(const TeAttachment *attachment);
extern bool te_attachment_has_exif(const TeAttachment *attachment);

/* Are thumbnails stored in the table itself, or in files? */
extern bool te_attachment_stores_bytes(const TeAttachment *attachment);
extern bool te_attachment_stores_files(const TeAttachment *attachment);

/* Is it a partition, or a shard of one, whose thumbnails lie in one folder with those of others? */
extern bool te_attachment_shares_folder(const TeAttachment *attachment);

/* Does NOTIFY take a channel of this name? */
extern bool te_notify_channel_is_valid(const char *channel);

/* Is the state table of the attachment the one for keys of this type?  False for types that no key has. */
extern bool te_attachment_accepts_key(const TeAttachment *attachment, Oid type);

/* ERROR unless the current user owns the relation or has the privileges of its owner. */
extern void te_attachment_check_owner(const TeAttachment *attachment);

/*
 * Lists of TeAttachment * in the order of their numbers, unchecked as by te_attachment_find(): the tables that users have
 * named, the members of one of these, and all tables that have rows themselves.
 */
extern List *te_attachment_all(void);
extern List *te_attachment_members(const TeAttachment *parent);
extern List *te_attachment_with_rows(void);

#endif							/* TE_PG_ATTACHMENT_H */
