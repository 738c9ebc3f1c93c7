/*
 * sql_queue.c
 *		SQL: thumbexif_enqueue() and thumbexif_retry(), the queue by hand.
 *
 * Both put an asset back as if it were new.  One that is being worked on is taken from whoever does:
 * its result may be that of a file that has changed since, so it is dropped and the work done again.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "attachment.h"
#include "compat.h"
#include "extension.h"
#include "key.h"
#include "state.h"
#include "statement.h"
#include "wake.h"

/*
 * A function of its own for each type of key: the type is what the function was declared with, and not what
 * the caller's expression says, which need not be the same where the call is an aggregate's.
 */
PG_FUNCTION_INFO_V1(thumbexif_enqueue_bigint);
PG_FUNCTION_INFO_V1(thumbexif_enqueue_uuid);
PG_FUNCTION_INFO_V1(thumbexif_enqueue_text);
PG_FUNCTION_INFO_V1(thumbexif_retry_bigint);
PG_FUNCTION_INFO_V1(thumbexif_retry_uuid);
PG_FUNCTION_INFO_V1(thumbexif_retry_text);
PG_FUNCTION_INFO_V1(thumbexif_retry_status);

/* Which states there is something to retry in. */
#define RETRIABLE "(s.status IN ('failed', 'missing', 'unsupported') OR s.status = 'queued' AND s.attempts > 0)"

/* The attached table of an argument, which is the caller's to queue. */
static TeAttachment *
own_attachment(FunctionCallInfo fcinfo, int argument)
{
	TeAttachment *attachment = te_attachment_get(PG_ARGISNULL(argument) ? InvalidOid : PG_GETARG_OID(argument));

	te_attachment_check_owner(attachment);
	return attachment;
}

/* The key in the first argument, which is bigint, uuid or text.  Its row is there, and stays until the transaction ends.  Inside SPI. */
static TeKey
lock_row(FunctionCallInfo fcinfo, const TeAttachment *attachment, Oid type)
{
	TeArgs		args = {0};
	TeKey		key;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the id of an asset must not be NULL"),
				 errhint("Give the key of a row of table %s.", attachment->name)));
	if (te_key_from_argument(attachment, type, PG_GETARG_DATUM(0), &key))
	{
		char	   *sql = psprintf("SELECT FROM ONLY %s WHERE %s = $1 FOR KEY SHARE",
								   attachment->name, quote_identifier(attachment->key));

		te_arg(&args, attachment->key_type, te_key_datum(attachment->key_type, &key));
		if (te_sql_as_owner(attachment->relation, attachment->owner, sql, &args) == 1)
			return key;
	}
	te_key_unknown(attachment, te_key_text(attachment->key_type, &key));
}

/* The arguments of the statements below: $1 attachment, $2 a new version, $3 the key. */
static void
key_arguments(const TeAttachment *attachment, const TeKey *key, TeArgs *args)
{
	Oid			type = te_key_state_type(attachment->key_type);

	te_arg_int4(args, attachment->number);
	te_arg_int8(args, te_new_version());
	te_arg(args, type, te_key_datum(type, key));
}

/* thumbexif_enqueue(id, relation regclass) RETURNS void */
static Datum
enqueue(FunctionCallInfo fcinfo, Oid type)
{
	TeAttachment *attachment = own_attachment(fcinfo, 1);
	TeArgs		args = {0};
	TeKey		key;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	key = lock_row(fcinfo, attachment, type);
	key_arguments(attachment, &key, &args);
	te_sql_as_extension(psprintf("INSERT INTO %s AS s (attachment, id, status, version, next_try) "
								 "VALUES ($1, $3, 'queued', $2, now()) "
								 "ON CONFLICT (attachment, id) DO UPDATE SET " TE_REQUEUE("$2"),
								 attachment->state), &args);
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

/* thumbexif_retry(id, relation regclass) RETURNS boolean: was there anything to retry? */
static Datum
retry(FunctionCallInfo fcinfo, Oid type)
{
	TeAttachment *attachment = own_attachment(fcinfo, 1);
	TeArgs		args = {0};
	TeKey		key;
	uint64		count;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	key = lock_row(fcinfo, attachment, type);
	key_arguments(attachment, &key, &args);
	count = te_sql_as_extension(psprintf("UPDATE %s s SET " TE_REQUEUE("$2")
										 " WHERE s.attachment = $1 AND s.id = $3 AND " RETRIABLE,
										 attachment->state), &args);
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

/* The name of a status that may be asked for. */
static char *
retriable_status(Datum status)
{
	static const char *const good[] = {"failed", "missing", "unsupported", "queued"};
	char	   *name = DatumGetCString(DirectFunctionCall1(enum_out, status));

	for (size_t i = 0; i < lengthof(good); i++)
		if (strcmp(name, good[i]) == 0)
			return name;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("assets with status \"%s\" cannot be retried", name),
			 errhint("Those can that are failed, missing, unsupported, or queued for another try. thumbexif_enqueue() queues any asset.")));
}

/* thumbexif_retry(status thumbexif_asset_status, relation regclass) RETURNS bigint: how many */
Datum
thumbexif_retry_status(PG_FUNCTION_ARGS)
{
	TeAttachment *attachment = own_attachment(fcinfo, 1);
	TeArgs		args = {0};
	uint64		count;

	te_arg_int4(&args, attachment->number);
	te_arg_int8(&args, te_new_version());
	if (!PG_ARGISNULL(0))
		te_arg_text(&args, retriable_status(PG_GETARG_DATUM(0)));

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	count = te_sql_as_extension(psprintf("UPDATE %s s SET " TE_REQUEUE("$2")
										 " WHERE s.attachment = $1 AND " RETRIABLE "%s",
										 attachment->state,
										 PG_ARGISNULL(0) ? "" : psprintf(" AND s.status = $3::%s", te_our("thumbexif_asset_status"))),
								&args);
	SPI_finish();
	te_wake_at_commit();
	PG_RETURN_INT64(count);
}
