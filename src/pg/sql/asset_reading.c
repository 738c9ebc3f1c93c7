/*
 * asset_reading.c
 *		Reading one asset for a function of users, with the caller's rights on its row.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "asset_reading.h"
#include "pg/base/statement.h"

bool
te_asset_arguments(FunctionCallInfo fcinfo, Oid type, TeAttachment **attachment, TeKey *key)
{
	*attachment = te_attachment_get(PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1));
	return !PG_ARGISNULL(0) && te_key_from_argument(*attachment, type, PG_GETARG_DATUM(0), key);
}

bool
te_asset_read(const TeAttachment *attachment, const TeKey *key, bool with_path, TeStateRead how, TeAsset *asset)
{
	const char *thumbnail = attachment->column[TE_COL_THUMBNAIL_PATH];
	TeArgs		args = {0};
	uint64		rows;
	char	   *sql;

	*asset = (TeAsset) {.attachment = attachment, .key = *key};
	te_arg(&args, attachment->key_type, te_key_datum(attachment->key_type, key));
	sql = psprintf("SELECT %s, %s, %s FROM %s AS t WHERE t.%s OPERATOR(pg_catalog.=) $1%s",
				   te_path_sql(with_path ? psprintf("t.%s", quote_identifier(attachment->path)) : "NULL"),
				   te_path_sql(thumbnail ? psprintf("t.%s", quote_identifier(thumbnail)) : "NULL"),
				   te_attachment_stores_bytes(attachment) ?
				   psprintf("t.%s IS NOT NULL", quote_identifier(attachment->column[TE_COL_THUMBNAIL])) : "false",
				   attachment->user_rows, quote_identifier(attachment->key), attachment->user_rows_and);
	rows = how == TE_STATE_SEE ? te_sql_read_as_caller(attachment->named, sql, &args) :
		te_sql_as_caller(attachment->named, NULL, sql, &args);
	asset->has_row = rows > 0;
	if (asset->has_row)
	{
		asset->path = te_out_text(0, 1);
		asset->thumbnail_path = te_out_text(0, 2);
		asset->has_thumbnail = DatumGetBool(te_out(0, 3));
	}
	te_sql_free();
	if (asset->has_row)
		te_assets_fill_states(attachment, asset, 1, how);
	return asset->has_row;
}
