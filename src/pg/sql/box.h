/*
 * box.h
 *		Boxes of geographic coordinates given as arguments of SQL functions.
 */
#ifndef TE_PG_BOX_H
#define TE_PG_BOX_H

#include "postgres.h"

#include "utils/array.h"

#include "quadkey.h"

/*
 * Read an array of west, south, east and north; ERROR if it is no box.  Longitudes may lie a turn outside, as maps give them; 360 degrees
 * and more are all.
 */
extern void te_box_from_array(ArrayType *array, TeBox *box);

/* The box around a circle; ERROR if it is none. */
extern void te_box_around(double latitude, double longitude, double metres, TeBox *box);

#endif							/* TE_PG_BOX_H */
