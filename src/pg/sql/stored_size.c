/*
 * stored_size.c
 *		Reading the thumbnails in several sizes of one asset.
 */
#include "postgres.h"

#include "stored_size.h"

/* Run a SELECT on the asset's rows of the table, alias t; "rest" follows the condition on these. */
static uint64
select_rows(const TeAsset *asset, TeStateRead how, const char *columns, const char *rest)
{
	const TeAttachment *attachment = asset->attachment;
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};
	char	   *sql = psprintf("SELECT %s FROM %s AS t WHERE t.attachment = $1 AND t.id = $2%s",
							   columns, attachment->thumbnails, rest);

	te_arg_int4(&args, attachment->number);
	te_arg(&args, type, te_key_datum(type, &asset->key));
	return how == TE_STATE_SEE ? te_sql_read_by_index(sql, &args) : te_sql_by_index(sql, &args);
}

int
te_stored_sizes(const TeAsset *asset, TeStateRead how, TeStoredSize sizes[TE_MAX_SIZES])
{
	int			count;

	if (!(asset->state.wrote & TE_WROTE_SIZES))
		return 0;
	count = (int) select_rows(asset, how, "t.size, t.width, t.height, t.length, t.file, t.path, t.bytes IS NOT NULL",
							  psprintf(" ORDER BY t.size LIMIT %d", TE_MAX_SIZES));
	for (int i = 0; i < count; i++)
	{
		TeStoredSize *size = &sizes[i];

		size->size = (int) te_out_int(i, 1, 0);
		size->width = (int) te_out_int(i, 2, 0);
		size->height = (int) te_out_int(i, 3, 0);
		size->length = te_out_int(i, 4, -1);
		size->file = te_out_text(i, 5);
		size->path = te_out_text(i, 6);
		size->has_bytes = DatumGetBool(te_out(i, 7));
	}
	te_sql_free();
	return count;
}

bytea *
te_stored_size_bytes(const TeAsset *asset, TeStateRead how, int size)
{
	bytea	   *bytes = NULL;

	if (select_rows(asset, how, "t.bytes", psprintf(" AND t.size = %d", size)) > 0 && !te_out_null(0, 1))
		bytes = (bytea *) PG_DETOAST_DATUM_COPY(te_out(0, 1));
	te_sql_free();
	return bytes;
}
