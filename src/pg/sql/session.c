/*
 * session.c
 *		SQL procedure thumbexif_process_session(), which processes the assets of one session.
 *
 * The user's table of jobs (session_id, asset_id) lists the assets.  It may belong to
 * another role than the attached table.  The caller must have the right to read it, but it is
 * read as its owner in a security-restricted operation, so that code that its owner has
 * attached to it does not run with the caller's rights.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/syscache.h"
#include "utils/uuid.h"
#include "utils/varlena.h"

#include "asset_place.h"
#include "cluster.h"
#include "pg/base/statement.h"
#include "pg/compat.h"
#include "pg/files/root_check.h"
#include "pg/pipeline/pipeline.h"
#include "pg/pipeline/table_access.h"
#include "pg/shared/activity.h"
#include "procedure.h"
#include "session_cluster.h"

#define LINE_ASSETS 100			/* assets per progress line */

typedef struct Session
{
	TeProgress	progress;		/* must be first: see procedure.h */
	TeKey	   *keys;			/* sorted, without duplicates */
	int			count;
	int			next;			/* index of the next key to process */
	int			end;			/* of those in the table that is processed */
} Session;

typedef struct Jobs
{
	Oid			relation;
	Oid			owner;
	char	   *name;			/* qualified and quoted */
	Oid			session_type;
	Oid			asset_type;
} Jobs;

/* The type of a column of the table of jobs.  ERROR if it does not exist or has an unsuitable type. */
static Oid
get_column_type(const Jobs *jobs, const char *column)
{
	TeColumnInfo info;

	if (!te_column_find(jobs->relation, column, &info))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table %s has no column \"%s\"", jobs->name, column),
				 errhint("The table of jobs needs the columns session_id and asset_id.")));
	switch (info.type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case UUIDOID:
		case TEXTOID:
		case VARCHAROID:
			return info.type;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of table %s is of type %s", column, jobs->name,
							format_type_be(info.type)),
					 errhint("Its type must be smallint, integer, bigint, uuid, text or varchar.")));
	}
}

/* ERROR unless the caller may read the two columns in all rows. */
static void
check_readable(const Jobs *jobs)
{
	Oid			user = GetUserId();
	const char *columns[] = {"session_id", "asset_id"};

	for (int i = 0; i < (int) lengthof(columns); i++)
	{
		if (pg_class_aclcheck(jobs->relation, user, ACL_SELECT) != ACLCHECK_OK &&
			pg_attribute_aclcheck(jobs->relation, get_attnum(jobs->relation, columns[i]),
								  user, ACL_SELECT) != ACLCHECK_OK)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("permission denied for table %s", jobs->name),
					 errhint("Grant SELECT on its columns session_id and asset_id.")));
	}
	if (check_enable_rls(jobs->relation, user, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row security applies to the current user on table %s", jobs->name),
				 errhint("Call the procedure as a role that may see all rows of the table.")));
}

/* Find and check the table of jobs. */
static void
find_jobs(const char *name, Jobs *jobs)
{
	List	   *names = textToQualifiedNameList(cstring_to_text(name));
	HeapTuple	tuple;
	Form_pg_class form;

	jobs->relation = RangeVarGetRelid(makeRangeVarFromNameList(names), AccessShareLock, true);
	if (!OidIsValid(jobs->relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table of jobs \"%s\" does not exist", NameListToString(names)),
				 errhint("Name the table with the columns session_id and asset_id in the parameter \"jobs\".")));
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(jobs->relation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", jobs->relation);
	form = (Form_pg_class) GETSTRUCT(tuple);
	jobs->owner = form->relowner;
	jobs->name = quote_qualified_identifier(get_namespace_name(form->relnamespace), NameStr(form->relname));
	if (form->relkind != RELKIND_RELATION && form->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is not a table", jobs->name),
				 errhint("Views and foreign tables cannot hold the jobs.")));
	ReleaseSysCache(tuple);
	jobs->session_type = get_column_type(jobs, "session_id");
	jobs->asset_type = get_column_type(jobs, "asset_id");
	check_readable(jobs);
}

/* Add the session's id as a parameter of the column's type. */
static void
add_session_argument(const Jobs *jobs, Oid type, Datum value, TeArgs *args)
{
	ErrorSaveContext failure = {.type = T_ErrorSaveContext};
	Oid			column_type = jobs->session_type;
	PGFunction	input;
	char	   *given;
	Datum		result;

	if (type == INT8OID)
		given = psprintf(INT64_FORMAT, DatumGetInt64(value));
	else if (type == UUIDOID)
		given = DatumGetCString(DirectFunctionCall1(uuid_out, value));
	else
		given = TextDatumGetCString(value);

	if (column_type == TEXTOID || column_type == VARCHAROID)
	{
		te_arg_text(args, given);
		return;
	}
	input = column_type == UUIDOID ? uuid_in : int8in;
	if (!DirectInputFunctionCallSafe(input, given, InvalidOid, -1, (Node *) &failure, &result))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid session \"%s\"", given),
				 errhint("Column \"session_id\" of table %s is of type %s.", jobs->name,
						 format_type_be(column_type))));
	te_arg(args, column_type == UUIDOID ? UUIDOID : INT8OID, result);
}

static int
compare_keys(const void *a, const void *b, void *type)
{
	return te_key_compare(*(const Oid *) type, a, b);
}

/* Read the session's assets.  The keys are read as text, since the column's type may have changed since it was checked. */
static void
read_assets(const TeAttachment *attachment, const Jobs *jobs, const TeArgs *args, Session *session)
{
	Oid			type = attachment->key_type;
	uint64		rows;

	rows = te_sql_as_owner(jobs->relation, jobs->owner, NULL,
						   psprintf("SELECT DISTINCT pg_catalog.left(CAST(asset_id AS pg_catalog.text), 1000) FROM %s"
									" WHERE session_id OPERATOR(pg_catalog.=) $1 AND asset_id IS NOT NULL", jobs->name), args);
	session->keys = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(TeKey) * Max(rows, 1));
	for (uint64 row = 0; row < rows; row++)
	{
		TeKey	   *key = &session->keys[session->count];

		if (te_key_from_argument(attachment, TEXTOID, te_out((int) row, 1), key))
			session->count++;
		else
		{
			te_progress_absent(te_key_text(te_key_state_type(type), key));
			te_progress_count(&session->progress, TE_OUTCOME_FAILED);
		}
	}
	te_sql_free();

	/* different texts may be the same key */
	qsort_arg(session->keys, session->count, sizeof(TeKey), compare_keys, &type);
	if (session->count > 1)
	{
		int			last = 0;

		for (int i = 1; i < session->count; i++)
			if (te_key_compare(type, &session->keys[i], &session->keys[last]) != 0)
				session->keys[++last] = session->keys[i];
		session->count = last + 1;
	}
	session->progress.total = session->count + session->progress.all.processed;
}

/* TePipelineOptions.next */
static int
next_assets(void *arg, TeKey *keys, int max_keys)
{
	Session    *session = arg;
	int			count = Min(max_keys, session->end - session->next);

	if (count == 0)
		return -1;
	memcpy(keys, session->keys + session->next, sizeof(TeKey) * count);
	session->next += count;
	return count;
}

/* Count an asset that was not claimed, unless another process works on it. */
static void
count_skipped(void *arg, const TeAsset *asset, TeClaimResult reason)
{
	TeProgress *progress = arg;

	if (reason == TE_CLAIM_GONE)
	{
		te_progress_absent(te_key_text(asset->attachment->key_type, &asset->key));
		te_progress_count(progress, TE_OUTCOME_FAILED);
	}
	else if (reason == TE_CLAIM_NOT_NEEDED)
		te_progress_not_needed(progress, asset);
	te_progress_line(progress, false);
}

/* --- tables with members */

static void
run(Session *session, TePipelineOptions *pipeline, TeAttachment *attachment, int end)
{
	session->end = end;
	pipeline->attachment = attachment;
	te_pipeline_run(pipeline);
}

/* Process the assets in the members that have them, one after the other; the first one also reports those without a row. */
static void
run_members(Session *session, TePipelineOptions *pipeline, const TeAttachment *parent)
{
	List	   *members = te_attachment_members(parent);
	int			count;
	TePlace    *places = te_asset_places(parent, session->keys, session->count, &count);

	session->keys = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(TeKey) * Max(count, 1));
	for (int i = 0; i < count; i++)
		session->keys[i] = places[i].key;
	for (int i = 0, end = 0; i < count && members != NIL; i = end)
	{
		Oid			relation = OidIsValid(places[i].relation) ? places[i].relation : ((TeAttachment *) linitial(members))->relation;

		while (end < count && places[end].relation == places[i].relation)
			end++;
		session->next = i;
		run(session, pipeline, te_table_access(relation, TE_PART_ALL, false), end);
	}
}

static void
process_session(FunctionCallInfo fcinfo, Oid type, Session *session)
{
	TeArgs		args = {0};
	Jobs		jobs;
	TeAttachment *attachment;
	TePipelineOptions pipeline = {
		.parts = TE_PART_ALL,
		.batch_size = 1,
		.claim_size = 2 * te_pool_capacity(false),
		.max_assets = PG_INT64_MAX,
		.next = next_assets,
		.skipped = count_skipped,
		.written = te_procedure_written,
		.batch = te_procedure_batch,
		.commit = te_pipeline_spi_commit,
		.arg = session,
	};

	attachment = te_table_access(PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1), TE_PART_ALL, false);
	pipeline.attachment = session->progress.attachment = attachment;
	session->progress.procedure = "thumbexif_process_session";
	session->progress.line = LINE_ASSETS;

	find_jobs(text_to_cstring(PG_GETARG_TEXT_PP(2)), &jobs);
	add_session_argument(&jobs, type, PG_GETARG_DATUM(0), &args);
	read_assets(attachment, &jobs, &args, session);

	te_root_begin();
	if (te_cluster_is_led_here(attachment))
		te_session_cluster(&session->progress, session->keys, session->count);
	else if (session->count > 0)
	{
		te_activity_begin(TE_ACTIVITY_SESSION, attachment->relation, session->count);
		if (attachment->has_members)
			run_members(session, &pipeline, attachment);
		else
			run(session, &pipeline, attachment, session->count);
		te_activity_end();
	}
	te_root_end();
	te_progress_done(&session->progress);
}

static Datum
process_session_as(FunctionCallInfo fcinfo, Oid type)
{
	Session		session = {{0}};

	te_procedure_check(fcinfo, "thumbexif_process_session()");
	te_procedure_not_null(fcinfo, 0, "session_id");
	te_procedure_not_null(fcinfo, 2, "jobs");
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	process_session(fcinfo, type, &session);
	SPI_finish();
	PG_RETURN_DATUM(te_progress_row(&session.progress, fcinfo));
}

/* One function for each type of the session's id: see queue.c. */
PG_FUNCTION_INFO_V1(thumbexif_process_session_bigint);

Datum
thumbexif_process_session_bigint(PG_FUNCTION_ARGS)
{
	return process_session_as(fcinfo, INT8OID);
}

PG_FUNCTION_INFO_V1(thumbexif_process_session_uuid);

Datum
thumbexif_process_session_uuid(PG_FUNCTION_ARGS)
{
	return process_session_as(fcinfo, UUIDOID);
}

PG_FUNCTION_INFO_V1(thumbexif_process_session_text);

Datum
thumbexif_process_session_text(PG_FUNCTION_ARGS)
{
	return process_session_as(fcinfo, TEXTOID);
}
