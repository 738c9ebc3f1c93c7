/*
 * attachment_facts.c
 *		What an attachment that was read tells about its table.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "attachment.h"
#include "pg/base/extension.h"
#include "pg/compat.h"

bool
te_attachment_has_thumbnail(const TeAttachment *attachment)
{
	return attachment->column[TE_COL_THUMBNAIL_PATH] != NULL || te_attachment_stores_bytes(attachment);
}

bool
te_attachment_stores_bytes(const TeAttachment *attachment)
{
	return attachment->column[TE_COL_THUMBNAIL] != NULL;
}

bool
te_attachment_stores_files(const TeAttachment *attachment)
{
	return attachment->column[TE_COL_THUMBNAIL_PATH] != NULL && !te_attachment_stores_bytes(attachment);
}

bool
te_attachment_shares_folder(const TeAttachment *attachment)
{
	return attachment->parent != 0 && attachment->folder != -attachment->shard;
}

bool
te_attachment_has_exif(const TeAttachment *attachment)
{
	for (int i = 0; i < TE_COLUMNS; i++)
		if (te_columns[i].from_exif && attachment->column[i] != NULL)
			return true;
	return false;
}

bool
te_attachment_accepts_key(const TeAttachment *attachment, Oid type)
{
	const char *table = te_key_state_table(te_key_type(type));

	return table != NULL && strcmp(te_internal_name(table), attachment->state) == 0;
}

void
te_attachment_check_owner(const TeAttachment *attachment)
{
	if (!object_ownercheck(RelationRelationId, attachment->named, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", attachment->named_name),
				 errhint("Ask the table's owner, or a member of the owning role, to do this.")));
}
