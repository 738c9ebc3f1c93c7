/*
 * dropped_table.c
 *		Attached tables that are dropped: by their user, or by Citus, which converts a table by copying its rows into another one.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "tcop/pquery.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "asset_count.h"
#include "asset_state.h"
#include "citus.h"
#include "dropped_table.h"
#include "pg/base/extension.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/compat.h"
#include "shard_folder.h"
#include "shard_left.h"
#include "swept.h"
#include "table_trigger.h"

/* On other nodes than the coordinator, and for as long, notes are kept for a table that may have been converted into one without shards. */
#define KEEP	"1 day"

/* Was it a command of the user's that dropped the table, and not a function that he has called? */
static bool
is_own_command(void)
{
	CommandTag	tag = ActivePortal != NULL ? ActivePortal->commandTag : CMDTAG_UNKNOWN;

	return tag == CMDTAG_DROP_TABLE || tag == CMDTAG_DROP_SCHEMA || tag == CMDTAG_DROP_OWNED || tag == CMDTAG_DROP_EXTENSION;
}

/* Is there a value in this column of an attachment? */
static bool
has(int attachment, const char *column)
{
	TeArgs		args = {0};
	bool		found;

	te_arg_int4(&args, attachment);
	found = te_sql_as_extension(psprintf("SELECT FROM %s WHERE attachment = $1 AND %s IS NOT NULL", te_internal_name("thumbexif_attachment"), column), &args) > 0;
	te_sql_free();
	return found;
}

/* Run a statement about one attachment ($1) with the extension's rights. */
static void
run(const char *sql, int attachment)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment);
	te_sql_as_extension(sql, &args);
}

void
te_dropped_attachment_forget(int attachment)
{
	bool		shard = has(attachment, "shard");

	/* its rows may have been moved to another node, or copied into other shards, which name its files */
	if (shard)
		te_left_note(attachment, NULL);
	te_asset_state_delete_all(attachment, shard);
	te_count_detached(attachment);
	te_swept_forget(attachment);
	run(psprintf("INSERT INTO %s SELECT a.attachment FROM %s AS a WHERE a.attachment = $1 AND a.parent IS NULL",
				 te_internal_name("thumbexif_dropped"), te_internal_name("thumbexif_attachment")), attachment);
	run(psprintf("DELETE FROM %s WHERE attachment = $1", te_internal_name("thumbexif_left")), attachment);
	run(psprintf("DELETE FROM %s WHERE attachment = $1", te_internal_name("thumbexif_attachment")), attachment);
}

/* Keep the attachment of a dropped table for one that gets its name in this transaction. */
static void
keep(int attachment, const char *name)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment);
	te_arg_text(&args, name);
	te_sql_as_extension(psprintf("UPDATE %s SET dropped_name = $2, dropped_in = pg_current_xact_id(), dropped_at = now() WHERE attachment = $1",
								 te_internal_name("thumbexif_attachment")), &args);
}

void
te_dropped_table(int attachment, Oid relation, const char *name)
{
	bool		shards = te_shard_folders_exist(relation);

	/* members are forgotten: their parent tells of the others */
	if (!te_citus_is_installed() || has(attachment, "parent") || (is_own_command() && (!shards || te_citus_is_coordinator())))
	{
		te_dropped_attachment_forget(attachment);
		te_shard_folders_drop(relation, false);
	}
	else
		keep(attachment, name);
}

/* The attachment that this transaction keeps for a table with this name, and the relation that was dropped; 0 = none. */
static int
find_kept(const char *name, Oid *dropped)
{
	TeArgs		args = {0};
	int			found = 0;

	te_arg_text(&args, name);
	if (te_sql_as_extension(psprintf("SELECT attachment, relation::oid FROM %s WHERE dropped_name = $1 AND dropped_in = pg_current_xact_id()",
									 te_internal_name("thumbexif_attachment")), &args) > 0)
	{
		found = (int) te_out_int(0, 1, 0);
		*dropped = DatumGetObjectId(te_out(0, 2));
	}
	te_sql_free();
	return found;
}

/*
 * A table without shards now has the rows: it gets triggers, and what the worker does for a shard that has arrived: rows that have a
 * thumbnail are taken as done.  If it had no shards before, its states are those of the same rows still.
 */
static void
track(Relation relation, const TeAttachment *attachment, bool had_shards)
{
	TeArgs		args = {0};
	TeRunAs		save;

	te_run_as_extension(&save);
	if (attachment->tracking != TE_TRACKED_BY_SWEEP)
		te_table_triggers_create(relation, TE_TRIGGERS_TABLE, attachment->tracking == TE_TRACKED_ALWAYS, &attachment->key, attachment->path);
	te_count_attached(relation, attachment->number);
	te_arg_int4(&args, attachment->number);
	if (had_shards)
		te_sql(psprintf("UPDATE %s SET arrived = true, nodes = NULL WHERE attachment = $1", te_internal_name("thumbexif_attachment")), &args);
	else
		te_swept_request(attachment->number);
	te_run_as_end(&save);
}

/* Give the kept attachment, and the folders of the shards, to the relation that has got the name. */
static void
replace(int number, Oid dropped, Oid relation)
{
	Relation	table = relation_open(relation, ShareRowExclusiveLock);
	bool		had_shards = te_shard_folders_exist(dropped);
	TeArgs		args = {0};
	TeAttachment *attachment;

	te_arg_int4(&args, number);
	te_arg(&args, OIDOID, ObjectIdGetDatum(relation));
	te_sql_as_extension(psprintf("UPDATE %s SET relation = $2, dropped_name = NULL, dropped_in = NULL, dropped_at = NULL, nodes = CASE WHEN nodes IS NOT NULL THEN '{}'::integer[] END"
								 " WHERE attachment = $1", te_internal_name("thumbexif_attachment")), &args);
	te_shard_folders_give(dropped, relation);
	attachment = te_attachment_find(relation);
	if (attachment != NULL && !attachment->has_members)
		track(table, attachment, had_shards);
	ereport(NOTICE,
			(errmsg("attached table %s was replaced by another one, and that is attached now", te_relation_name(relation)),
			 errdetail("Rows that have a thumbnail are taken as done.")));
	relation_close(table, NoLock);
}

bool
te_dropped_table_replaced(List *relations)
{
	bool		any = false;
	ListCell   *cell;

	if (!te_citus_is_installed())
		return false;
	foreach(cell, relations)
	{
		Oid			dropped;
		int			number;

		if (get_rel_relkind(lfirst_oid(cell)) != RELKIND_RELATION || te_attachment_find(lfirst_oid(cell)) != NULL)
			continue;
		number = find_kept(te_relation_name(lfirst_oid(cell)), &dropped);
		if (number == 0)
			continue;
		replace(number, dropped, lfirst_oid(cell));
		any = true;
	}
	return any;
}

int
te_dropped_table_find(const char *name)
{
	TeArgs		args = {0};
	int			found = 0;

	te_arg_text(&args, name);
	if (te_sql_as_extension(psprintf("SELECT attachment FROM %s WHERE dropped_name = $1 ORDER BY dropped_at DESC LIMIT 1",
									 te_internal_name("thumbexif_attachment")), &args) > 0)
		found = (int) te_out_int(0, 1, 0);
	te_sql_free();
	return found;
}

void
te_dropped_tables_forget(void)
{
	bool		coordinator = te_citus_is_coordinator();
	TeArgs		none = {0};
	uint64		count;
	int		   *numbers;
	char	  **names;

	count = te_sql_as_extension(psprintf("SELECT attachment, dropped_name FROM %s WHERE dropped_at < now() - interval '%s'",
										 te_internal_name("thumbexif_attachment"), coordinator ? "0" : KEEP), &none);
	numbers = palloc(sizeof(int) * (count + 1));
	names = palloc(sizeof(char *) * (count + 1));
	for (uint64 i = 0; i < count; i++)
	{
		numbers[i] = (int) te_out_int((int) i, 1, 0);
		names[i] = te_out_text((int) i, 2);
	}
	te_sql_free();
	for (uint64 i = 0; i < count; i++)
	{
		te_dropped_attachment_forget(numbers[i]);
		if (coordinator)
			ereport(LOG,
					(errmsg("attached table %s was dropped by a function, and its attachment is removed", names[i]),
					 errhint("Thumbnail files of its shards stay. If no table has its rows now, call thumbexif_clean_dropped() to remove them.")));
	}
}
