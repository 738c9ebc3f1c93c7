/*
 * reduce.h
 *		How the sides of a picture are shrunk, for reduce.c.
 */
#ifndef TE_IMAGE_REDUCE_H
#define TE_IMAGE_REDUCE_H

#include "image/internal.h"

#define BATCH		16			/* rows that are turned and shrunk across at once */

/* How one side is shrunk: boxes of pixels, of which weighted sums are made. */
typedef struct ImgAxis
{
	int			pixels;			/* before */
	int			size;			/* after */
	int			box;			/* pixels in a box; fewer in the last one */
	int			boxes;
	int			taps;			/* weights of each sum */
	int		   *first;			/* by number of the sum: its first box */
	int16_t    *weights;		/* by number of the sum: taps weights */
	int16_t    *round;			/* by number of the sum: half of what rounding down costs */
} ImgAxis;

/* reduce_axis.c */

/* False if out of memory; to be freed in any case. */
extern bool img_axis_make(ImgAxis *axis, const ImgSide *side);
extern void img_axis_free(ImgAxis *axis);

/* Boxes that BATCH sums in a row need, at most. */
extern int	img_axis_window(const ImgAxis *axis);

#endif							/* TE_IMAGE_REDUCE_H */
