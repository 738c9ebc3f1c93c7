/*
 * staleness.c
 *		Decides which parts of an asset are missing or stale.
 *
 * The decision uses the state, the row, the current settings and, if it was opened, the file.  Nothing here reads a table or
 * a file.  needs_processing() in claim.c applies the decision, and also takes every missing asset to schedule its next try.
 */
#include "postgres.h"

#include "asset_files.h"
#include "pg/base/guc.h"
#include "staleness.h"

int
te_parts_kept(const TeAttachment *attachment)
{
	int			parts = 0;

	if (te_attachment_has_thumbnail(attachment))
		parts |= TE_PART_THUMBNAIL;
	if (te_attachment_has_exif(attachment) || attachment->column[TE_COL_WIDTH] != NULL ||
		attachment->column[TE_COL_HEIGHT] != NULL || attachment->column[TE_COL_FORMAT] != NULL ||
		attachment->column[TE_COL_FILE_SIZE] != NULL)
		parts |= TE_PART_EXIF;
	return parts;
}

int
te_parts_parse(const char *name)
{
	if (strcmp(name, "all") == 0)
		return TE_PART_ALL;
	if (strcmp(name, "thumbnail") == 0)
		return TE_PART_THUMBNAIL;
	if (strcmp(name, "exif") == 0)
		return TE_PART_EXIF;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for parameter \"parts\": \"%s\"", name),
			 errhint("Valid values are \"all\", \"thumbnail\" and \"exif\".")));
}

/* Does a stored setting match the current one?  1.0 stored a quality for PNG too ("256 png 85 ..."); ignore it. */
static bool
settings_match(const char *stored, const char *now)
{
	static const char png[] = " png";
	const char *head;

	if (stored == NULL)
		return false;
	head = strstr(stored, png);
	if (head != NULL)
	{
		size_t		length = head + strlen(png) - stored;
		const char *rest = stored + length;

		if (rest[0] == ' ' && rest[1] >= '0' && rest[1] <= '9')
		{
			rest += 1 + strspn(rest + 1, "0123456789");
			return strncmp(stored, now, length) == 0 && strcmp(rest, now + length) == 0;
		}
	}
	return strcmp(stored, now) == 0;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t		length = strlen(text);

	return length > strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

char *
te_settings_again(char *stored)
{
	return stored == NULL || ends_with(stored, TE_SETTINGS_AGAIN) ? stored : psprintf("%s" TE_SETTINGS_AGAIN, stored);
}

/* The settings that a thumbnail should have which was made with these. */
static const char *
wanted_settings(const char *stored, const TeSettings *settings)
{
	return settings->damaged != NULL && stored != NULL && ends_with(stored, TE_SETTINGS_OF_DAMAGED) ? settings->damaged : settings->thumbnail;
}

/* Settings of thumbnails as the state has them, taken apart. */
typedef struct ThumbnailSettings
{
	TeSizes		sizes;
	char	   *first;			/* as if the first size were the only one */
	const char *rest;			/* behind the sizes */
	bool		in_row;
} ThumbnailSettings;

/* False for a text that is not of ours. */
static bool
take_apart(const char *text, ThumbnailSettings *settings)
{
	size_t		length;

	settings->in_row = strncmp(text, TE_SETTINGS_IN_ROW, strlen(TE_SETTINGS_IN_ROW)) == 0;
	if (settings->in_row)
		text += strlen(TE_SETTINGS_IN_ROW);
	length = strcspn(text, " ");
	if (te_sizes_parse(pnstrdup(text, length), &settings->sizes) != NULL || settings->sizes.count == 0)
		return false;
	settings->rest = text + length;
	settings->first = psprintf("%s%d%s", settings->in_row ? TE_SETTINGS_IN_ROW : "", settings->sizes.side[0], settings->rest);
	return true;
}

/* Do settings differ only in sizes other than the first? */
static bool
other_sizes_only(const char *stored, const TeSettings *settings, ThumbnailSettings *before, ThumbnailSettings *after)
{
	return stored != NULL && take_apart(stored, before) && take_apart(wanted_settings(stored, settings), after) &&
		settings_match(before->first, after->first);
}

int
te_settings_first_size(const char *stored)
{
	ThumbnailSettings settings;

	return stored != NULL && take_apart(stored, &settings) ? settings.sizes.side[0] : 0;
}

char *
te_settings_without_surplus(const char *stored, const TeSettings *settings, TeSizes *kept)
{
	ThumbnailSettings before;
	ThumbnailSettings after;

	if (!other_sizes_only(stored, settings, &before, &after))
		return NULL;
	kept->count = 0;
	for (int i = 0; i < before.sizes.count; i++)
		if (te_sizes_find(&after.sizes, before.sizes.side[i]) >= 0)
			kept->side[kept->count++] = before.sizes.side[i];
	if (kept->count == before.sizes.count)
		return NULL;
	return psprintf("%s%s%s", before.in_row ? TE_SETTINGS_IN_ROW : "", te_sizes_text(kept), before.rest);
}

size_t
te_exif_settings_needed(const TeAttachment *attachment, const char *exif)
{
	size_t		length = strlen(exif);

	return attachment->column[TE_COL_EXIF_METADATA] == NULL && attachment->column[TE_COL_TAKEN_AT] == NULL ?
		length - strlen(TE_SETTINGS_WITH_XMP) : length;
}

static bool
exif_settings_match(const TeAsset *asset, const char *now)
{
	const char *stored = asset->state.exif_settings;
	size_t		needed = te_exif_settings_needed(asset->attachment, now);

	return settings_match(stored, now) ||
		(stored != NULL && strlen(stored) == needed && strncmp(stored, now, needed) == 0);
}

/* Was the file opened, so that size and mtime are known? */
static bool
was_opened(const TeSource *file)
{
	return file != NULL &&
		(file->status == TE_OK || file->status == TE_EMPTY || file->status == TE_FILE_TOO_LARGE);
}

bool
te_source_changed(const TeAsset *asset, const TeSource *file)
{
	const TeState *state = &asset->state;

	if (!state->exists || !state->has_path_hash)
		return false;			/* never examined */
	if (state->path_hash != te_path_hash(asset->path))
		return true;
	return was_opened(file) && state->source_size >= 0 &&	/* else it was never opened */
		(file->size_bytes != state->source_size || file->mtime_ns != state->source_mtime);
}

bool
te_sidecar_changed(const TeAsset *asset, const TeSource *file)
{
	const TeState *state = &asset->state;

	/* if the table has no column for EXIF, nobody looks for sidecars when the image is processed */
	return (te_parts_kept(asset->attachment) & TE_PART_EXIF) && state->exists && state->has_path_hash &&
		was_opened(file) && file->sidecar_known && file->sidecar != state->sidecar;
}

/* Compares the end of the path: thumbnail_dir may have been moved, and copies of the database have other folders. */
bool
te_path_names_file(const char *path, const char *file)
{
	size_t		file_length;
	size_t		path_length;

	if (file == NULL || path == NULL)
		return false;
	file_length = strlen(file);
	path_length = strlen(path);
	return path_length > file_length && path[path_length - file_length - 1] == '/' && strcmp(path + path_length - file_length, file) == 0;
}

bool
te_names_our_file(const TeAsset *asset)
{
	return te_path_names_file(asset->thumbnail_path, asset->state.file);
}

/* Is there a thumbnail, whoever made it?  *ours tells whether that was we. */
static bool
has_thumbnail(const TeAsset *asset, bool *ours)
{
	if (te_attachment_stores_bytes(asset->attachment))
	{
		*ours = asset->has_thumbnail && (asset->state.wrote & TE_WROTE_THUMBNAIL) != 0;
		return asset->has_thumbnail;
	}
	*ours = te_names_our_file(asset);
	return asset->thumbnail_path != NULL;
}

/*
 * A file in the table's folder that is not in the state may be another asset's, which removes it, or of a state that is lost: unless
 * it is adopted (adopt.h), the asset needs one of its own.
 */
static bool
thumbnail_is_stale(const TeAsset *asset, const TeSettings *settings, bool changed)
{
	const char *stored = asset->state.thumbnail_settings;
	bool		ours;

	if (!has_thumbnail(asset, &ours))
		return true;
	if (!ours)
		return (changed || stored == NULL) && te_asset_files_own_name(asset) != NULL;
	return changed || asset->thumbnail_lost || !settings_match(stored, wanted_settings(stored, settings));
}

bool
te_stale_sizes(const TeAsset *asset, const TeSettings *settings, const TeSource *file, TeSizes *missing)
{
	ThumbnailSettings before;
	ThumbnailSettings after;
	bool		ours;

	if (!has_thumbnail(asset, &ours) || !ours || asset->thumbnail_lost || te_source_changed(asset, file) ||
		!other_sizes_only(asset->state.thumbnail_settings, settings, &before, &after))
		return false;
	missing->count = 0;
	for (int i = 0; i < after.sizes.count; i++)
		if (te_sizes_find(&before.sizes, after.sizes.side[i]) < 0)
			missing->side[missing->count++] = after.sizes.side[i];
	return true;
}

int
te_missing_parts(const TeAsset *asset, const TeSettings *settings, const TeSource *file)
{
	bool		changed = te_source_changed(asset, file);
	int			missing = 0;

	if (thumbnail_is_stale(asset, settings, changed))
		missing |= TE_PART_THUMBNAIL;
	if (changed || te_sidecar_changed(asset, file) || !exif_settings_match(asset, settings->exif))
		missing |= TE_PART_EXIF;
	return missing & te_parts_kept(asset->attachment);
}

int64
te_status_limit(int status)
{
	switch (status)
	{
		case TE_TOO_MANY_PIXELS:
			return te_max_pixels;
		case TE_FILE_TOO_LARGE:
			return te_max_file_size;
		case TE_OUT_OF_MEMORY:
			return te_decoder_memory;
		case TE_TIMEOUT:
			return te_decode_timeout;
		case TE_CORRUPT:
		case TE_TRUNCATED:
			return te_damaged_images;
		default:
			return -1;
	}
}

/* The limit on which an asset failed; a damaged image did before it could be shown if the state does not tell. */
static int64
limit_hit(const TeState *state)
{
	if (state->limit_hit >= 0)
		return state->limit_hit;
	return state->verdict == TE_CORRUPT || state->verdict == TE_TRUNCATED ? TE_DAMAGED_FAIL : PG_INT64_MAX;
}

/* Has something changed since the failure, so that another try may succeed? */
static bool
may_succeed_now(const TeAsset *asset, const TeSettings *settings, const TeSource *file)
{
	const TeState *state = &asset->state;

	return te_source_changed(asset, file) || te_sidecar_changed(asset, file) ||
		(state->verdict == TE_DENIED && file != NULL && file->status != TE_DENIED) ||
		!settings_match(state->tried_settings, settings->both) ||
		te_status_limit(state->verdict) > limit_hit(state);
}

bool
te_stale_depends_on_file(const TeAsset *asset)
{
	TeAssetStatus status = te_asset_status(&asset->state);

	return status == TE_ASSET_FAILED || status == TE_ASSET_UNSUPPORTED;
}

int
te_stale_parts(const TeAsset *asset, const TeSettings *settings, int parts, const TeSource *file)
{
	int			all = te_parts_kept(asset->attachment);
	int			kept = parts & all;
	int			missing = te_missing_parts(asset, settings, file);

	/* if the table has no column for any part, the file is checked, to give the asset a final status */
	if (kept == 0 && all != 0)
		return 0;
	switch (te_asset_status(&asset->state))
	{
		case TE_ASSET_NEW:
		case TE_ASSET_QUEUED:

			/* nothing is missing, but the state does not say so yet */
			if (missing == 0)
				return TE_PART_CHECK_FILE;
			break;
		case TE_ASSET_FAILED:
		case TE_ASSET_UNSUPPORTED:
			if (!may_succeed_now(asset, settings, file))
				return 0;
			if (missing == 0)
				return TE_PART_CHECK_FILE;
			break;
		case TE_ASSET_MISSING:
			if (!te_source_changed(asset, file) && (file == NULL || file->status == TE_MISSING))
				return 0;
			if (missing == 0)
				return TE_PART_CHECK_FILE;
			break;
		case TE_ASSET_DONE:
			if (file != NULL && file->status != TE_OK)
				return (missing & kept) | TE_PART_CHECK_FILE;
			break;
		case TE_ASSET_RUNNING:	/* te_asset_status() never returns it */
			break;
	}
	return missing & kept;
}
