/*
 * jis.h
 *		Converts text in JIS X 0208 to UTF-8 (private to src/exif).
 */
#ifndef TE_EXIF_JIS_H
#define TE_EXIF_JIS_H

#include <stddef.h>
#include <stdint.h>

#include "exif/json.h"

/* All of the bytes, with or without escape sequences (ISO-2022-JP or EUC-JP). */
extern void text_jis(ExifOut *out, const uint8_t *bytes, size_t length);

#endif							/* TE_EXIF_JIS_H */
