/*
 * tables.c
 *		What is known of an attached table: the NOTICE of thumbexif_attach(), and the SQL function behind the view
 *		thumbexif_tables.
 *
 * No code of a table's owner runs here, so that no table can make the view fail or hang: rows are counted by a table
 * scan, and only up to a million.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/base/extension.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/catalog/attachment.h"
#include "pg/compat.h"
#include "attach_check.h"
#include "tables.h"

#define MAX_COUNT	1000000		/* rows that are counted */

PG_FUNCTION_INFO_V1(thumbexif_table_rows);

/* --- rows that wait */

/* Count the rows that a snapshot sees, up to MAX_COUNT.  Row security does not apply: the number is no secret. */
static int64
count_rows(Relation relation)
{
	TableScanDesc scan;
	TupleTableSlot *slot;
	int64		rows = 0;

	if (relation->rd_rel->relkind != RELKIND_RELATION)
		return 0;				/* made a view by a rule */
	scan = table_beginscan(relation, GetActiveSnapshot(), 0, NULL);
	slot = table_slot_create(relation, NULL);
	while (rows < MAX_COUNT && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		rows++;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	return rows;
}

/* The number of rows of a table that are not processed, at most MAX_COUNT.  Inside SPI. */
static int64
count_waiting(Relation relation, const TeAttachment *attachment)
{
	char	   *sql = psprintf("SELECT pg_catalog.count(*) FROM %s AS s WHERE s.attachment OPERATOR(pg_catalog.=) $1"
							   " AND s.status OPERATOR(pg_catalog.=) ANY ('{done,failed,missing,unsupported}')",
							   attachment->state);
	TeArgs		args = {0};
	int64		rows = count_rows(relation);
	int64		settled;

	te_arg_int4(&args, attachment->number);
	te_sql_read(sql, &args);
	settled = te_out_int(0, 1, 0);
	te_sql_free();
	return rows == MAX_COUNT ? rows : Max(rows - settled, 0);
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

/* The DETAIL of the NOTICE. */
static char *
describe(const TeAttachment *attachment)
{
	StringInfoData text;
	StringInfoData written;
	StringInfoData absent;
	StringInfoData refused;

	initStringInfo(&text);
	initStringInfo(&written);
	initStringInfo(&absent);
	initStringInfo(&refused);
	append_column(&text, TE_STANDARD_KEY, attachment->key);
	append_column(&text, TE_STANDARD_PATH, attachment->path);
	for (int i = 0; i < TE_COLUMNS; i++)
	{
		StringInfo	list = attachment->column[i] != NULL ? &written : attachment->refused[i] ? &refused : &absent;

		append_column(list, te_columns[i].name, attachment->column[i]);
	}
	appendStringInfo(&text, " are read; written: %s.", written.len > 0 ? written.data : "none");
	if (absent.len > 0)
		appendStringInfo(&text, "\nNot written, since the table has no such columns: %s.", absent.data);
	if (refused.len > 0)
		appendStringInfo(&text, "\nNot written, as requested: %s.", refused.data);
	return text.data;
}

/* The command that processes what waits. */
static char *
backfill_command(const TeAttachment *attachment)
{
	return psprintf("CALL %s(relation => %s)", te_user_name("thumbexif_backfill"), quote_literal_cstr(attachment->name));
}

/* The search_path as it is kept, without pg_temp at its end.  NULL is that of tables that 1.0 attached. */
static const char *
shown_path(const TeAttachment *attachment)
{
	char	   *shown;

	if (attachment->search_path == NULL)
		return "pg_catalog";
	if (strcmp(attachment->search_path, "pg_temp") == 0)
		return "\"\"";
	shown = pstrdup(attachment->search_path);
	*strrchr(shown, ',') = '\0';
	return shown;
}

/* Let the owner read the view, which shows a role nothing but tables that it may read. */
static void
grant_view(const TeAttachment *attachment)
{
	TeArgs		none = {0};

	if (superuser_arg(attachment->owner))
		return;
	te_sql_as_extension(psprintf("GRANT SELECT ON %s TO %s", te_user_name("thumbexif_tables"),
								 quote_identifier(GetUserNameFromId(attachment->owner, false))), &none);
}

void
te_tables_report(Relation relation)
{
	TeAttachment *attachment = te_attachment_find(RelationGetRelid(relation));
	bool		pushed = !ActiveSnapshotSet();
	int64		waiting;

	grant_view(attachment);
	if (pushed)
		PushActiveSnapshot(GetTransactionSnapshot());
	waiting = count_waiting(relation, attachment);
	if (pushed)
		PopActiveSnapshot();
	ereport(NOTICE,
			(errmsg("table %s is attached", attachment->name),
			 errdetail("Columns %s\nTriggers, defaults and index expressions of the table run with search_path %s.",
					   describe(attachment), shown_path(attachment)),
			 waiting == 0 ? 0 :
			 waiting == MAX_COUNT ? errhint("More than %d rows wait: %s.", MAX_COUNT - 1, backfill_command(attachment)) :
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

/* Parameters and the columns that are mapped to them, as jsonb. */
static Datum
columns_json(const TeAttachment *attachment)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"%s\": ", TE_STANDARD_KEY);
	escape_json(&json, attachment->key);
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

/* The parameters to which no column is mapped, as text[]. */
static Datum
not_written(const TeAttachment *attachment)
{
	Datum		names[TE_COLUMNS];
	int			count = 0;

	for (int i = 0; i < TE_COLUMNS; i++)
		if (attachment->column[i] == NULL)
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

/* The rows that wait; false while the table is locked, or if it was dropped. */
static bool
try_count_waiting(const TeAttachment *attachment, int64 *waiting)
{
	Relation	relation;

	if (!ConditionalLockRelationOid(attachment->relation, AccessShareLock))
		return false;
	relation = try_relation_open(attachment->relation, NoLock);
	if (relation == NULL)
	{
		UnlockRelationOid(attachment->relation, AccessShareLock);
		return false;
	}
	*waiting = count_waiting(relation, attachment);
	relation_close(relation, AccessShareLock);
	return true;
}

static void
put_table(ReturnSetInfo *result, const TeAttachment *attachment)
{
	enum
	{
		RELATION, MAPPED, NOT_WRITTEN, WAITING, COMMAND, SEARCH_PATH, PAUSED, PAUSE_REASON, COLUMNS
	};
	Datum		values[COLUMNS] = {0};
	bool		nulls[COLUMNS] = {false};
	char	   *reason = pause_reason(attachment);
	int64		waiting = 0;

	values[RELATION] = ObjectIdGetDatum(attachment->relation);
	values[MAPPED] = columns_json(attachment);
	values[NOT_WRITTEN] = not_written(attachment);
	nulls[WAITING] = !try_count_waiting(attachment, &waiting);
	values[WAITING] = Int64GetDatum(waiting);
	values[COMMAND] = CStringGetTextDatum(backfill_command(attachment));
	nulls[COMMAND] = !nulls[WAITING] && waiting == 0;
	values[SEARCH_PATH] = CStringGetTextDatum(shown_path(attachment));
	values[PAUSED] = BoolGetDatum(attachment->paused);
	nulls[PAUSE_REASON] = reason == NULL;
	if (reason != NULL)
		values[PAUSE_REASON] = CStringGetTextDatum(reason);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * thumbexif_table_rows() RETURNS TABLE (relation regclass, columns jsonb, not_written text[], waiting bigint,
 *		command text, search_path text, paused boolean, pause_reason text)
 */
Datum
thumbexif_table_rows(PG_FUNCTION_ARGS)
{
	List	   *attachments;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	attachments = te_attachment_all();
	SPI_connect();
	foreach(cell, attachments)
	{
		if (may_see(((TeAttachment *) lfirst(cell))->relation))
			put_table((ReturnSetInfo *) fcinfo->resultinfo, lfirst(cell));
	}
	SPI_finish();
	return (Datum) 0;
}
