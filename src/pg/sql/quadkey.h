/*
 * quadkey.h
 *		Positions on the map as numbers: Web Mercator with the bits of both axes interleaved (Morton order).
 *
 * Each axis has 2^31 steps.  Two bits of a quadkey choose a quarter of the map, the next two a quarter of that, and so
 * on: the first 2n bits are the number of a tile of zoom n, and the positions in any tile are one range of quadkeys.
 */
#ifndef TE_PG_QUADKEY_H
#define TE_PG_QUADKEY_H

#include "postgres.h"

#define TE_QUADKEY_BITS 31		/* of an axis */
#define TE_QUADKEY_RANGES 8		/* ranges by which a box is covered */

/* Degrees; west > east crosses the date line. */
typedef struct TeBox
{
	double		west;
	double		south;
	double		east;
	double		north;
} TeBox;

/* Steps of both axes, both ends included; x from the west, y from the north. */
typedef struct TeArea
{
	uint32		x[2];
	uint32		y[2];
} TeArea;

/* Are these degrees of a position?  Not if one is NaN. */
extern bool te_is_position(double latitude, double longitude);

/* The box as one area, or two if it crosses the date line, a step wider on all sides; returns how many. */
extern int	te_box_areas(const TeBox *box, TeArea areas[2]);

/* Steps of an axis of both parts of a quadkey, and back. */
extern int64 te_interleave(uint32 x, uint32 y);

/* Metres between two positions on a sphere. */
extern double te_distance(double latitude1, double longitude1, double latitude2, double longitude2);

#endif							/* TE_PG_QUADKEY_H */
