/*
 * event_trigger.c
 *		The event trigger functions: they forget attached tables that are dropped, and attach and release partitions.
 */
#include "postgres.h"

#include "commands/event_trigger.h"
#include "executor/spi.h"

#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/dropped_table.h"
#include "pg/catalog/hierarchy.h"
#include "pg/catalog/member_change.h"
#include "pg/compat.h"
#include "pg/shared/wakeup.h"

PG_FUNCTION_INFO_V1(thumbexif_track_drop);
PG_FUNCTION_INFO_V1(thumbexif_track_members);

static void
check_called(FunctionCallInfo fcinfo, const char *name)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("%s was not called as an event trigger", name),
				 errhint("CREATE EXTENSION thumbexif creates the event trigger that calls it.")));
}

/* The files of former members that were dropped are no longer kept for these.  Inside SPI. */
static void
forget_released(void)
{
	TeArgs		none = {0};

	te_sql_as_extension(psprintf("DELETE FROM %s AS r USING pg_event_trigger_dropped_objects() AS d"
								 " WHERE r.relation = d.objid AND d.classid = 'pg_class'::regclass AND d.objsubid = 0",
								 te_internal_name("thumbexif_released")), &none);
}

/* thumbexif_track_drop() RETURNS event_trigger: forget the attachments of tables that the command dropped. */
Datum
thumbexif_track_drop(PG_FUNCTION_ARGS)
{
	TeExtension extension;
	TeArgs		args = {0};
	uint64		dropped;
	int		   *numbers;
	Oid		   *relations;
	char	  **names;

	check_called(fcinfo, "thumbexif_track_drop()");
	if (!te_extension_find(&extension))
		PG_RETURN_NULL();

	SPI_connect();
	dropped = te_sql_as_extension(psprintf("SELECT a.attachment, d.objid, d.object_identity FROM pg_event_trigger_dropped_objects() d "
										   "JOIN %s a ON a.relation = d.objid "
										   "WHERE d.classid = 'pg_class'::regclass AND d.objsubid = 0",
										   te_internal_name("thumbexif_attachment")), &args);
	numbers = palloc(sizeof(int) * (dropped + 1));
	relations = palloc(sizeof(Oid) * (dropped + 1));
	names = palloc(sizeof(char *) * (dropped + 1));
	for (uint64 i = 0; i < dropped; i++)
	{
		numbers[i] = (int) te_out_int((int) i, 1, 0);
		relations[i] = DatumGetObjectId(te_out((int) i, 2));
		names[i] = te_out_text((int) i, 3);
	}
	for (uint64 i = 0; i < dropped; i++)
		te_dropped_table(numbers[i], relations[i], names[i]);
	forget_released();
	if (dropped > 0)
		te_wake_at_commit();	/* the worker removes their files */
	SPI_finish();
	PG_RETURN_NULL();
}

/* The tables that the command has made or changed, a list of OIDs.  Inside SPI. */
static List *
changed_tables(void)
{
	TeArgs		none = {0};
	List	   *tables = NIL;
	uint64		count = te_sql_as_extension("SELECT c.objid FROM pg_event_trigger_ddl_commands() AS c WHERE c.classid = 'pg_class'::regclass", &none);

	for (uint64 i = 0; i < count; i++)
		tables = lappend_oid(tables, DatumGetObjectId(te_out((int) i, 1)));
	te_sql_free();
	return tables;
}

/*
 * The partitioned tables above them; not those of Citus, which does the same to their shards over other connections afterwards, and would
 * wait for ours if it locked them: shard_change.c sees to them when that is done.
 */
static List *
tops(List *tables)
{
	List	   *found = NIL;
	ListCell   *cell;

	foreach(cell, tables)
	{
		Oid			top = te_hierarchy_top(lfirst_oid(cell));

		if (te_citus_kind(top) == TE_CITUS_NONE)
			found = list_append_unique_oid(found, top);
	}
	return found;
}

/* thumbexif_track_members() RETURNS event_trigger: attach and release partitions that the command has made, attached or detached. */
Datum
thumbexif_track_members(PG_FUNCTION_ARGS)
{
	TeExtension extension;
	TeMemberChange change = {0};
	CommandTag	tag;
	List	   *tables;
	bool		replaced;

	check_called(fcinfo, "thumbexif_track_members()");
	tag = ((EventTriggerData *) fcinfo->context)->tag;
	if ((tag != CMDTAG_CREATE_TABLE && tag != CMDTAG_ALTER_TABLE) || !te_extension_find(&extension))
		PG_RETURN_NULL();
	SPI_connect();
	tables = changed_tables();
	replaced = te_dropped_table_replaced(tables);
	te_members_update_some(tops(tables), TE_MEMBERS_OF_COMMAND, &change);
	if (replaced || change.attached > 0 || change.released > 0 || change.left)
		te_wake_at_commit();
	SPI_finish();
	PG_RETURN_NULL();
}
