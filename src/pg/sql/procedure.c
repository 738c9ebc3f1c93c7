/*
 * procedure.c
 *		What the procedures that commit have in common.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/rls.h"

#include "pg/base/code_rights.h"
#include "pg/files/thumbnail_store.h"
#include "pg/pipeline/staleness.h"
#include "procedure.h"

void
te_procedure_check(FunctionCallInfo fcinfo, const char *name)
{
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		((CallContext *) fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("%s cannot run inside a transaction block", name),
				 errdetail("It commits after each batch."),
				 errhint("CALL it by itself: not after BEGIN, not from a function, not with other statements in one string.")));
}

TeAttachment *
te_table_access(Oid relation, int parts, bool dry_run)
{
	TeAttachment *attachment;

	if (!dry_run)
		PreventCommandIfReadOnly("CALL");
	attachment = te_attachment_get(relation);
	te_attachment_check_owner(attachment);
	if (check_enable_rls(attachment->relation, attachment->owner, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("row security of table %s is forced on its owner", attachment->name),
				 errdetail("thumbexif reads and writes the table as its owner and would not see all rows."),
				 errhint("ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, or let its owner bypass row security.", attachment->name)));
	te_code_rights_check_table(attachment->relation, attachment->owner);
	if (!dry_run && (parts & te_parts_kept(attachment) & TE_PART_THUMBNAIL))
		te_thumbnail_check();
	return attachment;
}

void
te_procedure_not_null(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("parameter \"%s\" must not be NULL", name),
				 errhint("Leave the parameter out to get its default.")));
}

void
te_procedure_written(void *progress, const TeJob *job)
{
	te_progress_add(progress, job);
}

void
te_procedure_batch(void *progress)
{
	te_progress_line(progress, false);
}
