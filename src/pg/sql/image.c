/*
 * image.c
 *		SQL functions that examine one image and store nothing: thumbexif_thumbnail(),
 *		thumbexif_exif(), thumbexif_info(), and thumbexif_version().
 *
 * They use no table and no transaction id, so they also work on a standby and in
 * read-only transactions.  Each has two C functions: one for a path beneath
 * thumbexif.image_roots and one for a bytea.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "pg/base/guc.h"
#include "pg/base/subtransaction.h"
#include "pg/compat.h"
#include "pg/files/source.h"
#include "pg/pipeline/column_value.h"
#include "pg/pipeline/reply_values.h"
#include "pg/pipeline/status_error.h"
#include "pg/pool/pool.h"

typedef struct Image
{
	char	   *path;			/* NULL for a bytea */
	TeSource	source;
} Image;

/* Columns of thumbexif_info and of thumbexif_version. */
enum
{
	INFO_FORMAT, INFO_WIDTH, INFO_HEIGHT,
	INFO_COLUMNS = INFO_HEIGHT + TE_COL_LAST_FACT - TE_COL_HEIGHT	/* then the columns of tables behind these, but "format" */
};
enum
{
	VERSION_EXTENSION, VERSION_LIBVIPS, VERSION_LIBEXIF, VERSION_FORMATS_READ,
	VERSION_FORMATS_WRITTEN, VERSION_SELF_TEST, VERSION_COLUMNS
};

PG_FUNCTION_INFO_V1(thumbexif_thumbnail_path);
PG_FUNCTION_INFO_V1(thumbexif_thumbnail_bytes);
PG_FUNCTION_INFO_V1(thumbexif_exif_path);
PG_FUNCTION_INFO_V1(thumbexif_exif_bytes);
PG_FUNCTION_INFO_V1(thumbexif_info_path);
PG_FUNCTION_INFO_V1(thumbexif_info_bytes);
PG_FUNCTION_INFO_V1(thumbexif_version);

static Image
open_path(FunctionCallInfo fcinfo, int flags)
{
	Image		image;

	image.path = text_to_cstring(PG_GETARG_TEXT_PP(0));
	te_pool_expect();
	te_source_open(image.path, flags, &image.source);
	if (image.source.status != TE_OK)
		te_throw_status(image.source.status, image.path, NULL);
	return image;
}

/* Open the file that the first argument names.  ERROR if it cannot be read. */
static Image
image_from_path(FunctionCallInfo fcinfo)
{
	return open_path(fcinfo, 0);
}

/* The same with its sidecar. */
static Image
image_and_sidecar(FunctionCallInfo fcinfo)
{
	return open_path(fcinfo, TE_ASK_SIDECAR);
}

/* Put the bytes of the first argument into a memory file. */
static Image
image_from_bytes(FunctionCallInfo fcinfo)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	Image		image;

	image.path = NULL;
	te_source_from_bytes(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes), &image.source);
	if (image.source.status != TE_OK)
		te_throw_status(image.source.status, NULL, NULL);
	return image;
}

/* A request with the current settings, which the caller may override. */
static TeRequest
make_request(uint32 want)
{
	if ((want & TE_WANT_EXIF) && te_exif_gps)
		want |= TE_WANT_GPS;
	return (TeRequest)
	{
		.want = want,
			.size = te_thumbnail_size,
			.format = te_thumbnail_format,
			.quality = te_thumbnail_quality,
			.max_pixels = te_max_pixels
	};
}

/* Have the image decoded and wait for the reply, which also carries the image's failure.  ERROR on the server's trouble. */
static TeTask *
decode(Image *image, const TeRequest *request)
{
	TeTask	   *task = palloc0(sizeof(TeTask));

	task->request = *request;
	task->role = GetUserId();
	task->request.file_size = image->source.size_bytes;
	task->image_fd = image->source.fd;
	task->request.sidecar_size = (uint64) te_source_take_sidecar(&image->source, &task->sidecar_fd);
	if (task->request.sidecar_size > 0)
		task->request.want |= TE_WANT_SIDECAR;
	te_pool_run(task);
	return task;
}

/* An integer argument from 1 to max; NULL stands for the setting. */
static uint32
optional_argument(FunctionCallInfo fcinfo, int number, const char *name, int max, uint32 setting)
{
	int32		value;

	if (PG_ARGISNULL(number))
		return setting;
	value = PG_GETARG_INT32(number);
	if (value < 1 || value > max)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of a thumbnail is out of range: %d", name, value),
				 errhint("It must be between 1 and %d.", max)));
	return value;
}

/* The thumbnail, or what was made of it, shows what is left of a damaged image. */
static void
report_damage(const TeTask *task, const char *path)
{
	const char *state = te_status_sqlstate((int) task->reply.damage);

	ereport(WARNING,
			(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
			 errmsg("image is damaged: %s", te_status_message((int) task->reply.damage, task->texts.error)),
			 path ? errdetail("The image is \"%s\".", path) : 0));
}

static Datum
thumbnail(FunctionCallInfo fcinfo, Image (*open_image) (FunctionCallInfo))
{
	TeRequest	request = make_request(TE_WANT_THUMBNAIL | (te_damaged_images == TE_DAMAGED_SHOW ? TE_WANT_DAMAGED : 0));
	Image		image;
	TeTask	   *task;
	bytea	   *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	request.size = optional_argument(fcinfo, 1, "size", TE_MAX_SIDE, request.size);
	if (!PG_ARGISNULL(2))
		request.format = te_guc_format(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	request.quality = optional_argument(fcinfo, 3, "quality", 100, request.quality);

	image = open_image(fcinfo);
	task = decode(&image, &request);
	if (task->reply.status != TE_OK)
		te_throw_status(task->reply.status, image.path, task->texts.error);
	if (task->reply.damage != 0)
		report_damage(task, image.path);

	result = palloc(VARHDRSZ + task->reply.thumbnail_bytes);
	SET_VARSIZE(result, VARHDRSZ + task->reply.thumbnail_bytes);
	memcpy(VARDATA(result), task->thumbnail, task->reply.thumbnail_bytes);
	pfree(task->thumbnail);
	PG_RETURN_BYTEA_P(result);
}

/* The EXIF of a reply; false if there is none.  WARNING if it, or the sidecar, could not be read. */
static bool
exif_of_reply(const TeTask *task, const Image *image, Datum *result)
{
	const char *path = image->path;
	const char *error = task->texts.exif_error ? task->texts.exif_error :
	image->source.sidecar_error ? image->source.sidecar_error : "no reason was given";

	if (task->reply.exif_status == TE_EXIF_ERROR || image->source.sidecar_error != NULL)
		ereport(WARNING,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("Failed to extract EXIF data: %s", te_text_to_server(error)),
				 path ? errdetail("The image is \"%s\".", path) : 0));
	if (task->reply.exif_status != TE_EXIF_FOUND || task->texts.json == NULL)
		return false;
	*result = te_exif_jsonb(task->texts.json);
	return true;
}

static Datum
exif(FunctionCallInfo fcinfo, Image (*open_image) (FunctionCallInfo))
{
	TeRequest	request = make_request(TE_WANT_EXIF);
	Image		image = open_image(fcinfo);
	TeTask	   *task = decode(&image, &request);
	Datum		result;

	/* return EXIF that was found, even if the image has another fault */
	if (task->reply.exif_status != TE_EXIF_FOUND && task->reply.status != TE_OK)
		te_throw_status(task->reply.status, image.path, task->texts.error);
	if (!exif_of_reply(task, &image, &result))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}

static void
set_text(Datum *values, bool *nulls, int column, const char *utf8)
{
	if (utf8 == NULL)
		return;
	values[column] = CStringGetTextDatum(te_text_to_server(utf8));
	nulls[column] = false;
}

/* Form the row that a function returns. */
static Datum
make_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	columns;

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls));
}

/* An attachment with columns as thumbexif_attach() creates them. */
static TeAttachment *
standard_attachment(void)
{
	TeAttachment *attachment = palloc0(sizeof(TeAttachment));

	for (int i = 0; i < TE_COLUMNS; i++)
	{
		attachment->type[i] = te_columns[i].types[0];
		attachment->typmod[i] = -1;
	}
	return attachment;
}

/* The columns behind the size. */
static void
fill_info(const Image *image, const TeTask *task, Datum *values, bool *nulls)
{
	TeJob		job = {.asset.attachment = standard_attachment(), .source = image->source, .task = *task};
	int			at = INFO_HEIGHT + 1;

	job.has_taken_at = task->reply.has_taken_at && te_taken_at(&task->reply.taken_at, &job.taken_at);
	for (int i = TE_COL_TAKEN_AT; i <= TE_COL_LAST_FACT; i++)
	{
		if (i == TE_COL_FORMAT)
			continue;
		if (i == TE_COL_EXIF_METADATA)
			nulls[at] = !exif_of_reply(task, image, &values[at]);
		else
			nulls[at] = !te_column_value(&job, i, &values[at]);
		if (i == TE_COL_KEYWORDS && !nulls[at])
			values[at] = te_lines_array(values[at]);
		at++;
	}
	Assert(at == INFO_COLUMNS);
}

static Datum
info(FunctionCallInfo fcinfo, Image (*open_image) (FunctionCallInfo))
{
	/* version 1.0 has one argument and fewer columns */
	bool		hashes = PG_NARGS() > 1 && PG_GETARG_BOOL(1);
	TeRequest	request = make_request(TE_WANT_EXIF | TE_WANT_FACTS |
									   (hashes ? TE_WANT_THUMBNAIL | TE_WANT_FILE_HASH | TE_WANT_THUMBHASH | TE_WANT_PICTURE_HASH : 0) |
									   (hashes && te_damaged_images == TE_DAMAGED_SHOW ? TE_WANT_DAMAGED : 0));
	Image		image = open_image(fcinfo);
	TeTask	   *task = decode(&image, &request);
	const TeReply *reply = &task->reply;
	Datum		values[INFO_COLUMNS] = {0};
	bool		nulls[INFO_COLUMNS];

	if (reply->status != TE_OK)
		te_throw_status(reply->status, image.path, task->texts.error);
	if (reply->damage != 0)
		report_damage(task, image.path);

	memset(nulls, true, sizeof(nulls));
	set_text(values, nulls, INFO_FORMAT, te_format_name(reply->format));
	if (reply->width > 0 && reply->height > 0)
	{
		values[INFO_WIDTH] = Int32GetDatum((int32) reply->width);
		values[INFO_HEIGHT] = Int32GetDatum((int32) reply->height);
		nulls[INFO_WIDTH] = nulls[INFO_HEIGHT] = false;
	}
	fill_info(&image, task, values, nulls);
	return make_row(fcinfo, values, nulls);
}

Datum
thumbexif_thumbnail_path(PG_FUNCTION_ARGS)
{
	return thumbnail(fcinfo, image_from_path);
}

Datum
thumbexif_thumbnail_bytes(PG_FUNCTION_ARGS)
{
	return thumbnail(fcinfo, image_from_bytes);
}

Datum
thumbexif_exif_path(PG_FUNCTION_ARGS)
{
	return exif(fcinfo, image_and_sidecar);
}

Datum
thumbexif_exif_bytes(PG_FUNCTION_ARGS)
{
	return exif(fcinfo, image_from_bytes);
}

Datum
thumbexif_info_path(PG_FUNCTION_ARGS)
{
	return info(fcinfo, image_and_sidecar);
}

Datum
thumbexif_info_bytes(PG_FUNCTION_ARGS)
{
	return info(fcinfo, image_from_bytes);
}

/* The names of the formats in a bit set, as text[]. */
static Datum
format_array(uint32 formats)
{
	Datum		names[TE_FORMAT_LAST + 1];
	int			count = 0;

	for (int format = 0; format <= TE_FORMAT_LAST; format++)
	{
		const char *name = te_format_name(format);

		if ((formats & (UINT32_C(1) << format)) && name)
			names[count++] = CStringGetTextDatum(name);
	}
	return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
get_greeting(void *arg)
{
	*(const TeHello **) arg = te_pool_hello();
}

/*
 * Returns the hello message of a decoder, with the features of this build; NULL and the error
 * message if none can be started.  thumbexif_version() reports it and returns its other columns.
 */
static const TeHello *
decoder_greeting(char **trouble)
{
	const TeHello *hello = NULL;
	ErrorData  *error = te_subtransaction(get_greeting, &hello);

	if (error == NULL)
		return hello;
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
		ReThrowError(error);
	*trouble = error->message;
	return NULL;
}

Datum
thumbexif_version(PG_FUNCTION_ARGS)
{
	char	   *trouble = NULL;
	const TeHello *hello;
	Datum		values[VERSION_COLUMNS] = {0};
	bool		nulls[VERSION_COLUMNS];

	hello = decoder_greeting(&trouble);

	memset(nulls, true, sizeof(nulls));
	set_text(values, nulls, VERSION_EXTENSION, TE_VERSION);
	if (hello)
	{
		set_text(values, nulls, VERSION_LIBVIPS, hello->libvips);
		set_text(values, nulls, VERSION_LIBEXIF, hello->libexif);
		set_text(values, nulls, VERSION_SELF_TEST, hello->self_test);
		values[VERSION_FORMATS_READ] = format_array(hello->can_read);
		values[VERSION_FORMATS_WRITTEN] = format_array(hello->can_write);
		nulls[VERSION_FORMATS_READ] = nulls[VERSION_FORMATS_WRITTEN] = false;
	}
	else
	{
		values[VERSION_SELF_TEST] = CStringGetTextDatum(trouble);
		nulls[VERSION_SELF_TEST] = false;
	}
	return make_row(fcinfo, values, nulls);
}
