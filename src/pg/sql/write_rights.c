/*
 * write_rights.c
 *		May the caller update an asset's row?  Rights on the table that was named count.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

#include "pg/compat.h"
#include "write_rights.h"

static void
throw_denied(const TeAttachment *attachment)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for table %s", get_rel_name(attachment->named)),
			 errhint("Grant SELECT and UPDATE: thumbexif_process() needs the caller's rights on the row.")));
}

void
te_write_rights_check(const TeAttachment *attachment)
{
	if (pg_class_aclcheck(attachment->named, GetUserId(), ACL_UPDATE) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(attachment->named, GetUserId(), ACL_UPDATE, ACLMASK_ANY) != ACLCHECK_OK)
		throw_denied(attachment);
}

void
te_write_rights_check_columns(const TeAttachment *attachment, const TeRowUpdate *update)
{
	if (pg_class_aclcheck(attachment->named, GetUserId(), ACL_UPDATE) == ACLCHECK_OK)
		return;
	for (int i = 0; i < TE_COLUMNS; i++)
		if (update->set[i] &&
			pg_attribute_aclcheck(attachment->named, get_attnum(attachment->named, attachment->column[i]),
								  GetUserId(), ACL_UPDATE) != ACLCHECK_OK)
			throw_denied(attachment);
	if (update->clear_former &&
		pg_attribute_aclcheck(attachment->named, get_attnum(attachment->named, attachment->former_thumbnail),
							  GetUserId(), ACL_UPDATE) != ACLCHECK_OK)
		throw_denied(attachment);
}
