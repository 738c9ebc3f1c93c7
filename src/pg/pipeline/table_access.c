/*
 * table_access.c
 *		Checks that the caller may process the assets of a table, and that the settings allow it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/rls.h"

#include "pg/base/code_rights.h"
#include "pg/files/thumbnail_store.h"
#include "staleness.h"
#include "table_access.h"

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
	te_code_rights_check_table(attachment->relation, CMD_UPDATE, attachment->owner);
	if (!dry_run && (parts & TE_PART_THUMBNAIL) && te_attachment_stores_files(attachment))
		te_thumbnail_check();
	return attachment;
}
