/*
 * tiff.h
 *		Walks the directories of a TIFF structure.
 *
 * For Exif blocks (classic TIFF from the byte order mark on), TIFF and BigTIFF
 * files and RAW files built on TIFF, whose header may have another number than 42.
 * Nothing is allocated.  Every offset and count is compared with the length of the data
 * before it is used, and each directory is opened only once, so that a walk over any
 * bytes ends.
 *
 *		if (tiff_open(&tiff, data, length) && tiff_dir(&tiff, tiff.first, &dir))
 *			for (i = 0; i < dir.count; i++)
 *				if (tiff_entry(&tiff, &dir, i, &entry) == TIFF_GOOD)
 *					...
 */
#ifndef TE_CONTAINER_TIFF_H
#define TE_CONTAINER_TIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libexif/exif-byte-order.h>

#define TIFF_MAGIC_PANASONIC 0x55	/* RW2 and RWL; the first directory has tags of its own */

/* Tags that several of our files read. */
#define TIFF_TAG_STRIP_OFFSETS	0x0111
#define TIFF_TAG_STRIP_COUNTS	0x0117
#define TIFF_TAG_EXIF			0x8769

#define TIFF_MAX_DIRS		64	/* directories opened in one structure */
#define TIFF_MAX_ENTRIES	4096	/* entries looked at in one directory */

/* Types of values, with the numbers of libexif's ExifFormat where it has the type. */
#define TIFF_BYTE		1
#define TIFF_ASCII		2
#define TIFF_SHORT		3
#define TIFF_LONG		4
#define TIFF_RATIONAL	5
#define TIFF_SBYTE		6
#define TIFF_UNDEFINED	7
#define TIFF_SSHORT		8
#define TIFF_SLONG		9
#define TIFF_SRATIONAL	10
#define TIFF_FLOAT		11
#define TIFF_DOUBLE		12
#define TIFF_IFD		13
#define TIFF_LONG8		16
#define TIFF_SLONG8		17
#define TIFF_IFD8		18
#define TIFF_UTF8		129		/* Exif 3.0 */

typedef struct Tiff
{
	const uint8_t *data;		/* from the byte order mark on: offsets count from here */
	size_t		length;
	ExifByteOrder order;
	uint16_t	magic;			/* 42, 43 (BigTIFF), or the number of a RAW format */
	bool		big;			/* BigTIFF: entries of 20 bytes */
	uint64_t	first;			/* offset of the first directory */
	int			opened;			/* directories that tiff_dir has opened */
	uint64_t	offsets[TIFF_MAX_DIRS];
} Tiff;

typedef struct TiffDir
{
	const uint8_t *entries;
	uint32_t	count;			/* entries that lie within the data */
	bool		truncated;		/* its count is larger */
	uint64_t	next;			/* offset of the next directory in the chain, 0 = none */
} TiffDir;

typedef struct TiffEntry
{
	uint16_t	tag;
	uint16_t	type;
	uint64_t	count;			/* number of values, all within the data */
	const uint8_t *value;		/* in the data; never NULL in a good entry */
	size_t		bytes;			/* count times the size of the type */
} TiffEntry;

typedef enum TiffOutcome
{
	TIFF_GOOD,
	TIFF_BAD_TYPE,				/* no known type: the directory may be no directory at all */
	TIFF_BAD_VALUE				/* its value lies outside the data or in the directory; tag and type are set */
} TiffOutcome;

/* Read the header.  False if this is no TIFF structure. */
extern bool tiff_open(Tiff *tiff, const uint8_t *data, size_t length);

/*
 * Open the directory at this offset.  False if it lies outside the data, is
 * not a directory by its own count, was opened before, or is one too many.
 */
extern bool tiff_dir(Tiff *tiff, uint64_t offset, TiffDir *dir);

/* The entry at index 0 .. dir->count - 1. */
extern TiffOutcome tiff_entry(const Tiff *tiff, const TiffDir *dir, uint32_t index,
							  TiffEntry *entry);

/* The first good entry with this tag.  False if there is none. */
extern bool tiff_find(const Tiff *tiff, const TiffDir *dir, uint16_t tag, TiffEntry *entry);

/*
 * One value of an entry as a whole number; false if the type has no whole
 * numbers, the value is negative, or there are not that many.
 */
extern bool tiff_uint(const Tiff *tiff, const TiffEntry *entry, uint64_t index, uint64_t *value);

/* The same in one step: the first value of the first entry with this tag, or default_value. */
extern uint64_t tiff_find_uint(const Tiff *tiff, const TiffDir *dir, uint16_t tag,
							   uint64_t default_value);

/* One value as a number of any kind; false if it is not a number (text, 0/0, 1/0, NaN, infinite). */
extern bool tiff_number(const Tiff *tiff, const TiffEntry *entry, uint64_t index, double *value);

/* Bytes of one value of a type, 0 if it is not known. */
extern size_t tiff_type_size(uint16_t type);

/* A 64-bit number in the structure's byte order; libexif reads up to 32 bits. */
extern uint64_t tiff_long8(const Tiff *tiff, const uint8_t *bytes);

#endif							/* TE_CONTAINER_TIFF_H */
