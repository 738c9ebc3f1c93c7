/*
 * upload.c
 *		SQL function thumbexif_upload(): stores an original, inserts its row, and processes it.
 *
 * All in the caller's transaction, with the caller's rights on the table: a rollback removes row, thumbnail and file.  The
 * decoder looks at the bytes before anything is stored: it tells the suffix, and what is no picture, or cannot be
 * shown, is refused.  The name that a client gives to its file chooses nothing.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "mb/pg_wchar.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "cluster.h"
#include "pg/base/code_rights.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/key.h"
#include "pg/catalog/key_sql.h"
#include "pg/compat.h"
#include "pg/files/source.h"
#include "pg/files/upload_store.h"
#include "pg/pipeline/status_error.h"
#include "pg/pool/pool.h"

PG_FUNCTION_INFO_V1(thumbexif_upload);

#define FILE_NAME_COLUMN	"filename"
#define MAX_FILE_NAME		255

typedef struct Upload
{
	const TeAttachment *attachment;
	const char *file_name;		/* as a text to keep; NULL = none was given */
	const char *path;
	TeKey		key;
} Upload;

/* --- the picture */

/* The suffix for what the bytes are.  ERROR if they are no picture that can be read within the limits. */
static const char *
check_content(const bytea *image)
{
	TeTask	   *task = palloc0(sizeof(TeTask));
	TeSource	source;
	const char *suffix;

	te_source_from_bytes(VARDATA_ANY(image), VARSIZE_ANY_EXHDR(image), &source);
	if (source.status != TE_OK)
		te_throw_status(source.status, NULL, NULL);
	task->request = (TeRequest) {.want = TE_WANT_EXIF, .size = te_thumbnail_size, .format = te_thumbnail_format,
	.quality = te_thumbnail_quality, .max_pixels = te_max_pixels, .file_size = source.size_bytes};
	task->role = GetUserId();
	task->image_fd = source.fd;
	te_pool_run(task);
	if (task->reply.status != TE_OK)
		te_throw_status(task->reply.status, NULL, task->texts.error);
	suffix = te_format_suffix(task->reply.format);
	if (suffix == NULL)
		suffix = te_format_name(task->reply.format);
	return suffix != NULL ? suffix : "image";
}

/* The last part of a name, without control characters; NULL if nothing is left. */
static const char *
clean_file_name(char *name)
{
	char	   *base = name;

	for (char *c = name; *c != '\0'; c++)
	{
		if (*c == '/' || *c == '\\')
			base = c + 1;
		else if ((unsigned char) *c < ' ' || *c == 0x7F)
			*c = '_';
	}
	base[pg_mbcliplen(base, (int) strlen(base), MAX_FILE_NAME)] = '\0';
	return base[0] != '\0' ? base : NULL;
}

/* --- the row */

/* Run a statement on the table as the caller; the row's key is its result.  False if there is none. */
static bool
key_of(Upload *upload, const char *sql, const TeArgs *args)
{
	const TeAttachment *attachment = upload->attachment;
	uint64		rows = te_sql_as_caller(attachment->relation, attachment->search_path, sql, args);

	if (rows > 0)
		te_out_key(0, 1, attachment->key_type, &upload->key);
	te_sql_free();
	return rows > 0;
}

static bool
has_file_name_column(const TeAttachment *attachment)
{
	TeColumnInfo info;

	return te_column_find(attachment->relation, FILE_NAME_COLUMN, &info) && te_path_accepts(info.type) && !info.generated &&
		strcmp(attachment->path, FILE_NAME_COLUMN) != 0 && !te_key_has_column(&attachment->key, FILE_NAME_COLUMN);
}

/* ERROR if the caller may not insert a row, before a picture is decoded and stored for nothing. */
static void
check_right(const TeAttachment *attachment)
{
	Oid			relation = attachment->relation;

	if (pg_class_aclcheck(relation, GetUserId(), ACL_INSERT) != ACLCHECK_OK &&
		pg_attribute_aclcheck(relation, get_attnum(relation, attachment->path), GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(relation));
}

/* Has a row that is inserted a value in a column that is not named?  A trigger may give one. */
static bool
gets_value(Relation table, const char *column)
{
	AttrNumber	number = get_attnum(RelationGetRelid(table), column);
	Form_pg_attribute form = number > 0 ? TupleDescAttr(RelationGetDescr(table), number - 1) : NULL;

	return form == NULL || form->atthasdef || form->attidentity != '\0' || get_typdefault(form->atttypid) != NULL ||
		table->rd_rel->relhasrules || (table->trigdesc != NULL && table->trigdesc->trig_insert_before_row);
}

/* ERROR if the row would be put on another node of a Citus cluster, which only the coordinator can have process it. */
static void
check_node(const TeAttachment *attachment)
{
	if (te_citus_kind(attachment->relation) != TE_CITUS_NONE && !te_citus_is_coordinator())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot upload to table %s on this node", attachment->name),
				 errdetail("It is a table of a Citus cluster, and the picture's row may belong on another node."),
				 errhint("Upload on the coordinator.")));
}

/* ERROR if the row would have no key, before a picture is stored for nothing. */
static void
check_defaults(const TeAttachment *attachment)
{
	Relation	table = table_open(attachment->relation, AccessShareLock);

	for (int i = 0; i < attachment->key.count; i++)
	{
		const char *column = attachment->key.name[i];

		if (strcmp(column, attachment->path) != 0 && !gets_value(table, column))
			ereport(ERROR,
					(errcode(ERRCODE_NOT_NULL_VIOLATION),
					 errmsg("column \"%s\" of table %s, which belongs to its key, has no default", column, attachment->name),
					 errhint("An upload gives a value to the path only. Use ALTER TABLE ... ALTER COLUMN %s SET DEFAULT ..., or insert rows and "
							 "their files in another way.", quote_identifier(column))));
	}
	table_close(table, AccessShareLock);
}

/* Insert the row, or find the one that has the path, if paths are unique. */
static void
insert_row(Upload *upload)
{
	const TeAttachment *attachment = upload->attachment;
	const char *key = te_key_sql(&attachment->key, "");
	const char *path = quote_identifier(attachment->path);
	bool		named = upload->file_name != NULL && has_file_name_column(attachment);
	TeArgs		args = {0};

	LockRelationOid(attachment->relation, RowExclusiveLock);	/* no trigger can be added from here on */
	te_attachment_check_same(attachment);
	te_code_rights_check_table(attachment->relation, CMD_INSERT, GetUserId());
	te_arg_text(&args, upload->path);
	if (named)
		te_arg_text(&args, upload->file_name);
	if (key_of(upload, psprintf("INSERT INTO %s (%s%s) VALUES ($1%s) ON CONFLICT DO NOTHING RETURNING %s", attachment->name, path,
								named ? ", " FILE_NAME_COLUMN : "", named ? ", $2" : "", key), &args))
		return;
	args = (TeArgs) {0};
	te_arg_text(&args, upload->path);
	if (key_of(upload, psprintf("SELECT %s FROM %s AS t WHERE t.%s OPERATOR(pg_catalog.=) $1 LIMIT 1", key, attachment->rows, path), &args))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("the picture was not inserted into table %s", attachment->name),
			 errhint("A trigger or rule prevents it, or a row that row security hides has the picture already.")));
}

/* --- the rest */

/* Process the asset by thumbexif_process(), on the node that has its row and in this transaction: its status and error are the result. */
static void
call_process(const Upload *upload)
{
	const TeAttachment *attachment = upload->attachment;
	Oid			type = te_key_state_type(attachment->key_type);
	NullableDatum none = {0, true};
	TeArgs		args = {0};
	uint64		rows;

	if (te_cluster_read_row(attachment, &upload->key, "thumbexif_process", InvalidOid, none, &rows))
	{
		if (rows == 0)
			te_key_unknown(attachment, te_key_text(attachment->key_type, &upload->key));
		return;
	}
	te_arg(&args, type, te_key_datum(type, &upload->key));
	te_arg(&args, OIDOID, ObjectIdGetDatum(attachment->relation));
	te_sql(psprintf("SELECT p.status, p.error FROM %s($1, $2::pg_catalog.regclass) AS p", te_user_name("thumbexif_process")), &args);
}

/* ERROR if it fails: what cannot be shown is not kept. */
static void
process(const Upload *upload)
{
	const char *status;

	call_process(upload);
	status = te_out_text(0, 1);
	if (strcmp(status, "done") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the picture is not accepted: %s", te_out_text(0, 2) != NULL ? te_out_text(0, 2) : status),
				 te_cluster_is_led_here(upload->attachment) && strcmp(status, "missing") == 0 ?
				 errhint("All nodes of the cluster must see the folder \"thumbexif.upload_dir\" of the coordinator under the same path.") :
				 errhint("No thumbnail can be made of it.")));
	te_sql_free();
}

/* What a function returns for the key. */
static Datum
call_photo(const Upload *upload, Oid function)
{
	const TeAttachment *attachment = upload->attachment;
	const char *name = get_func_name(function);
	TeArgs		args = {0};
	Datum		result;

	if (name == NULL || get_func_rettype(function) != JSONBOID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"photo\" is no function that returns jsonb"),
				 errhint("Name the function photo() that thumbexif_api() has made.")));
	te_arg(&args, attachment->key_type, te_key_datum(attachment->key_type, &upload->key));
	te_sql(psprintf("SELECT %s($1)", quote_qualified_identifier(get_namespace_name(get_func_namespace(function)), name)), &args);
	if (te_out_null(0, 1))
		te_key_unknown(attachment, te_key_text(attachment->key_type, &upload->key));
	result = SPI_datumTransfer(te_out(0, 1), false, -1);
	te_sql_free();
	return result;
}

/* thumbexif_upload(image bytea, filename text, relation regclass, photo regproc) RETURNS jsonb */
Datum
thumbexif_upload(PG_FUNCTION_ARGS)
{
	Upload		upload = {0};
	const bytea *image;
	const char *suffix;
	Datum		result;

	PreventCommandIfReadOnly("thumbexif_upload()");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("parameters \"image\" and \"photo\" must not be NULL"),
				 errhint("Pass the bytes of a picture, and the function photo() that thumbexif_api() has made.")));
	te_guc_check();
	te_upload_check();
	upload.attachment = te_attachment_get(PG_ARGISNULL(2) ? InvalidOid : PG_GETARG_OID(2));
	check_right(upload.attachment);
	check_node(upload.attachment);
	check_defaults(upload.attachment);
	image = PG_GETARG_BYTEA_PP(0);
	if (!PG_ARGISNULL(1))
		upload.file_name = clean_file_name(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	suffix = check_content(image);

	SPI_connect();
	upload.path = te_upload_write(VARDATA_ANY(image), VARSIZE_ANY_EXHDR(image), suffix);
	insert_row(&upload);
	process(&upload);
	result = call_photo(&upload, PG_GETARG_OID(3));
	SPI_finish();
	PG_RETURN_DATUM(result);
}
