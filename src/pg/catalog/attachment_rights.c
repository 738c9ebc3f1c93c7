/*
 * attachment_rights.c
 *		Which keys an attached table takes, and who may change it.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "attachment.h"
#include "key.h"
#include "pg/base/extension.h"
#include "pg/compat.h"

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
