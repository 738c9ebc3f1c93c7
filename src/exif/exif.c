/*
 * exif.c
 *		Reads the EXIF of a file into columns and JSON, with XMP and IPTC in the JSON.
 *
 * The same code reads the EXIF of all containers: find.c locates the blocks, list.c
 * walks their directories, value.c writes a value as JSON.  XMP packets and IPTC records are
 * located on the way; xmp.c and iptc.c read them, and xmp.c the file with XMP that may lie beside.
 */
#include "exif/exif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exif/apple.h"
#include "exif/date.h"
#include "exif/facts.h"
#include "exif/field.h"
#include "exif/find.h"
#include "exif/gps.h"
#include "exif/iptc.h"
#include "exif/json.h"
#include "exif/list.h"
#include "exif/tags.h"
#include "exif/text.h"
#include "exif/value.h"
#include "exif/xmp.h"

#define TAG_MAKE		0x010F
#define TAG_MODEL		0x0110
#define TAG_ORIENTATION	0x0112
#define TAG_XMP			0x02BC
#define TAG_IPTC		0x83BB
#define TAG_RESOURCES	0x8649

/* Hashes of the names that are in the JSON already; a name occurs once. */
typedef struct NameSet
{
	uint32_t	hash[EXIF_MAX_TAGS];
	int			count;
} NameSet;

static bool
is_new_name(NameSet *set, const char *name)
{
	uint32_t	hash = 2166136261u; /* FNV-1a */

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t) *name) * 16777619u;
	for (int i = 0; i < set->count; i++)
		if (set->hash[i] == hash)
			return false;
	set->hash[set->count++] = hash;
	return true;
}

/*
 * Does IFD0's value override that of the Exif directory?  Tags below 0x829A are
 * TIFF's, those around 0x9C9B are Windows'.
 */
static bool
belongs_to_ifd0(uint16_t tag)
{
	return tag < 0x829A || (tag >= 0x9C9B && tag <= 0x9C9F) || tag >= 0xC000;
}

static void
write_dir(ExifJson *json, const ExifList *list, ExifDir dir, NameSet *names)
{
	char		buffer[EXIF_MAX_NAME];
	const char *name;

	for (int i = 0; i < list->count; i++)
	{
		const ExifFound *found = &list->found[i];
		uint16_t	tag = found->entry.tag;
		TagKind		kind;

		if (found->dir != dir ||
			(dir == EXIF_DIR_EXIF && belongs_to_ifd0(tag) &&
			 exif_lookup(list, EXIF_DIR_IFD0, tag) != NULL))
			continue;
		kind = exif_tag_kind(dir, tag, found->tiff->magic, &name, buffer);
		if (kind == TAG_POINTER || !is_new_name(names, name))
			continue;
		json_member(json, name);
		exif_value(&json->out, found, kind);
		json_member_end(json);
	}
}

/* XMP and IPTC in tags of IFD0, which come after what the container has of them, and override it. */
static void
find_in_tags(const ExifList *list, ExifPackets *packets)
{
	for (int i = 0; i < list->count; i++)
	{
		const TiffEntry *entry = &list->found[i].entry;

		if (list->found[i].dir != EXIF_DIR_IFD0)
			continue;
		if (entry->tag == TAG_XMP)
			exif_packets_xmp(packets, entry->value, entry->bytes, NULL);
		else if (entry->tag == TAG_IPTC)
			exif_packets_iptc_tag(packets, entry->value, entry->bytes);
		else if (entry->tag == TAG_RESOURCES)
			exif_packets_resources(packets, entry->value, entry->bytes);
	}
}

static void
read_packets(const ExifPackets *packets, ExifFields *fields)
{
	const uint8_t *guid;
	size_t		length;
	ExifPacket	extended;

	for (int i = 0; i < packets->iptc_count; i++)
		iptc_read(packets->iptc[i].data, packets->iptc[i].length, fields);
	for (int i = 0; i < packets->xmp_count; i++)
		xmp_read(packets->xmp[i].data, packets->xmp[i].length, fields);
	if (packets->extended_count > 0 && field_text(fields, FIELD_XMP_EXTENDED, &guid, &length) &&
		length == GUID_LENGTH && exif_packets_extended(packets, guid, &extended))
	{
		xmp_read(extended.data, extended.length, fields);
		free(extended.owned);
	}
	xmp_settle(fields);
}

/* All tags and fields as one malloc'ed JSON object; NULL if out of memory or if there is none. */
static char *
write_json(const ExifList *list, const ExifFields *fields)
{
	char	   *buffer = malloc(TE_MAX_JSON);
	char	   *fitting;
	NameSet		names;
	ExifJson	json;

	if (buffer == NULL)
		return NULL;
	names.count = 0;
	json_begin(&json, buffer, TE_MAX_JSON);
	json.truncated = list->overflow;
	write_dir(&json, list, EXIF_DIR_EXIF, &names);
	write_dir(&json, list, EXIF_DIR_IFD0, &names);
	write_dir(&json, list, EXIF_DIR_GPS, &names);
	write_dir(&json, list, EXIF_DIR_INTEROP, &names);
	fields_write(fields, &json);
	if (json_is_empty(&json) && !json.truncated)
	{
		free(buffer);
		return NULL;
	}
	json_end(&json);
	fitting = realloc(buffer, json.out.length + 1);
	return fitting != NULL ? fitting : buffer;
}

/* Make or model: IFD0's, else the Exif directory's, without blanks at either end. */
static void
read_name(const ExifList *list, uint16_t tag, char *name)
{
	ExifOut		out = {.text = name, .size = TE_MAX_TEXT};
	const uint8_t *text;
	size_t		length;

	if (exif_lookup_text(list, EXIF_DIR_IFD0, tag, &text, &length) ||
		exif_lookup_text(list, EXIF_DIR_EXIF, tag, &text, &length))
		(void) text_stripped(&out, text, length);
	out_end(&out);
}

/* False if there is something wrong with it: then nothing is taken of it. */
static bool
read_sidecar(const ExifSidecar *sidecar, ExifFields *fields)
{
	ExifFields	trial = {0};
	bool		good = sidecar->data != NULL && xmp_read(sidecar->data, sidecar->length, &trial);

	fields_free(&trial);
	if (good)
		(void) xmp_read(sidecar->data, sidecar->length, fields);
	return good;
}

static void
set_status(const ExifBlocks *blocks, const ExifList *list, bool sidecar_broken, ExifResult *result)
{
	const char *reason = NULL;

	if (list->count > 0)
		reason = result->json == NULL ? "out of memory for EXIF" : NULL;
	else if (list->broken)
		reason = "EXIF directory cannot be read";
	else if (blocks->problem != NULL)
		reason = blocks->problem;
	if (reason == NULL && sidecar_broken)
		reason = "XMP sidecar cannot be read";
	result->status = result->json != NULL ? TE_EXIF_FOUND : reason != NULL ? TE_EXIF_ERROR : TE_EXIF_NONE;
	if (reason != NULL)
		snprintf(result->error, sizeof(result->error), "%s", reason);
}

void
exif_read(TeFormat format, const uint8_t *data, size_t length, bool with_gps, ExifResult *result)
{
	exif_read_beside(format, data, length, with_gps, NULL, result, NULL);
}

void
exif_read_beside(TeFormat format, const uint8_t *data, size_t length, bool with_gps, const ExifSidecar *sidecar,
				 ExifResult *result, TeFacts *facts)
{
	ExifBlocks	blocks;
	ExifPackets packets;
	ExifList	list;
	ExifFields	fields;
	bool		sidecar_broken;

	result->error[0] = '\0';
	result->texts = NULL;
	exif_find(format, data, length, &blocks, &packets);
	exif_gather(&blocks, with_gps, &list);
	find_in_tags(&list, &packets);
	memset(&fields, 0, sizeof(fields));
	read_packets(&packets, &fields);
	apple_read(&list, &fields);
	sidecar_broken = sidecar != NULL && !read_sidecar(sidecar, &fields);

	result->json = write_json(&list, &fields);
	set_status(&blocks, &list, sidecar_broken, result);
	read_name(&list, TAG_MAKE, result->make);
	read_name(&list, TAG_MODEL, result->model);
	result->has_taken_at = exif_taken_at(&list, &result->taken_at);
	result->has_gps = exif_position(&list, &result->latitude, &result->longitude);
	if (!result->has_gps)
		result->latitude = result->longitude = 0;
	if (facts != NULL && result->status != TE_EXIF_NONE)
		result->texts = exif_facts(&list, &fields, facts);
	fields_free(&fields);
	exif_packets_free(&packets);
	exif_blocks_free(&blocks);
}

void
exif_result_free(ExifResult *result)
{
	free(result->json);
	result->json = NULL;
	free(result->texts);
	result->texts = NULL;
}

int
exif_orientation(TeFormat format, const uint8_t *data, size_t length)
{
	ExifBlocks	blocks;
	uint64_t	orientation = 1;
	Tiff		tiff;
	TiffDir		dir;

	exif_find(format, data, length, &blocks, NULL);
	if (blocks.count > 0 && tiff_open(&tiff, blocks.block[0].data, blocks.block[0].length) &&
		tiff_dir(&tiff, tiff.first, &dir))
		orientation = tiff_find_uint(&tiff, &dir, TAG_ORIENTATION, 1);
	exif_blocks_free(&blocks);
	return orientation >= 1 && orientation <= 8 ? (int) orientation : 1;
}
