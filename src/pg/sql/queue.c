/*
 * queue.c
 *		SQL functions that control the queue: thumbexif_enqueue(), thumbexif_retry(),
 *		thumbexif_retry_all(), thumbexif_pause() and thumbexif_resume().
 *
 * enqueue and retry put an asset into the queue as if it were new.  If a process works on the asset,
 * its result is dropped and the work is done again, since the file may have changed in the meantime.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "asset_reading.h"
#include "cluster.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/asset_state.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/key.h"
#include "pg/catalog/key_sql.h"
#include "pg/catalog/member.h"
#include "pg/compat.h"
#include "pg/shared/wakeup.h"

/*
 * Each key type has a C function of its own.  The type is that of the SQL function's declaration: the type of the
 * caller's expression, which fn_expr tells, may differ if the function is called as part of an aggregate.
 */
PG_FUNCTION_INFO_V1(thumbexif_enqueue_bigint);
PG_FUNCTION_INFO_V1(thumbexif_enqueue_uuid);
PG_FUNCTION_INFO_V1(thumbexif_enqueue_text);
PG_FUNCTION_INFO_V1(thumbexif_retry_bigint);
PG_FUNCTION_INFO_V1(thumbexif_retry_uuid);
PG_FUNCTION_INFO_V1(thumbexif_retry_text);
PG_FUNCTION_INFO_V1(thumbexif_retry_status);
PG_FUNCTION_INFO_V1(thumbexif_retry_all_text);

/* The states of assets that can be retried. */
#define RETRIABLE "(s.status IN ('failed', 'missing', 'unsupported') OR s.status = 'queued' AND s.attempts > 0)"

static bool
owns(const TeAttachment *attachment)
{
	return object_ownercheck(RelationRelationId, attachment->named, GetUserId());
}

/*
 * The attachment that an argument names.  ERROR unless the caller may update the table, or one of its columns, and with
 * "all_rows" if row security might hide rows from the caller.
 */
static TeAttachment *
get_updatable_attachment(FunctionCallInfo fcinfo, int argument, bool all_rows)
{
	TeAttachment *attachment = te_attachment_get(PG_ARGISNULL(argument) ? InvalidOid : PG_GETARG_OID(argument));

	if (owns(attachment))
		return attachment;
	if (pg_class_aclcheck(attachment->named, GetUserId(), ACL_UPDATE) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(attachment->named, GetUserId(), ACL_UPDATE, ACLMASK_ANY) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table %s", get_rel_name(attachment->named)),
				 errhint("Grant SELECT and UPDATE, for example by thumbexif_grant(role, relation, 'process').")));
	if (all_rows && check_enable_rls(attachment->named, InvalidOid, true) == RLS_ENABLED)
		te_attachment_check_owner(attachment);
	return attachment;
}

/* The row of a key in the first argument is locked.  NULL if there is none.  Inside SPI. */
static TeAttachment *
lock_key(TeAttachment *attachment, const TeKey *key)
{
	TeAttachment *table = te_asset_table(attachment, key, TE_STATE_READ);
	bool		owner = owns(attachment);
	TeArgs		args = {0};
	char	   *sql;

	if (table == NULL)
		return NULL;
	sql = psprintf("SELECT FROM %s AS t WHERE %s%s FOR KEY SHARE", owner ? table->rows : table->user_rows,
				   te_key_equals_sql(&table->key, "t.", "$1"), owner ? table->rows_and : table->user_rows_and);
	te_arg(&args, table->key_type, te_key_datum(table->key_type, key));
	return (owner ? te_sql_as_owner(table->relation, table->owner, table->search_path, sql, &args) :
			te_sql_as_caller(table->named, NULL, sql, &args)) == 1 ? table : NULL;
}

/*
 * Read the key in the first argument, and lock its row against deletion until the transaction ends.  The caller must see
 * the row, unless it has the rights of the table's owner.  Returns the table that has the row.  Inside SPI.
 */
static TeAttachment *
lock_row(FunctionCallInfo fcinfo, TeAttachment *attachment, Oid type, TeKey *key)
{
	TeAttachment *table = NULL;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the id of an asset must not be NULL"),
				 errhint("Pass the key of a row of table %s.", attachment->name)));
	if (te_key_from_argument(attachment, type, PG_GETARG_DATUM(0), key))
		table = lock_key(attachment, key);
	if (table == NULL)
		te_key_unknown(attachment, te_key_text(te_key_state_type(attachment->key_type), key));
	return table;
}

/* The arguments of the statements below: $1 attachment, $2 a new version, $3 the key. */
static void
key_arguments(const TeAttachment *attachment, const TeKey *key, TeArgs *args)
{
	Oid			type = te_key_state_type(attachment->key_type);

	te_arg_int4(args, attachment->number);
	te_arg_int8(args, te_asset_state_new_version());
	te_arg(args, type, te_key_datum(type, key));
}

/* thumbexif_enqueue(id, relation regclass) RETURNS void */
static Datum
enqueue(FunctionCallInfo fcinfo, Oid type)
{
	TeAttachment *attachment;
	TeArgs		args = {0};
	TeKey		key;
	char	   *answer;

	PreventCommandIfReadOnly("thumbexif_enqueue()");
	attachment = get_updatable_attachment(fcinfo, 1, false);
	SPI_connect();
	if (!te_cluster_call_on_row(fcinfo, type, attachment, "thumbexif_enqueue", &answer))
	{
		attachment = lock_row(fcinfo, attachment, type, &key);
		key_arguments(attachment, &key, &args);
		te_sql_as_extension(te_asset_state_queue_sql(attachment->state, "VALUES ($3)"), &args);
	}
	SPI_finish();
	te_wake_at_commit();
	PG_RETURN_VOID();
}

Datum
thumbexif_enqueue_bigint(PG_FUNCTION_ARGS)
{
	return enqueue(fcinfo, INT8OID);
}

Datum
thumbexif_enqueue_uuid(PG_FUNCTION_ARGS)
{
	return enqueue(fcinfo, UUIDOID);
}

Datum
thumbexif_enqueue_text(PG_FUNCTION_ARGS)
{
	return enqueue(fcinfo, TEXTOID);
}

/* Is this the name of a status of which assets can be retried? */
static bool
is_retriable(const char *status)
{
	static const char *const retriable[] = {"failed", "missing", "unsupported", "queued"};

	for (size_t i = 0; i < lengthof(retriable); i++)
		if (strcmp(status, retriable[i]) == 0)
			return true;
	return false;
}

/* ERROR if the id given to thumbexif_retry(text) is the name of a status, and no key. */
static void
check_id_is_no_status(FunctionCallInfo fcinfo, const TeAttachment *attachment, Oid type)
{
	char	   *id;

	if (type != TEXTOID || attachment->key_type == TEXTOID || PG_ARGISNULL(0))
		return;
	id = text_to_cstring(PG_GETARG_TEXT_PP(0));
	if (is_retriable(id))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid key \"%s\"", id),
				 errhint("thumbexif_retry() takes the id of an asset; thumbexif_retry_all('%s') retries all of that status.", id)));
}

/* Queue again the assets that can be retried and meet a condition.  Returns how many.  Inside SPI. */
static uint64
requeue_failed(const TeAttachment *attachment, const char *condition, const TeArgs *args)
{
	return te_sql_as_extension(psprintf("UPDATE %s AS s SET " TE_STATE_REQUEUE
										" WHERE s.attachment = $1 AND " RETRIABLE "%s",
										attachment->state, condition), args);
}

/* thumbexif_retry(id, relation regclass) RETURNS boolean: was there anything to retry? */
static Datum
retry(FunctionCallInfo fcinfo, Oid type)
{
	TeAttachment *attachment;
	TeArgs		args = {0};
	TeKey		key;
	uint64		count;
	char	   *answer;

	PreventCommandIfReadOnly("thumbexif_retry()");
	attachment = get_updatable_attachment(fcinfo, 1, false);
	check_id_is_no_status(fcinfo, attachment, type);
	SPI_connect();
	if (te_cluster_call_on_row(fcinfo, type, attachment, "thumbexif_retry", &answer))
		count = strcmp(answer, "t") == 0;
	else
	{
		attachment = lock_row(fcinfo, attachment, type, &key);
		key_arguments(attachment, &key, &args);
		count = requeue_failed(attachment, " AND s.id = $3", &args);
	}
	SPI_finish();
	te_wake_at_commit();
	PG_RETURN_BOOL(count > 0);
}

Datum
thumbexif_retry_bigint(PG_FUNCTION_ARGS)
{
	return retry(fcinfo, INT8OID);
}

Datum
thumbexif_retry_uuid(PG_FUNCTION_ARGS)
{
	return retry(fcinfo, UUIDOID);
}

Datum
thumbexif_retry_text(PG_FUNCTION_ARGS)
{
	return retry(fcinfo, TEXTOID);
}

/* Retry all assets of a status, or of all statuses (NULL) of which assets can be retried.  Returns their number. */
static int64
retry_all(const char *status, TeAttachment *attachment)
{
	uint64		count = 0;
	ListCell   *cell;

	if (status != NULL && !is_retriable(status))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("assets with status \"%s\" cannot be retried", status),
				 errhint("Only failed, missing and unsupported assets, and those queued for another try, can be retried. thumbexif_enqueue() queues any asset.")));
	SPI_connect();
	foreach(cell, te_member_tables(attachment))
	{
		const TeAttachment *table = lfirst(cell);
		TeArgs		args = {0};

		te_arg_int4(&args, table->number);
		te_arg_int8(&args, te_asset_state_new_version());
		if (status != NULL)
			te_arg_text(&args, status);
		count += requeue_failed(table, status == NULL ? "" : " AND s.status::pg_catalog.text OPERATOR(pg_catalog.=) $3", &args);
	}
	count += (uint64) te_cluster_call_on_all(attachment, "thumbexif_retry_all",
											 status != NULL ? psprintf("%s::pg_catalog.text", quote_literal_cstr(status)) : "NULL::pg_catalog.text");
	SPI_finish();
	te_wake_at_commit();
	return (int64) count;
}

/* thumbexif_retry(status thumbexif_asset_status, relation regclass) RETURNS bigint: how many */
Datum
thumbexif_retry_status(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("thumbexif_retry()");
	PG_RETURN_INT64(retry_all(PG_ARGISNULL(0) ? NULL :
							  DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(0))),
							  get_updatable_attachment(fcinfo, 1, true)));
}

/* thumbexif_retry_all(status text, relation regclass) RETURNS bigint: how many */
Datum
thumbexif_retry_all_text(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("thumbexif_retry_all()");
	PG_RETURN_INT64(retry_all(PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0)),
							  get_updatable_attachment(fcinfo, 1, true)));
}

/* --- pause and resume */

/* Pause or resume one table, or all (InvalidOid).  A member that the worker has paused resumes with its table.  Returns the number of attachments that were changed. */
static int64
set_paused(Oid relation, bool paused)
{
	List	   *attachments = te_attachment_all();
	char	   *statement = psprintf("UPDATE %s SET paused = $2 AND parent IS NULL, pause_reason = NULL "
									 "WHERE (attachment = $1 OR parent = $1) AND (paused <> ($2 AND parent IS NULL) OR pause_reason IS NOT NULL)",
									 te_internal_name("thumbexif_attachment"));
	int64		changed = 0;
	bool		found = false;
	ListCell   *cell;

	SPI_connect();
	foreach(cell, attachments)
	{
		TeAttachment *attachment = lfirst(cell);
		TeArgs		args = {0};

		if (OidIsValid(relation) && attachment->relation != relation)
			continue;
		found = true;

		te_attachment_check_owner(attachment);
		te_arg_int4(&args, attachment->number);
		te_arg(&args, BOOLOID, BoolGetDatum(paused));
		changed += te_sql_as_extension(statement, &args);
		(void) te_cluster_call_on_all(attachment, paused ? "thumbexif_pause" : "thumbexif_resume", NULL);
	}
	SPI_finish();

	if (OidIsValid(relation) && !found)
		te_member_refuse(te_attachment_get(relation));	/* one of both raises the ERROR */
	return changed;
}

PG_FUNCTION_INFO_V1(thumbexif_pause);

Datum
thumbexif_pause(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("thumbexif_pause()");
	PG_RETURN_INT64(set_paused(PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0), true));
}

PG_FUNCTION_INFO_V1(thumbexif_resume);

Datum
thumbexif_resume(PG_FUNCTION_ARGS)
{
	int64		changed;

	PreventCommandIfReadOnly("thumbexif_resume()");
	changed = set_paused(PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0), false);
	/* wake the worker also if nothing was paused: the caller wants the work to go on now */
	te_wake_at_commit();
	PG_RETURN_INT64(changed);
}
