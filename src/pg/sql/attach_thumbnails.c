/*
 * attach_thumbnails.c
 *		How the thumbnails of a table that is attached are stored, and in which sizes.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "attach_thumbnails.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/asset.h"

const char *
te_attach_choose_sizes(const TeAttachment *old, const char *given)
{
	TeSizes		sizes = {0};
	const char *wrong;

	if (given == NULL)
		return old != NULL && old->sizes.count > 0 ? te_sizes_text(&old->sizes) : NULL;
	wrong = te_sizes_parse(given, &sizes);
	if (wrong != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for parameter \"thumbnail_sizes\": \"%s\"", given),
				 errdetail("%s", wrong),
				 errhint("For example '256,1024': the first one is the thumbnail that rows name.")));
	return sizes.count > 0 ? te_sizes_text(&sizes) : NULL;
}

/* Has some asset a thumbnail of ours in its row?  Inside SPI. */
static bool
has_thumbnails_in_rows(const TeAttachment *attachment)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment->number);
	return te_sql_as_extension(psprintf("SELECT FROM %s WHERE attachment = $1 AND (wrote & " INT64_FORMAT ") <> 0 LIMIT 1",
										attachment->state, TE_WROTE_THUMBNAIL), &args) > 0;
}

const char *
te_attach_choose_former(const TeAttachment *old, const TeMapping *mapping)
{
	const char *now = mapping->column[TE_COL_THUMBNAIL];
	const char *kept;
	TeColumnInfo info;

	if (old == NULL)
		return NULL;
	kept = te_attachment_stores_bytes(old) ? old->column[TE_COL_THUMBNAIL] : old->former_thumbnail;
	/* a column that was renamed, so that the old name no longer exists, is the same */
	if (kept == NULL || (now != NULL && strcmp(kept, now) == 0) || !te_column_find(old->relation, kept, &info) ||
		!has_thumbnails_in_rows(old))
		return NULL;
	if (now != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot change the thumbnail column of attached table %s", old->name),
				 errdetail("Column \"%s\" has thumbnails that thumbexif made.", kept),
				 errhint("Call thumbexif_attach() with thumbnail => '' and then thumbexif_backfill(), which makes files of them, or thumbexif_detach().")));
	return kept;
}

/* --- storage */

typedef struct ExternalColumn
{
	Oid			relation;
	const char *name;
} ExternalColumn;

static void
set_external(void *arg)
{
	const ExternalColumn *column = arg;
	char	   *sql = psprintf("ALTER TABLE %s%s ALTER COLUMN %s SET STORAGE EXTERNAL",
							   get_rel_relkind(column->relation) == RELKIND_PARTITIONED_TABLE ? "" : "ONLY ",
							   te_relation_name(column->relation),
							   quote_identifier(column->name));

	if (SPI_execute(sql, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not run \"%s\"", sql);
}

void
te_attach_set_external(Oid relation, const char *column)
{
	ExternalColumn external = {relation, column};
	TeColumnInfo info;
	ErrorData  *error;

	/* what else is wrong with it, te_attach_map() reports */
	if (!te_column_find(relation, column, &info) || info.type != BYTEAOID || info.storage == TYPSTORAGE_EXTERNAL)
		return;
	error = te_subtransaction(set_external, &external);
	if (error == NULL)
		return;
	if (te_error_is_interrupt(error))
		ReThrowError(error);
	ereport(NOTICE,
			(errmsg("the storage of column \"%s\" could not be set to EXTERNAL", column),
			 errdetail("%s", error->message),
			 errhint("Use ALTER TABLE ... SET STORAGE EXTERNAL: thumbnails are compressed already, and to try it once more takes time.")));
}
