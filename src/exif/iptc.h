/*
 * iptc.h
 *		Reads IPTC records: IIM, as newspapers and older programs write it (private to src/exif).
 */
#ifndef TE_EXIF_IPTC_H
#define TE_EXIF_IPTC_H

#include "exif/field.h"

/* Read the values of a block of records.  Of one that ends too early or is broken, those before that place. */
extern void iptc_read(const uint8_t *data, size_t length, ExifFields *fields);

#endif							/* TE_EXIF_IPTC_H */
