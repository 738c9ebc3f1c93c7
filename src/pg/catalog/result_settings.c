/*
 * result_settings.c
 *		The settings that determine results, as states store them.
 */
#include "postgres.h"

#include "pg/base/guc.h"
#include "result_settings.h"
#include "wire/message.h"

/* The sizes of a table's thumbnails. */
static void
find_sizes(const TeAttachment *attachment, TeSizes *sizes)
{
	*sizes = attachment->sizes;
	if (sizes->count == 0)
		(void) te_sizes_parse(te_thumbnail_sizes, sizes);	/* the check hook has checked it */
	if (sizes->count > 0)
		return;
	sizes->count = 1;
	sizes->side[0] = te_thumbnail_size;
}

void
te_settings_now(const TeAttachment *attachment, TeSettings *settings)
{
	find_sizes(attachment, &settings->sizes);
	settings->thumbnail = psprintf("%s%s %s", te_attachment_stores_bytes(attachment) ? TE_SETTINGS_IN_ROW : "",
								   te_sizes_text(&settings->sizes), te_format_name(te_thumbnail_format));
	if (te_thumbnail_format != TE_FORMAT_PNG)	/* PNG has no quality */
		settings->thumbnail = psprintf("%s %d", settings->thumbnail, te_thumbnail_quality);
	settings->exif = psprintf("%s %s" TE_SETTINGS_WITH_XMP, te_default_timezone, te_exif_gps ? "gps" : "nogps");
	settings->both = psprintf("%s %s", settings->thumbnail, settings->exif);
	settings->damaged = te_damaged_images == TE_DAMAGED_SHOW ? psprintf("%s" TE_SETTINGS_OF_DAMAGED, settings->thumbnail) : NULL;
}
