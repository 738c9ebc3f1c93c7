/*
 * tiff.c
 *		Walks the directories of a TIFF structure.
 */
#include "container/tiff.h"

#include <math.h>
#include <string.h>

#include <libexif/exif-format.h>
#include <libexif/exif-utils.h>

/* A directory is small; a larger count means that the offset was wrong. */
#define SANE_ENTRIES 65535

size_t
tiff_type_size(uint16_t type)
{
	switch (type)
	{
		case TIFF_IFD:
			return 4;
		case TIFF_LONG8:
		case TIFF_SLONG8:
		case TIFF_IFD8:
			return 8;
		case TIFF_UTF8:
			return 1;
		default:
			return type <= TIFF_DOUBLE ? exif_format_get_size((ExifFormat) type) : 0;
	}
}

uint64_t
tiff_long8(const Tiff *tiff, const uint8_t *bytes)
{
	uint64_t	first = exif_get_long(bytes, tiff->order);
	uint64_t	second = exif_get_long(bytes + 4, tiff->order);

	return tiff->order == EXIF_BYTE_ORDER_MOTOROLA ? first << 32 | second : second << 32 | first;
}

bool
tiff_open(Tiff *tiff, const uint8_t *data, size_t length)
{
	memset(tiff, 0, offsetof(Tiff, offsets));
	tiff->data = data;
	tiff->length = length;
	if (length < 8)
		return false;
	if (memcmp(data, "II", 2) == 0)
		tiff->order = EXIF_BYTE_ORDER_INTEL;
	else if (memcmp(data, "MM", 2) == 0)
		tiff->order = EXIF_BYTE_ORDER_MOTOROLA;
	else
		return false;

	tiff->magic = exif_get_short(data + 2, tiff->order);
	if (tiff->magic == 43 && length >= 16 && exif_get_short(data + 4, tiff->order) == 8)
	{
		tiff->big = true;
		tiff->first = tiff_long8(tiff, data + 8);
	}
	else
		tiff->first = exif_get_long(data + 4, tiff->order);

	/* A directory never lies in the header. */
	return tiff->first >= 8;
}

/* Has this directory been opened before?  If not, note that it is now. */
static bool
opened_before(Tiff *tiff, uint64_t offset)
{
	if (tiff->opened >= TIFF_MAX_DIRS)
		return true;
	for (int i = 0; i < tiff->opened; i++)
		if (tiff->offsets[i] == offset)
			return true;
	tiff->offsets[tiff->opened++] = offset;
	return false;
}

bool
tiff_dir(Tiff *tiff, uint64_t offset, TiffDir *dir)
{
	size_t		head = tiff->big ? 8 : 2;
	size_t		entry_size = tiff->big ? 20 : 12;
	size_t		tail = tiff->big ? 8 : 4;
	uint64_t	count,
				capacity;
	const uint8_t *start;

	memset(dir, 0, sizeof(*dir));
	if (offset < 8 || offset > tiff->length || tiff->length - offset < head ||
		opened_before(tiff, offset))
		return false;

	start = tiff->data + offset;
	capacity = (tiff->length - offset - head) / entry_size;
	count = tiff->big ? tiff_long8(tiff, start) : exif_get_short(start, tiff->order);
	if (count > SANE_ENTRIES)
		return false;

	dir->entries = start + head;
	dir->truncated = count > capacity || count > TIFF_MAX_ENTRIES;
	if (count <= capacity &&
		tiff->length - offset - head - count * entry_size >= tail)
	{
		const uint8_t *end = dir->entries + count * entry_size;

		dir->next = tiff->big ? tiff_long8(tiff, end) : exif_get_long(end, tiff->order);
	}
	if (count > capacity)
		count = capacity;
	dir->count = count < TIFF_MAX_ENTRIES ? (uint32_t) count : TIFF_MAX_ENTRIES;
	return true;
}

TiffOutcome
tiff_entry(const Tiff *tiff, const TiffDir *dir, uint32_t index, TiffEntry *entry)
{
	size_t		entry_size = tiff->big ? 20 : 12;
	const uint8_t *raw = dir->entries + index * entry_size;
	const uint8_t *field = raw + (tiff->big ? 12 : 8);
	size_t		field_size = tiff->big ? 8 : 4;
	size_t		size;
	uint64_t	offset;

	memset(entry, 0, sizeof(*entry));
	entry->tag = exif_get_short(raw, tiff->order);
	entry->type = exif_get_short(raw + 2, tiff->order);
	size = tiff_type_size(entry->type);
	if (size == 0)
		return TIFF_BAD_TYPE;

	entry->count = tiff->big ? tiff_long8(tiff, raw + 4) : exif_get_long(raw + 4, tiff->order);
	if (entry->count > tiff->length / size)
		return TIFF_BAD_VALUE;
	entry->bytes = (size_t) entry->count * size;
	if (entry->bytes <= field_size)
	{
		entry->value = field;
		return TIFF_GOOD;
	}
	offset = tiff->big ? tiff_long8(tiff, field) : exif_get_long(field, tiff->order);
	if (offset < 8 || offset > tiff->length || tiff->length - offset < entry->bytes)
		return TIFF_BAD_VALUE;
	entry->value = tiff->data + offset;

	/* A value never lies in the directory itself. */
	if (entry->value < dir->entries + (size_t) dir->count * entry_size &&
		entry->value + entry->bytes > dir->entries)
		return TIFF_BAD_VALUE;
	return TIFF_GOOD;
}

bool
tiff_find(const Tiff *tiff, const TiffDir *dir, uint16_t tag, TiffEntry *entry)
{
	for (uint32_t i = 0; i < dir->count; i++)
		if (tiff_entry(tiff, dir, i, entry) == TIFF_GOOD && entry->tag == tag)
			return true;
	return false;
}

bool
tiff_uint(const Tiff *tiff, const TiffEntry *entry, uint64_t index, uint64_t *value)
{
	const uint8_t *at;
	int64_t		number;

	if (index >= entry->count)
		return false;
	at = entry->value + (size_t) index * tiff_type_size(entry->type);
	switch (entry->type)
	{
		case TIFF_BYTE:
		case TIFF_UNDEFINED:
			number = at[0];
			break;
		case TIFF_SHORT:
			number = exif_get_short(at, tiff->order);
			break;
		case TIFF_LONG:
		case TIFF_IFD:
			number = exif_get_long(at, tiff->order);
			break;
		case TIFF_SBYTE:
			number = (int8_t) at[0];
			break;
		case TIFF_SSHORT:
			number = exif_get_sshort(at, tiff->order);
			break;
		case TIFF_SLONG:
			number = exif_get_slong(at, tiff->order);
			break;
		case TIFF_LONG8:
		case TIFF_IFD8:
			*value = tiff_long8(tiff, at);
			return true;
		case TIFF_SLONG8:
			number = (int64_t) tiff_long8(tiff, at);
			break;
		default:
			return false;
	}
	*value = (uint64_t) number;
	return number >= 0;
}

uint64_t
tiff_find_uint(const Tiff *tiff, const TiffDir *dir, uint16_t tag, uint64_t default_value)
{
	TiffEntry	entry;
	uint64_t	value;

	if (tiff_find(tiff, dir, tag, &entry) && tiff_uint(tiff, &entry, 0, &value))
		return value;
	return default_value;
}

/* A fraction; false if the denominator is zero. */
static bool
quotient(double numerator, double denominator, double *value)
{
	if (denominator == 0)
		return false;
	*value = numerator / denominator;
	return true;
}

bool
tiff_number(const Tiff *tiff, const TiffEntry *entry, uint64_t index, double *value)
{
	const uint8_t *at;
	uint64_t	bits;
	uint32_t	bits32;
	float		single;

	if (index >= entry->count)
		return false;
	at = entry->value + (size_t) index * tiff_type_size(entry->type);
	switch (entry->type)
	{
		case TIFF_RATIONAL:
			return quotient(exif_get_long(at, tiff->order),
							exif_get_long(at + 4, tiff->order), value);
		case TIFF_SRATIONAL:
			return quotient(exif_get_slong(at, tiff->order),
							exif_get_slong(at + 4, tiff->order), value);
		case TIFF_FLOAT:
			bits32 = exif_get_long(at, tiff->order);
			memcpy(&single, &bits32, sizeof(single));
			*value = single;
			return isfinite(*value);
		case TIFF_DOUBLE:
			bits = tiff_long8(tiff, at);
			memcpy(value, &bits, sizeof(*value));
			return isfinite(*value);
		case TIFF_SBYTE:
			*value = (int8_t) at[0];
			return true;
		case TIFF_SSHORT:
			*value = exif_get_sshort(at, tiff->order);
			return true;
		case TIFF_SLONG:
			*value = exif_get_slong(at, tiff->order);
			return true;
		case TIFF_SLONG8:
			*value = (double) (int64_t) tiff_long8(tiff, at);
			return true;
		default:
			if (!tiff_uint(tiff, entry, index, &bits))
				return false;
			*value = (double) bits;
			return true;
	}
}
