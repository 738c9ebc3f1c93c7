/*
 * find.h
 *		Finds the Exif blocks, XMP packets and IPTC records of a file (private to src/exif).
 */
#ifndef TE_EXIF_FIND_H
#define TE_EXIF_FIND_H

#include "exif/block.h"
#include "wire/message.h"

/*
 * Find the Exif blocks of a file and, unless packets is NULL, XMP and IPTC that do not lie in tags.  They point
 * into data or own their bytes: call exif_blocks_free and exif_packets_free in either case.
 */
extern void exif_find(TeFormat format, const uint8_t *data, size_t length,
					  ExifBlocks *blocks, ExifPackets *packets);

#endif							/* TE_EXIF_FIND_H */
