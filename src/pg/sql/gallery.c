/*
 * gallery.c
 *		SQL function thumbexif_gallery(): a page of photos, as one file of HTML that needs nothing else.
 *
 * Rows are read as the caller, then their states and their thumbnails, as thumbexif_file() finds them.  A photo whose
 * thumbnail is absent or damaged is shown without it, with its status and the reason; only trouble of the server's is an ERROR.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "exif_value.h"
#include "gallery_page.h"
#include "gallery_part.h"
#include "gallery_query.h"
#include "pg/base/guc.h"
#include "pg/catalog/asset.h"
#include "pg/catalog/citus.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_gallery);

#define DEFAULT_LIMIT	500
#define MAX_LIMIT		100000
#define MAX_EXIF		65536	/* bytes of the EXIF of one photo */

typedef struct Photo
{
	TeKey		key;
	char	   *thumbnail_path;
	char	   *facts;			/* a JSON object without its last brace */
	bytea	   *thumbnail;		/* from the row; NULL = there is none in it */
	char	   *part;			/* of a table of Citus: what the node that has the row tells; otherwise NULL */
} Photo;

typedef struct Gallery
{
	TeAttachment *attachment;
	TeGalleryFilter filter;
	int			limit;
	Photo	   *photos;			/* the newest first; one more than the limit, if there are more */
	int			count;
	int			shown;
	int			allocated;
	bool		distributed;	/* a table of Citus */
	Photo	  **by_key;			/* of such a table: those that are shown, in the order of their keys */
	Size		bytes;			/* of what was read */
	TeAsset    *assets;			/* the same, in the order of their keys, with their states */
	MemoryContext row;			/* for one photo; reset after it */
} Gallery;

/* --- arguments */

static const char *
text_argument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

static int
limit_argument(FunctionCallInfo fcinfo, int argument)
{
	int			limit = PG_ARGISNULL(argument) ? DEFAULT_LIMIT : PG_GETARG_INT32(argument);

	if (limit < 0 || limit > MAX_LIMIT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for parameter \"limit\": %d", limit),
				 errhint("It is a number of photos, from 0 to %d.", MAX_LIMIT)));
	return limit;
}

static void
read_arguments(FunctionCallInfo fcinfo, Gallery *gallery)
{
	TeGalleryFilter *filter = &gallery->filter;

	gallery->attachment = te_attachment_get(PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0));
	gallery->distributed = te_citus_kind(gallery->attachment->relation) != TE_CITUS_NONE;
	filter->camera = text_argument(fcinfo, 1);
	filter->lens = text_argument(fcinfo, 2);
	filter->keyword = text_argument(fcinfo, 3);
	filter->has_from = !PG_ARGISNULL(4);
	filter->from = filter->has_from ? PG_GETARG_TIMESTAMPTZ(4) : 0;
	filter->has_to = !PG_ARGISNULL(5);
	filter->to = filter->has_to ? PG_GETARG_TIMESTAMPTZ(5) : 0;
	filter->has_position_given = !PG_ARGISNULL(6);
	filter->has_position = filter->has_position_given && PG_GETARG_BOOL(6);
	gallery->limit = limit_argument(fcinfo, 7);
	te_gallery_check_filter(gallery->attachment, filter);
}

/* --- rows */

/* Append the tags, as people read them, as a member of a JSON object. */
static void
append_exif(StringInfo json, const Jsonb *exif)
{
	JsonbIterator *iterator;
	JsonbValue	key;
	JsonbValue	value;
	const char *separator = "";
	int			most = json->len + MAX_EXIF;

	if (!JB_ROOT_IS_OBJECT(unconstify(Jsonb *, exif)))
		return;
	appendStringInfoString(json, ",\"exif\":{");
	iterator = JsonbIteratorInit(&unconstify(Jsonb *, exif)->root);
	(void) JsonbIteratorNext(&iterator, &key, true);
	while (json->len < most && JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
	{
		char	   *name = pnstrdup(key.val.string.val, key.val.string.len);
		char	   *shown;

		(void) JsonbIteratorNext(&iterator, &value, true);
		shown = te_exif_display(exif, name, &value);
		if (shown == NULL)
			continue;
		appendStringInfoString(json, separator);
		escape_json(json, name);
		appendStringInfoChar(json, ':');
		escape_json(json, shown);
		separator = ",";
	}
	appendStringInfoChar(json, '}');
}

static char *
read_facts(void)
{
	StringInfoData json;
	char	   *facts = te_out_text(0, TE_GALLERY_FACTS);

	initStringInfo(&json);
	/* without its last brace, since more is to follow */
	appendBinaryStringInfo(&json, facts, (int) strlen(facts) - 1);
	if (!te_out_null(0, TE_GALLERY_EXIF))
		append_exif(&json, DatumGetJsonbP(te_out(0, TE_GALLERY_EXIF)));
	return json.data;
}

static bytea *
read_thumbnail(void)
{
	return te_out_null(0, TE_GALLERY_THUMBNAIL) ? NULL : DatumGetByteaPCopy(te_out(0, TE_GALLERY_THUMBNAIL));
}

static Photo *
next_photo(Gallery *gallery)
{
	if (gallery->count == gallery->allocated)
	{
		gallery->allocated *= 2;
		gallery->photos = repalloc_huge(gallery->photos, sizeof(Photo) * gallery->allocated);
	}
	gallery->photos[gallery->count] = (Photo) {.facts = NULL};
	return &gallery->photos[gallery->count++];
}

/* Read the rest of a row whose key was read. */
static void
read_photo(Gallery *gallery, Photo *photo)
{
	MemoryContext caller = MemoryContextSwitchTo(gallery->row);
	char	   *facts = read_facts();

	MemoryContextSwitchTo(caller);
	photo->thumbnail_path = te_out_thumbnail_path(0, TE_GALLERY_THUMBNAIL_PATH);
	photo->facts = pstrdup(facts);
	photo->thumbnail = read_thumbnail();
	photo->part = gallery->distributed ? te_out_text(0, TE_GALLERY_PART) : NULL;
	MemoryContextReset(gallery->row);
	gallery->bytes += strlen(photo->facts) + (photo->thumbnail != NULL ? VARSIZE(photo->thumbnail) : 0) +
		(photo->part != NULL ? strlen(photo->part) : 0);
	te_gallery_page_check(gallery->bytes);
}

/* TeArgs.each: a row. */
static void
add_photo(void *arg)
{
	Gallery    *gallery = arg;
	Photo	   *photo = next_photo(gallery);

	te_out_key(0, TE_GALLERY_KEY, gallery->attachment->key_type, &photo->key);
	read_photo(gallery, photo);
}

/* TeArgs.each: a key, whose row is read later. */
static void
add_key(void *arg)
{
	te_out_key(0, TE_GALLERY_KEY, ((Gallery *) arg)->attachment->key_type, &next_photo(arg)->key);
}

static void
read_part(Gallery *gallery, bool dated)
{
	TeArgs		args = {.each = gallery->distributed ? add_key : add_photo, .each_arg = gallery, .planned_for_them = gallery->distributed};
	int			limit = gallery->limit + 1 - gallery->count;

	if (limit > 0)
		te_sql_read_as_caller(gallery->attachment->named,
							  (gallery->distributed ? te_gallery_keys_sql : te_gallery_sql) (gallery->attachment, &gallery->filter, dated, limit, &args),
							  &args);
}

static void
read_photos(Gallery *gallery)
{
	const TeGalleryFilter *filter = &gallery->filter;

	gallery->allocated = 64;
	gallery->photos = palloc(sizeof(Photo) * gallery->allocated);
	gallery->row = AllocSetContextCreate(CurrentMemoryContext, "thumbexif gallery row", ALLOCSET_DEFAULT_SIZES);
	if (gallery->attachment->column[TE_COL_TAKEN_AT] != NULL)
		read_part(gallery, true);
	if (!filter->has_from && !filter->has_to)
		read_part(gallery, false);
	gallery->shown = Min(gallery->count, gallery->limit);
}

/* --- rows of a table of Citus, by their keys */

static int
compare_photos(const void *a, const void *b, void *type)
{
	return te_key_compare(*(const Oid *) type, &(*(Photo *const *) a)->key, &(*(Photo *const *) b)->key);
}

/* TeArgs.each: a row, which may be there twice if its key was changed meanwhile. */
static void
fill_photo(void *arg)
{
	Gallery    *gallery = arg;
	Photo		wanted;
	Photo	   *address = &wanted;
	Photo	  **found;

	te_out_key(0, TE_GALLERY_KEY, gallery->attachment->key_type, &wanted.key);
	found = bsearch_arg(&address, gallery->by_key, gallery->shown, sizeof(Photo *), compare_photos, &gallery->attachment->key_type);
	if (found != NULL && (*found)->facts == NULL && !te_out_null(0, TE_GALLERY_PART))
		read_photo(gallery, *found);
}

static void
fill_photos(Gallery *gallery)
{
	TeArgs		args = {.each = fill_photo, .each_arg = gallery, .planned_for_them = true};
	TeKey	   *keys = palloc_extended(sizeof(TeKey) * Max(gallery->shown, 1), MCXT_ALLOC_HUGE);

	gallery->by_key = palloc_extended(sizeof(Photo *) * Max(gallery->shown, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < gallery->shown; i++)
	{
		gallery->by_key[i] = &gallery->photos[i];
		keys[i] = gallery->photos[i].key;
	}
	qsort_arg(gallery->by_key, gallery->shown, sizeof(Photo *), compare_photos, &gallery->attachment->key_type);
	if (gallery->shown > 0)
		te_sql_read_as_caller(gallery->attachment->named, te_gallery_rows_sql(gallery->attachment, keys, gallery->shown, &args), &args);
	pfree(keys);
}

/* --- states */

static void
read_states(Gallery *gallery)
{
	TeKey	   *keys = palloc_extended(sizeof(TeKey) * Max(gallery->count, 1), MCXT_ALLOC_HUGE);

	gallery->assets = palloc_extended(sizeof(TeAsset) * Max(gallery->count, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < gallery->count; i++)
		keys[i] = gallery->photos[i].key;
	te_assets_of_keys(gallery->attachment, keys, gallery->count, gallery->assets);
	te_assets_fill_states(gallery->attachment, gallery->assets, gallery->count, TE_STATE_SEE);
	pfree(keys);
}

static int
compare_key(const void *key, const void *asset)
{
	const TeAsset *other = asset;

	return te_key_compare(other->attachment->key_type, key, &other->key);
}

static TeAsset *
asset_of(const Gallery *gallery, const Photo *photo)
{
	TeAsset    *asset = bsearch(&photo->key, gallery->assets, gallery->count, sizeof(TeAsset), compare_key);

	asset->thumbnail_path = photo->thumbnail_path;
	return asset;
}

/* --- the page */

static void
append_photo(StringInfo page, const Gallery *gallery, const Photo *photo)
{
	te_gallery_page_json(page, photo->facts);
	if (photo->part != NULL)
		te_gallery_page_part(page, photo->part);
	else
		te_gallery_part_append(page, asset_of(gallery, photo), photo->thumbnail);
	appendStringInfoChar(page, '}');
}

static void
append_head(StringInfo page, const Gallery *gallery)
{
	const TeGalleryFilter *filter = &gallery->filter;
	char		now[MAXDATELEN + 1];

	appendStringInfoString(page, "{\"version\":1");
	te_gallery_part_text(page, "table", gallery->attachment->name);
	JsonEncodeDateTime(now, TimestampTzGetDatum(GetCurrentStatementStartTimestamp()), TIMESTAMPTZOID, NULL);
	te_gallery_part_text(page, "made_at", now);
	/* unless the camera's own clock is known, times are those of this zone */
	if (!te_gallery_has_local_time(gallery->attachment))
		te_gallery_part_text(page, "timezone", te_default_timezone);
	te_gallery_part_text(page, "camera", filter->camera);
	te_gallery_part_text(page, "lens", filter->lens);
	te_gallery_part_text(page, "keyword", filter->keyword);
	appendStringInfo(page, ",\"more\":%s,\"photos\":[", gallery->count > gallery->limit ? "true" : "false");
}

/* The page, in a memory context. */
static text *
make_page(const Gallery *gallery, MemoryContext context)
{
	StringInfoData page;
	bool		first = true;
	MemoryContext caller = MemoryContextSwitchTo(context);

	te_gallery_page_begin(&page);
	MemoryContextSwitchTo(gallery->row);
	append_head(&page, gallery);
	for (int i = 0; i < gallery->shown; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (gallery->photos[i].facts == NULL)
			continue;			/* deleted since its key was read */
		if (!first)
			appendStringInfoChar(&page, ',');
		first = false;
		append_photo(&page, gallery, &gallery->photos[i]);
		MemoryContextReset(gallery->row);
	}
	appendStringInfoString(&page, "]}");
	MemoryContextSwitchTo(caller);
	return te_gallery_page_end(&page);
}

/*
 * thumbexif_gallery(relation regclass, camera text, lens text, keyword text, "from" timestamptz, "to" timestamptz,
 *		has_position boolean, "limit" int) RETURNS text
 */
Datum
thumbexif_gallery(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	Gallery		gallery = {0};
	text	   *page;

	read_arguments(fcinfo, &gallery);
	SPI_connect();
	read_photos(&gallery);
	if (gallery.distributed)
		fill_photos(&gallery);
	else
		read_states(&gallery);
	page = make_page(&gallery, caller);
	SPI_finish();
	PG_RETURN_TEXT_P(page);
}
