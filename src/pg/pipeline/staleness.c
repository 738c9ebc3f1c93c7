/*
 * staleness.c
 *		What an asset lacks.  The only place where that is decided.
 *
 * From the state, the row, the settings as they are now, and (where somebody
 * has looked) the file.  Nothing here reads or writes anything.
 */
#include "postgres.h"

#include "pg/base/guc.h"
#include "staleness.h"
#include "wire/message.h"

void
te_settings_now(TeSettings *settings)
{
	settings->thumbnail = psprintf("%d %s", te_thumbnail_size, te_format_name(te_thumbnail_format));
	if (te_thumbnail_format != TE_FORMAT_PNG)	/* which knows no quality */
		settings->thumbnail = psprintf("%s %d", settings->thumbnail, te_thumbnail_quality);
	settings->exif = psprintf("%s %s", te_default_timezone, te_exif_gps ? "gps" : "nogps");
	settings->both = psprintf("%s %s", settings->thumbnail, settings->exif);
}

int
te_parts_kept(const TeAttachment *attachment)
{
	int			parts = 0;

	if (te_attachment_has_thumbnail(attachment))
		parts |= TE_PART_THUMBNAIL;
	if (te_attachment_has_exif(attachment) || attachment->column[TE_COL_WIDTH] != NULL ||
		attachment->column[TE_COL_HEIGHT] != NULL)
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

/* Are settings that a state keeps those of now?  1.0 noted a quality for PNG too ("256 png 85 ..."). */
static bool
same(const char *kept, const char *now)
{
	static const char png[] = " png";
	const char *head;

	if (kept == NULL)
		return false;
	head = strstr(kept, png);
	if (head != NULL)
	{
		size_t		length = head + strlen(png) - kept;
		const char *rest = kept + length;

		if (rest[0] == ' ' && rest[1] >= '0' && rest[1] <= '9')
		{
			rest += 1 + strspn(rest + 1, "0123456789");
			return strncmp(kept, now, length) == 0 && strcmp(rest, now + length) == 0;
		}
	}
	return strcmp(kept, now) == 0;
}

/* Could the file be opened, so that size and mtime are known? */
static bool
seen(const TeSource *file)
{
	return file != NULL &&
		(file->status == TE_OK || file->status == TE_EMPTY || file->status == TE_FILE_TOO_LARGE);
}

bool
te_source_changed(const TeAsset *asset, const TeSource *file)
{
	const TeState *state = &asset->state;

	if (!state->exists || !state->has_path_hash)
		return false;			/* never looked at: nothing it could differ from */
	if (state->path_hash != te_path_hash(asset->path))
		return true;
	return seen(file) && state->source_size >= 0 && /* else it has never been seen itself */
		(file->size != state->source_size || file->mtime != state->source_mtime);
}

/* By its end: thumbnail_dir may have been moved, and copies of the database and of its files have folders of their own. */
bool
te_names_our_file(const TeAsset *asset)
{
	const char *file = asset->state.file;
	size_t		ours;
	size_t		whole;

	if (file == NULL || asset->thumbnail_path == NULL)
		return false;
	ours = strlen(file);
	whole = strlen(asset->thumbnail_path);
	return whole > ours && asset->thumbnail_path[whole - ours - 1] == '/' &&
		strcmp(asset->thumbnail_path + whole - ours, file) == 0;
}

int
te_missing_parts(const TeAsset *asset, const TeSettings *settings, const TeSource *file)
{
	bool		changed = te_source_changed(asset, file);
	int			lacks = 0;

	if (asset->thumbnail_path == NULL ||
		(te_names_our_file(asset) &&
		 (changed || asset->thumbnail_lost || !same(asset->state.thumbnail_settings, settings->thumbnail))))
		lacks |= TE_PART_THUMBNAIL;
	if (changed || !same(asset->state.exif_settings, settings->exif))
		lacks |= TE_PART_EXIF;
	return lacks & te_parts_kept(asset->attachment);
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
		default:
			return -1;
	}
}

/* May an asset that has failed go better now? */
static bool
freed(const TeAsset *asset, const TeSettings *settings, const TeSource *file)
{
	const TeState *state = &asset->state;

	return te_source_changed(asset, file) ||
		(state->verdict == TE_DENIED && file != NULL && file->status != TE_DENIED) ||
		!same(state->tried_settings, settings->both) ||
		(state->limit_hit >= 0 && te_status_limit(state->verdict) > state->limit_hit);
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
	int			lacks = te_missing_parts(asset, settings, file);

	/* of a table that keeps nothing at all, the file is looked at: its asset has to end somewhere too */
	if (kept == 0 && all != 0)
		return 0;
	switch (te_asset_status(&asset->state))
	{
		case TE_ASSET_NEW:
		case TE_ASSET_QUEUED:

			/* nothing to do, but nobody has said so yet */
			if (lacks == 0)
				return TE_PART_LOOK;
			break;
		case TE_ASSET_FAILED:
		case TE_ASSET_UNSUPPORTED:
			if (!freed(asset, settings, file))
				return 0;
			if (lacks == 0)
				return TE_PART_LOOK;
			break;
		case TE_ASSET_MISSING:
			if (!te_source_changed(asset, file) && (file == NULL || file->status == TE_MISSING))
				return 0;
			if (lacks == 0)
				return TE_PART_LOOK;
			break;
		case TE_ASSET_DONE:
			if (file != NULL && file->status != TE_OK)
				return (lacks & kept) | TE_PART_LOOK;
			break;
		case TE_ASSET_RUNNING:	/* claimed_from never is */
			break;
	}
	return lacks & kept;
}
