/*
 * asset_reading.h
 *		Reading one asset for a function of users, with the caller's rights on its row.
 */
#ifndef TE_PG_ASSET_READING_H
#define TE_PG_ASSET_READING_H

#include "postgres.h"

#include "fmgr.h"

#include "pg/catalog/asset.h"

/* The arguments (id, relation) of a function.  False if id is NULL, or if no row can have it. */
extern bool te_asset_arguments(FunctionCallInfo fcinfo, Oid type, TeAttachment **attachment, TeKey *key);

/*
 * Read an asset: its row as the caller, with the caller's rights and row security, then its state.  With TE_STATE_SEE both
 * in the active snapshot.  False if the caller sees no such row.  Without with_path only the key and the columns of the thumbnail are
 * read, so that the caller needs no right on the path.  The asset's attachment is the member that has the row.  Inside SPI.
 */
extern bool te_asset_read(TeAttachment *attachment, const TeKey *key, bool with_path, TeStateRead how, TeAsset *asset);

/* The thumbnail that is stored in this column of the row, read as the caller, palloc'd; NULL if there is none.  Inside SPI. */
extern bytea *te_asset_row_bytes(const TeAsset *asset, TeStateRead how, const char *column);

/*
 * The table in which an asset is: of one with members, the member that has the row.  NULL if the caller sees no such row; ERROR if two
 * members have one.  Inside SPI.
 */
extern TeAttachment *te_asset_table(TeAttachment *attachment, const TeKey *key, TeStateRead how);

#endif							/* TE_PG_ASSET_READING_H */
