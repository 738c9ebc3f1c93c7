/*
 * asset_place.h
 *		Finds the members of an attached table that have certain assets.
 */
#ifndef TE_PG_ASSET_PLACE_H
#define TE_PG_ASSET_PLACE_H

#include "postgres.h"

#include "pg/catalog/asset.h"

/* A key and the member that has the row. */
typedef struct TePlace
{
	TeKey		key;
	Oid			relation;		/* InvalidOid: there is no row */
} TePlace;

/*
 * Where the assets with these keys are, sorted by member and key; those in two members are there twice.  Of a table of Citus
 * that is not partitioned only that the shard is on this node is known; if it is on another it is an ERROR.  Reads as the table's owner.  Inside SPI.
 */
extern TePlace *te_asset_places(const TeAttachment *attachment, TeKey *keys, int count, int *found_count);

#endif							/* TE_PG_ASSET_PLACE_H */
