/*
 * tables.c
 *		What is known of an attached table: the NOTICE of thumbexif_attach(), and the SQL function behind the view
 *		thumbexif_tables.
 *
 * No code of a table's owner runs here, so that no table can make the view fail or hang.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "pg/base/extension.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/base/table_path.h"
#include "pg/catalog/asset_count.h"
#include "pg/catalog/attached_rows.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/key_sql.h"
#include "pg/catalog/swept.h"
#include "pg/compat.h"
#include "attach_check.h"
#include "tables.h"

PG_FUNCTION_INFO_V1(thumbexif_table_rows);

/* --- rows that wait */

/* The number of rows of a table that are not processed yet.  False if there is no such table. */
static bool
count_waiting(const TeAttachment *attachment, HTAB *all, int64 *waiting)
{
	TeAssetCounts counts = te_attached_counts(all, attachment);
	int64		rows;

	if (!te_attached_rows(attachment, &counts, &rows))
		return false;
	rows -= counts.assets[TE_ASSET_DONE] + counts.assets[TE_ASSET_FAILED] + counts.assets[TE_ASSET_MISSING] +
		counts.assets[TE_ASSET_UNSUPPORTED];
	*waiting = Max(rows, 0);
	return true;
}

/* --- what is mapped */

/* Append "parameter (column)", or only the parameter if both have the same name. */
static void
append_column(StringInfo list, const char *parameter, const char *column)
{
	appendStringInfo(list, "%s%s", list->len > 0 ? ", " : "", parameter);
	if (column != NULL && strcmp(parameter, column) != 0)
		appendStringInfo(list, " (%s)", quote_identifier(column));
}

/*
 * Is a column that is not mapped worth a word?  A fact is only if it was refused, or if the table has a column that could be
 * mapped to it: tables lack most of them.
 */
static bool
is_told(const TeAttachment *attachment, TeColumn column)
{
	const char *name = te_columns[column].name;

	if (column == TE_COL_THUMBNAIL)
		return false;
	if (!TE_COL_IS_FACT(column) || attachment->refused[column])
		return true;
	if (!te_attach_fact_fits(attachment->relation, column) ||
		(te_columns[column].from_pixels && !te_attachment_has_thumbnail(attachment)))
		return false;
	for (int i = 0; i < TE_COLUMNS; i++)
		if (attachment->column[i] != NULL && strcmp(attachment->column[i], name) == 0)
			return false;
	return !te_key_has_column(&attachment->key, name) && strcmp(attachment->path, name) != 0;
}

/* May a photo lack what is written to a column that does not allow NULL? */
static bool
may_refuse_null(const TeAttachment *attachment, TeColumn column)
{
	TeColumnInfo info;

	return (te_columns[column].from_exif || te_columns[column].from_pixels) &&
		te_column_find(attachment->relation, attachment->column[column], &info) && info.not_null;
}

/* The DETAIL of the NOTICE. */
static char *
describe(const TeAttachment *attachment)
{
	StringInfoData text;
	StringInfoData written;
	StringInfoData absent;
	StringInfoData refused;
	StringInfoData facts;
	StringInfoData strict;

	initStringInfo(&facts);
	initStringInfo(&strict);
	initStringInfo(&text);
	initStringInfo(&written);
	initStringInfo(&absent);
	initStringInfo(&refused);
	if (attachment->key.count > 1)
		appendStringInfo(&text, "%s (%s)", TE_STANDARD_KEY, te_key_list_sql(&attachment->key, "", ""));
	else
		append_column(&text, TE_STANDARD_KEY, attachment->key.name[0]);
	append_column(&text, TE_STANDARD_PATH, attachment->path);
	for (int i = 0; i < TE_COLUMNS; i++)
	{
		StringInfo	list = attachment->column[i] != NULL ? &written : attachment->refused[i] ? &refused :
		TE_COL_IS_FACT(i) ? &facts : &absent;

		if (attachment->column[i] == NULL && !is_told(attachment, i))
			continue;
		append_column(list, te_columns[i].name, attachment->column[i]);
		if (attachment->column[i] != NULL && may_refuse_null(attachment, i))
			append_column(&strict, te_columns[i].name, attachment->column[i]);
	}
	appendStringInfo(&text, " are read; written: %s.", written.len > 0 ? written.data : "none");
	if (strict.len > 0)
		appendStringInfo(&text, "\nNULL is not allowed in: %s. If a photo is replaced by one without that value, its asset fails.", strict.data);
	if (absent.len > 0)
		appendStringInfo(&text, "\nNot written, since the table has no such columns: %s.", absent.data);
	if (refused.len > 0)
		appendStringInfo(&text, "\nNot written, as requested: %s.", refused.data);
	if (facts.len > 0)
		appendStringInfo(&text, "\nNot written, since they may be your own (facts => true writes them, or name them): %s.", facts.data);
	if (attachment->sizes.count > 0)
		appendStringInfo(&text, "\nThumbnails are made in sizes %s.", te_sizes_text(&attachment->sizes));
	if (attachment->tracking == TE_TRACKED_ALWAYS)
		appendStringInfoString(&text, "\nIts triggers fire for replicated changes, too.");
	else if (attachment->tracking == TE_TRACKED_BY_SWEEP)
		appendStringInfoString(&text, "\nIt has no triggers: the worker sweeps it for changes (thumbexif.sweep_interval), and thumbexif_sweep() does.");
	if (attachment->notify != NULL)
		appendStringInfo(&text, "\nWhen assets are finished, channel %s is notified.", quote_identifier(attachment->notify));
	return text.data;
}

/* The command that processes what waits. */
static char *
backfill_command(const TeAttachment *attachment)
{
	return psprintf("CALL %s(relation => %s)", te_user_name("thumbexif_backfill"), quote_literal_cstr(attachment->name));
}

/* The search_path without what is left out and without pg_temp at its end.  NULL is that of tables that 1.0 attached, or that changed their owner. */
static const char *
shown_path(const TeAttachment *attachment)
{
	char	   *shown;

	if (attachment->search_path == NULL)
		return "pg_catalog";
	shown = te_table_path_part(attachment->search_path, attachment->owner, TE_SCHEMA_OWN | TE_SCHEMA_MISSING);
	if (strcmp(shown, "pg_temp") == 0)
		return "\"\"";
	*strrchr(shown, ',') = '\0';
	return shown;
}

static void
warn_of_shared(const TeAttachment *attachment)
{
	char	   *shared = te_table_path_part(attachment->search_path, attachment->owner, TE_SCHEMA_SHARED);

	if (shared[0] != '\0')
		ereport(WARNING,
				(errmsg("triggers, defaults and index expressions of table %s will not find what is in schema %s", attachment->name, shared),
				 errdetail("It is left out of their search_path as long as a role may create objects in it that lacks rights of the table's owner \"%s\".",
						   GetUserNameFromId(attachment->owner, false)),
				 errhint("Revoke CREATE on it from such roles and PUBLIC, let a role with these rights own it, or qualify the names.")));
}

void
te_tables_report(Relation relation)
{
	TeAttachment *attachment = te_attachment_find(RelationGetRelid(relation));
	bool		pushed = !ActiveSnapshotSet();
	int64		waiting = 0;

	if (pushed)
		PushActiveSnapshot(GetTransactionSnapshot());
	(void) count_waiting(attachment, te_counts_read(GetActiveSnapshot()), &waiting);
	if (pushed)
		PopActiveSnapshot();
	warn_of_shared(attachment);
	ereport(NOTICE,
			(errmsg("table %s is attached", attachment->name),
			 errdetail("Columns %s\nTriggers, defaults and index expressions of the table run with search_path %s.",
					   describe(attachment), shown_path(attachment)),
			 waiting == 0 ? 0 :
			 errhint_plural(INT64_FORMAT " row waits: %s.", INT64_FORMAT " rows wait: %s.",
							(unsigned long) waiting, waiting, backfill_command(attachment))));
}

/* --- thumbexif_tables */

/* May the current user know of a table?  Its owner may, and who may read it and its schema. */
static bool
may_see(Oid relation)
{
	Oid			schema = get_rel_namespace(relation);
	bool		gone = false;

	if (!OidIsValid(schema))
		return false;
	if (object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK &&
		pg_class_aclcheck_ext(relation, GetUserId(), ACL_SELECT, &gone) == ACLCHECK_OK && !gone)
		return true;
	return !gone && object_ownercheck(RelationRelationId, relation, GetUserId());
}

bool
te_tables_may_count(Oid relation)
{
	return has_privs_of_role(GetUserId(), ROLE_PG_MONITOR) || may_see(relation);
}

/* May the current user see every row of a table?  Not one in a schema that is closed to the user. */
static bool
may_read_all(Oid relation)
{
	Oid			schema = get_rel_namespace(relation);
	bool		gone = false;

	return OidIsValid(schema) &&
		object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK &&
		pg_class_aclcheck_ext(relation, GetUserId(), ACL_SELECT, &gone) == ACLCHECK_OK && !gone &&
		check_enable_rls(relation, InvalidOid, true) != RLS_ENABLED;
}

/* Send the rows of a query, as the extension, into the result of a set-returning function.  Inside SPI. */
static void
put_rows(ReturnSetInfo *result, MemoryContext context, const char *sql)
{
	SPIExecuteOptions options = {.read_only = true};
	TeRunAs		save;

	options.dest = CreateTuplestoreDestReceiver();
	SetTuplestoreDestReceiverParams(options.dest, result->setResult, context, false, NULL, NULL);
	te_run_as_extension(&save);
	if (SPI_execute_extended(sql, &options) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", sql);
	te_run_as_end(&save);
	options.dest->rDestroy(options.dest);
}

Datum
te_tables_put_rows(FunctionCallInfo fcinfo, char *(*query) (const TeAttachment *attachment))
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext context = result->econtext->ecxt_per_query_memory;
	List	   *attachments;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	attachments = te_attachment_all();
	SPI_connect();
	foreach(cell, attachments)
	{
		if (may_read_all(((TeAttachment *) lfirst(cell))->relation))
			put_rows(result, context, query((TeAttachment *) lfirst(cell)));
	}
	SPI_finish();
	return (Datum) 0;
}

/* Parameters and the columns that are mapped to them, as jsonb; several columns of the key are an array. */
static Datum
columns_json(const TeAttachment *attachment)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"%s\": ", TE_STANDARD_KEY);
	for (int i = 0; i < attachment->key.count; i++)
	{
		appendStringInfoString(&json, i > 0 ? ", " : attachment->key.count > 1 ? "[" : "");
		escape_json(&json, attachment->key.name[i]);
	}
	if (attachment->key.count > 1)
		appendStringInfoChar(&json, ']');
	appendStringInfo(&json, ", \"%s\": ", TE_STANDARD_PATH);
	escape_json(&json, attachment->path);
	for (int i = 0; i < TE_COLUMNS; i++)
	{
		if (attachment->column[i] == NULL)
			continue;
		appendStringInfo(&json, ", \"%s\": ", te_columns[i].name);
		escape_json(&json, attachment->column[i]);
	}
	appendStringInfoChar(&json, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/* The parameters to which no column is mapped, as text[]; facts only if the table has such columns. */
static Datum
not_written(const TeAttachment *attachment)
{
	Datum		names[TE_COLUMNS];
	int			count = 0;

	for (int i = 0; i < TE_COLUMNS; i++)
		if (attachment->column[i] == NULL && is_told(attachment, i))
			names[count++] = CStringGetTextDatum(te_columns[i].name);
	return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* Why a table is paused, or NULL.  Inside SPI. */
static char *
pause_reason(const TeAttachment *attachment)
{
	TeArgs		args = {0};
	char	   *reason = NULL;

	te_arg_int4(&args, attachment->number);
	if (te_sql_read(psprintf("SELECT a.pause_reason FROM %s AS a WHERE a.attachment OPERATOR(pg_catalog.=) $1",
							 te_internal_name("thumbexif_attachment")), &args) > 0)
		reason = te_out_text(0, 1);
	te_sql_free();
	return reason;
}

/* The members of a table, as regclass[]. */
static Datum
members(const TeAttachment *attachment)
{
	List	   *list = attachment->has_members ? te_attachment_members(attachment) : NIL;
	Datum	   *relations = palloc(sizeof(Datum) * Max(list_length(list), 1));
	ListCell   *cell;

	foreach(cell, list)
		relations[foreach_current_index(cell)] = ObjectIdGetDatum(((TeAttachment *) lfirst(cell))->relation);
	return PointerGetDatum(construct_array(relations, list_length(list), REGCLASSOID, sizeof(Oid), true, TYPALIGN_INT));
}

static void
put_table(ReturnSetInfo *result, const TeAttachment *attachment, HTAB *counts)
{
	enum
	{
		RELATION, MAPPED, NOT_WRITTEN, WAITING, COMMAND, SEARCH_PATH, PAUSED, PAUSE_REASON, NOTIFY, SIZES, TRACKING, SWEPT, SWEEP_PLACE, MEMBERS, COLUMNS
	};
	Datum		values[COLUMNS] = {0};
	bool		nulls[COLUMNS] = {false};
	char	   *reason = pause_reason(attachment);
	int64		waiting = 0;
	TeSwept		swept;

	values[RELATION] = ObjectIdGetDatum(attachment->relation);
	values[MAPPED] = columns_json(attachment);
	values[NOT_WRITTEN] = not_written(attachment);
	nulls[WAITING] = !count_waiting(attachment, counts, &waiting);
	values[WAITING] = Int64GetDatum(waiting);
	values[COMMAND] = CStringGetTextDatum(backfill_command(attachment));
	nulls[COMMAND] = !nulls[WAITING] && waiting == 0;
	values[SEARCH_PATH] = CStringGetTextDatum(shown_path(attachment));
	values[PAUSED] = BoolGetDatum(attachment->paused);
	nulls[PAUSE_REASON] = reason == NULL;
	if (reason != NULL)
		values[PAUSE_REASON] = CStringGetTextDatum(reason);
	nulls[NOTIFY] = attachment->notify == NULL;
	if (attachment->notify != NULL)
		values[NOTIFY] = CStringGetTextDatum(attachment->notify);
	nulls[SIZES] = attachment->sizes.count == 0;
	values[SIZES] = CStringGetTextDatum(te_sizes_text(&attachment->sizes));
	values[TRACKING] = CStringGetTextDatum(te_tracking_name(attachment->tracking));
	te_swept_read(attachment, &swept);
	nulls[SWEPT] = swept.ended == 0;
	values[SWEPT] = TimestampTzGetDatum(swept.ended);
	nulls[SWEEP_PLACE] = swept.phase == TE_SWEEP_NONE || !swept.has_place;
	if (!nulls[SWEEP_PLACE])
		values[SWEEP_PLACE] = CStringGetTextDatum(te_key_text(attachment->key_type, &swept.place));
	nulls[MEMBERS] = !attachment->has_members;
	values[MEMBERS] = members(attachment);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * thumbexif_table_rows() RETURNS TABLE (relation regclass, columns jsonb, not_written text[], waiting bigint,
 *		command text, search_path text, paused boolean, pause_reason text, notify text, thumbnail_sizes text,
 *		tracking text, swept timestamptz, sweep_place text, members regclass[])
 */
Datum
thumbexif_table_rows(PG_FUNCTION_ARGS)
{
	List	   *attachments;
	ListCell   *cell;
	HTAB	   *counts;

	InitMaterializedSRF(fcinfo, 0);
	attachments = te_attachment_all();
	counts = te_counts_read(GetActiveSnapshot());
	SPI_connect();
	foreach(cell, attachments)
	{
		if (may_see(((TeAttachment *) lfirst(cell))->relation))
			put_table((ReturnSetInfo *) fcinfo->resultinfo, lfirst(cell), counts);
	}
	SPI_finish();
	return (Datum) 0;
}
