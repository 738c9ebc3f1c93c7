/*
 * member_change.c
 *		Attaches members that came and releases those that left.
 *
 * The rows that a new member has already wait for a backfill, as those of a table that is attached do.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "asset_count.h"
#include "asset_state.h"
#include "citus.h"
#include "hierarchy.h"
#include "key.h"
#include "key_sql.h"
#include "member.h"
#include "member_change.h"
#include "pg/base/extension.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "shard_folder.h"
#include "shard_left.h"
#include "swept.h"
#include "table_trigger.h"

#define MANY_STATES "10000"		/* more are not deleted at the end of a command, which holds locks */
#define MOST_TOLD	1000

/* Relations, in TopMemoryContext. */
static List *told = NIL;		/* that a word was said about */
static List *with_long_keys = NIL;	/* which the worker does not read again: that may take long, and locks them */

static void
run(const char *sql, int attachment)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment);
	te_sql_as_extension(sql, &args);
}

static List *
note(List *relations, Oid relation)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

	if (list_length(relations) >= MOST_TOLD)
	{
		list_free(relations);
		relations = NIL;
	}
	relations = list_append_unique_oid(relations, relation);
	MemoryContextSwitchTo(caller);
	return relations;
}

/* Is it said for the first time? */
static bool
is_news(Oid relation)
{
	if (list_member_oid(told, relation))
		return false;
	told = note(told, relation);
	return true;
}

static int
news_level(void)
{
	return MyBackendType == B_BG_WORKER ? LOG : NOTICE;
}

static const char *
member_word(const TeAttachment *parent)
{
	return te_citus_kind(parent->relation) != TE_CITUS_NONE ? "shard" : "partition";
}

/* --- attaching */

/* Is its access method that of Citus for tables that are not updated? */
static bool
is_columnar(Relation relation)
{
	const char *method = get_am_name(relation->rd_rel->relam);

	return method != NULL && strcmp(method, "columnar") == 0;
}

/* Why a relation cannot be a member, with a hint; NULL if it can.  It is locked. */
static const char *
unsuitable_reason(const TeAttachment *parent, Relation relation, const char **hint)
{
	TeAttachment *itself = te_attachment_find(RelationGetRelid(relation));
	const char *name = te_relation_name(RelationGetRelid(relation));
	const char *taken;
	TeKeyColumns key = parent->key;
	TeRunAs		save;

	if (itself != NULL)
	{
		*hint = psprintf("Call thumbexif_detach('%s') first. The state of its assets is then lost; rows and thumbnails stay.", name);
		return "it is attached itself";
	}
	*hint = "Its rows are not processed.";
	if (relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE)
		return "it is a foreign table";
	if (relation->rd_rel->relkind != RELKIND_RELATION)
		return "it is not a table";
	if (is_columnar(relation))
		return "it is columnar, and takes no triggers for rows";
	if (relation->rd_rel->relpersistence != RELPERSISTENCE_PERMANENT)
		return relation->rd_rel->relpersistence == RELPERSISTENCE_TEMP ? "it is temporary" : "it is unlogged";
	if (te_key_columns_look_up(RelationGetRelid(relation), &key) >= 0 || !te_key_has_index(relation, &key, true))
	{
		*hint = psprintf("CREATE UNIQUE INDEX ON %s (%s): it must be a key in each partition.", name, te_key_list_sql(&key, "", ""));
		return psprintf(key.count == 1 ? "column \"%s\" is not a key in it" : "columns (%s) are not a key in it", key.count == 1 ? key.name[0] : te_key_list_sql(&key, "", ""));
	}
	te_run_as_extension(&save);
	taken = te_table_triggers_taken(RelationGetRelid(relation), te_member_triggers(parent));
	te_run_as_end(&save);
	if (taken != NULL)
	{
		*hint = "Rename that trigger; thumbexif needs its name.";
		return psprintf("trigger \"%s\" of it does not belong to thumbexif", taken);
	}
	return NULL;
}

/* Foreign, columnar and unlogged partitions are passed over; what can be remedied is an ERROR when the table is attached. */
static void
refuse(const TeAttachment *parent, Relation relation, TeMemberMode mode, const char *reason, const char *hint)
{
	bool		remedy = relation->rd_rel->relkind == RELKIND_RELATION && relation->rd_rel->relpersistence == RELPERSISTENCE_PERMANENT && !is_columnar(relation);

	if (mode == TE_MEMBERS_STRICT && remedy)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot attach %s \"%s\" of table %s: %s", member_word(parent), RelationGetRelationName(relation), parent->name, reason),
				 errhint("%s", hint)));
	if (is_news(RelationGetRelid(relation)) || mode == TE_MEMBERS_STRICT)
		ereport(remedy ? WARNING : news_level(),
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s \"%s\" of attached table %s is not attached: %s", member_word(parent), RelationGetRelationName(relation), parent->name, reason),
				 errhint("%s", hint)));
}

/* False if the table has keys that are too long.  Triggers refuse those that come later. */
static bool
keys_fit(const TeAttachment *parent, Relation relation)
{
	const char *name = te_relation_name(RelationGetRelid(relation));
	Oid			oid = RelationGetRelid(relation);
	TeArgs		none = {0};

	if (te_key_always_fits(&parent->key))
		return true;
	if (MyBackendType == B_BG_WORKER && list_member_oid(with_long_keys, oid))
		return false;
	if (te_sql_as_owner(oid, relation->rd_rel->relowner, NULL,
						psprintf("SELECT FROM ONLY %s WHERE NOT %s LIMIT 1", name, te_key_fits_sql(&parent->key, "")), &none) == 0)
		return true;
	with_long_keys = note(with_long_keys, oid);
	return false;
}

/*
 * Attach a relation that is open and locked; the number of "shard" is 0 if it is none.  False if the parent was detached meanwhile, or is just
 * being detached.  The rows of a shard may have come with it, and are looked through then, unless the table is attached for the first time ("fresh").
 */
static bool
attach_relation(const TeAttachment *parent, Relation relation, const TeCitusShard *shard, bool fresh)
{
	const char *table = te_internal_name("thumbexif_attachment");
	TeArgs		args = {0};
	TeRunAs		save;
	int			number;
	uint64		count;

	te_run_as_extension(&save);
	te_arg(&args, OIDOID, ObjectIdGetDatum(RelationGetRelid(relation)));
	te_arg_int4(&args, parent->number);
	te_arg_int8(&args, shard->number);
	te_arg_int8(&args, shard->folder);
	te_arg(&args, BOOLOID, BoolGetDatum(shard->number != 0 && !fresh && RelationGetNumberOfBlocks(relation) > 0));
	count = te_sql(psprintf("INSERT INTO %s (attachment, relation, parent, shard, folder_shard, arrived, key_type, id_column, path_column)"
					" SELECT nextval(%s)::integer, $1, a.attachment, NULLIF($3, 0), NULLIF($4, 0), NULLIF($5, false), a.key_type, a.id_column, a.path_column FROM %s AS a WHERE a.attachment = $2 FOR SHARE SKIP LOCKED"
					" RETURNING attachment", table, quote_literal_cstr(te_internal_name("thumbexif_attachment_seq")), table), &args);
	number = count > 0 ? (int) te_out_int(0, 1, 0) : 0;
	te_sql_free();
	if (number == 0)
	{
		te_run_as_end(&save);
		return false;
	}
	if (parent->tracking != TE_TRACKED_BY_SWEEP)
		te_table_triggers_create(relation, te_member_triggers(parent), parent->tracking == TE_TRACKED_ALWAYS, &parent->key, parent->path);
	te_count_attached(relation, number);
	te_run_as_end(&save);
	return true;
}

/* Has another process attached it before it was locked, or has it left another table and is not released yet? */
static bool
is_member(Oid relation)
{
	TeAttachment *attachment = te_attachment_find(relation);

	return attachment != NULL && attachment->parent != 0;
}

/* Is it still to be a member, now that it is locked?  If it is one as a shard, fills in *shard. */
static bool
belongs_to(const TeAttachment *parent, Oid relation, TeCitusShard *shard)
{
	*shard = (TeCitusShard) {0};
	if (te_citus_kind(parent->relation) == TE_CITUS_NONE)
		return te_hierarchy_is_below(relation, parent->relation);
	return te_citus_shard_of(parent->relation, relation, shard);
}

/* Attach a relation, if it can be a member and can be locked. */
static void
attach_member(const TeAttachment *parent, Oid oid, TeMemberMode mode, TeMemberChange *change)
{
	Relation	relation;
	TeCitusShard shard;
	const char *reason;
	const char *hint = NULL;

	if (mode == TE_MEMBERS_STRICT)
		LockRelationOid(oid, ShareRowExclusiveLock);
	else if (!ConditionalLockRelationOid(oid, ShareRowExclusiveLock))
	{
		change->left = true;
		return;
	}
	relation = try_relation_open(oid, NoLock);
	if (relation == NULL)
	{
		UnlockRelationOid(oid, ShareRowExclusiveLock);
		return;
	}
	if (is_member(oid) || !belongs_to(parent, oid, &shard))
	{
		relation_close(relation, NoLock);
		return;
	}
	reason = unsuitable_reason(parent, relation, &hint);
	if (reason == NULL && !keys_fit(parent, relation))
		reason = psprintf("it has keys (%s) that are longer than %d bytes", te_key_list_sql(&parent->key, "", ""), TE_KEY_MAX_TEXT);
	if (reason != NULL)
		refuse(parent, relation, mode, reason, hint);
	else if (!attach_relation(parent, relation, &shard, change->fresh))
		change->left = true;
	else
	{
		change->attached++;
		if (mode != TE_MEMBERS_STRICT)
			ereport(news_level(),
					(errmsg("%s \"%s\" of attached table %s is attached", member_word(parent), RelationGetRelationName(relation), parent->name)));
	}
	relation_close(relation, reason != NULL && mode != TE_MEMBERS_STRICT ? ShareRowExclusiveLock : NoLock);
}

/* --- releasing */

void
te_member_release(const TeAttachment *member)
{
	TeArgs		args = {0};

	te_table_triggers_drop(member->relation);
	te_arg_int4(&args, member->number);
	te_arg_int4(&args, member->folder);
	te_arg(&args, OIDOID, ObjectIdGetDatum(member->relation));
	if (member->shard == 0)
		te_sql_as_extension(psprintf("INSERT INTO %s (attachment, relation, file) SELECT $2, $3, s.file FROM %s AS s"
									 " WHERE s.attachment = $1 AND s.file IS NOT NULL ON CONFLICT DO NOTHING",
									 te_internal_name("thumbexif_released"), member->state), &args);
	else						/* its files are those of the node that has it now */
		te_left_note(member->number, member);
	te_asset_state_delete_all(member->number, true);
	te_count_detached(member->number);
	te_swept_forget(member->number);
	run(psprintf("DELETE FROM %s WHERE attachment = $1", te_internal_name("thumbexif_attachment")), member->number);
}

/* Has a member so many states that a command should not wait until they are deleted? */
static bool
has_many_states(const TeAttachment *member)
{
	TeArgs		args = {0};
	bool		many;

	te_arg_int4(&args, member->number);
	many = te_sql_as_extension(psprintf("SELECT FROM %s WHERE attachment = $1 OFFSET " MANY_STATES " LIMIT 1", member->state), &args) > 0;
	te_sql_free();
	return many;
}

static void
release_member(const TeAttachment *parent, const TeAttachment *member, TeMemberMode mode, TeMemberChange *change)
{
	TeCitusShard shard;
	TeRunAs		save;

	if (mode == TE_MEMBERS_STRICT)
		LockRelationOid(member->relation, AccessExclusiveLock);
	else if ((mode == TE_MEMBERS_OF_COMMAND && has_many_states(member)) ||
			 !ConditionalLockRelationOid(member->relation, AccessExclusiveLock))
	{
		change->left = true;
		return;
	}
	if (belongs_to(parent, member->relation, &shard))
		return;					/* it has come back before it was locked */
	te_run_as_extension(&save);
	te_member_release(member);
	te_run_as_end(&save);
	told = list_delete_oid(told, member->relation);
	change->released++;
	ereport(news_level(),
			(member->shard != 0 && shard.number == 0 ?
			 errmsg("shard %s of attached table %s is no longer on this node, and is released", member->name, parent->name) :
			 errmsg("table %s is no longer a partition of attached table %s, and is released", member->name, parent->name),
			 errdetail("Its rows and thumbnails stay as they are.")));
}

/* --- both */

void
te_members_update(const TeAttachment *parent, TeMemberMode mode, TeMemberChange *change)
{
	List	   *wanted = te_member_relations(parent);
	List	   *recorded = te_member_recorded(parent);
	ListCell   *cell;

	if (te_citus_kind(parent->relation) != TE_CITUS_NONE)
		te_shard_folders_update(parent);
	foreach(cell, recorded)
	{
		const TeAttachment *member = list_member_oid(wanted, lfirst_oid(cell)) ? NULL : te_attachment_find(lfirst_oid(cell));

		if (member != NULL)
			release_member(parent, member, mode, change);
	}
	foreach(cell, wanted)
	{
		if (!list_member_oid(recorded, lfirst_oid(cell)))
			attach_member(parent, lfirst_oid(cell), mode, change);
	}
}

typedef struct Update
{
	const TeAttachment *parent;
	TeMemberMode mode;
	TeMemberChange change;
} Update;

static void
update_one(void *arg)
{
	Update	   *update = arg;

	te_members_update(update->parent, update->mode, &update->change);
}

static void
update_parents(bool all, List *relations, TeMemberMode mode, TeMemberChange *change)
{
	ListCell   *cell;

	foreach(cell, te_attachment_all())
	{
		Update		update = {lfirst(cell), mode, {0}};
		ErrorData  *error;

		if (!update.parent->has_members || (!all && !list_member_oid(relations, update.parent->relation)))
			continue;
		error = te_subtransaction(update_one, &update);
		if (error != NULL && te_error_is_interrupt(error))
			ReThrowError(error);
		if (error != NULL)
			ereport(WARNING,
					(errcode(error->sqlerrcode),
					 errmsg("partitions of attached table %s could not be attached or released: %s", update.parent->name, error->message),
					 errhint("Call thumbexif_attach() for the table again.")));
		change->attached += update.change.attached;
		change->released += update.change.released;
		change->left |= update.change.left || error != NULL;
	}
}

void
te_members_update_all(TeMemberMode mode, TeMemberChange *change)
{
	update_parents(true, NIL, mode, change);
}

void
te_members_update_some(List *relations, TeMemberMode mode, TeMemberChange *change)
{
	update_parents(false, relations, mode, change);
}
