/*
 * gallery_part.h
 *		What thumbexif_gallery() tells of a photo beside its row: status, thumbnail, and what went wrong.
 */
#ifndef TE_PG_GALLERY_PART_H
#define TE_PG_GALLERY_PART_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "pg/catalog/asset.h"

/* Append a text as a member of a JSON object, behind others; nothing if the value is NULL. */
extern void te_gallery_part_text(StringInfo page, const char *name, const char *value);

/* Append these members for an asset with its state; "thumbnail" is the one in the row, or NULL. */
extern void te_gallery_part_append(StringInfo page, const TeAsset *asset, const bytea *thumbnail);

#endif							/* TE_PG_GALLERY_PART_H */
