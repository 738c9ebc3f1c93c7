/*
 * asset_count_numbers.c
 *		Numbers of assets in memory: what was read of the table thumbexif_count, summed up.
 */
#include "postgres.h"

#include "utils/hsearch.h"

#include "asset_count.h"

HTAB *
te_counts_new(void)
{
	HASHCTL		control = {
		.keysize = sizeof(int),
		.entrysize = sizeof(TeAssetCounts),
		.hcxt = CurrentMemoryContext
	};

	return hash_create("thumbexif numbers", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Is it near now?  Other times are ignored: the clock may have been set back. */
bool
te_count_is_recent(TimestampTz at)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		bound = TE_COUNT_RATE_SECONDS * USECS_PER_SEC;

	return at > now - bound && at < now + bound;
}

static void
add_finished(TeAssetCounts *counts, int64 assets, TimestampTz at)
{
	if (!te_count_is_recent(at))
		return;
	if (counts->first_finished_at == 0 || at < counts->first_finished_at)
	{
		counts->first_finished_at = at;
		counts->first_finished = 0;
	}
	if (at == counts->first_finished_at)
		counts->first_finished += assets;
	counts->last_finished_at = Max(counts->last_finished_at, at);
	counts->finished += assets;
}

static void
add_settings(TeAssetCounts *counts, const TeCountSettings *settings, int64 assets)
{
	TeSettingsCount *count = counts->settings;

	while (count != NULL && (count->settings.thumbnail != settings->thumbnail || count->settings.exif != settings->exif))
		count = count->next;
	if (count == NULL)
	{
		count = palloc0(sizeof(TeSettingsCount));
		count->settings = *settings;
		count->next = counts->settings;
		counts->settings = count;
	}
	count->assets += assets;
}

void
te_counts_add(HTAB *counts, const TeCountEntry *entry)
{
	TeAssetCounts *sum;
	bool		found;

	sum = hash_search(counts, &entry->attachment, HASH_ENTER, &found);
	if (!found)
	{
		memset(sum, 0, sizeof(TeAssetCounts));
		sum->attachment = entry->attachment;
	}
	if (entry->kind < TE_ASSET_STATUSES)
		sum->assets[entry->kind] += entry->number;
	else if (entry->kind == TE_COUNT_ROWS)
		sum->rows += entry->number;
	else if (entry->kind == TE_COUNT_COUNTED)
		sum->counted += entry->number;
	else if (entry->kind == TE_COUNT_SETTINGS)
		add_settings(sum, &entry->settings, entry->number);
	else
		add_finished(sum, entry->number, entry->at);
}

const TeAssetCounts *
te_counts_find(HTAB *counts, int attachment)
{
	return hash_search(counts, &attachment, HASH_FIND, NULL);
}

int64
te_counts_known(const TeAssetCounts *counts)
{
	int64		known = 0;

	for (int i = 0; i < TE_ASSET_STATUSES; i++)
		known += counts->assets[i];
	return known;
}
