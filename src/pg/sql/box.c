/*
 * box.c
 *		SQL functions thumbexif_quadkey_ranges() and thumbexif_map_cells(): the ranges of quadkeys that cover a box or a circle,
 *		for index scans.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "box.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_quadkey_ranges_box);
PG_FUNCTION_INFO_V1(thumbexif_quadkey_ranges_circle);
PG_FUNCTION_INFO_V1(thumbexif_map_cells);

#define MAX_CELLS			128 /* before they are joined to ranges */
#define MAX_MAP_CELLS		500
#define MAX_ZOOM			28
#define CELLS_IN_TILE		2	/* as power of two, on each side: of 64 pixels each */
#define METRES_OF_A_DEGREE	111194.9

typedef struct Cell
{
	uint32		x;				/* in units of its size */
	uint32		y;
	int			depth;			/* bits of an axis */
	bool		whole;			/* lies inside the box */
} Cell;

typedef struct Range
{
	int64		lowest;
	int64		highest;
} Range;

typedef struct Cover
{
	TeArea		areas[2];
	int			area_count;
	Cell		cells[MAX_CELLS];
	int			count;
} Cover;

/* --- arguments */

/* A longitude between -180 and 180. */
static double
wrap(double longitude)
{
	if (longitude >= -180 && longitude <= 180)
		return longitude;
	return longitude - 360 * floor((longitude + 180) / 360);
}

/* As te_box_from_array(), of single values. */
static void
box_from_values(double west, double south, double east, double north, TeBox *box)
{
	if (!(fabs(west) <= 540 && fabs(east) <= 540 && south >= -90 && south <= north && north <= 90))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("not a box: west %g, south %g, east %g, north %g", west, south, east, north),
				 errhint("Give degrees, south not above north, as in ARRAY[5.9, 45.8, 10.5, 47.8]. West is greater than east if the box crosses the date line.")));
	if (east - west >= 360)
	{
		west = -180;
		east = 180;
	}
	*box = (TeBox) {wrap(west), south, wrap(east), north};
}

void
te_box_from_array(ArrayType *array, TeBox *box)
{
	const float8 *values = (const float8 *) ((const char *) array + ARR_OVERHEAD_NONULLS(1));

	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != 4 || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != FLOAT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("a box must have four numbers"),
				 errhint("Give west, south, east and north in degrees, as in ARRAY[5.9, 45.8, 10.5, 47.8].")));
	box_from_values(values[0], values[1], values[2], values[3], box);
}

void
te_box_around(double latitude, double longitude, double metres, TeBox *box)
{
	double		degrees;
	double		farthest;

	if (!(te_is_position(latitude, longitude) && metres >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("not a circle: latitude %g, longitude %g, %g metres", latitude, longitude, metres),
				 errhint("Give degrees, and a distance of 0 or more.")));
	degrees = metres / METRES_OF_A_DEGREE * 1.001 + 1e-6;
	box->south = Max(latitude - degrees, -90);
	box->north = Min(latitude + degrees, 90);
	farthest = Max(fabs(box->south), fabs(box->north));
	/* the meridians that touch the circle */
	if (farthest < 89.99)
		degrees = asin(Min(1, sin(Min(degrees, 90) * M_PI / 180) / cos(latitude * M_PI / 180))) * 180 / M_PI * 1.001 + 1e-6;
	if (farthest >= 89.99 || degrees >= 89)
	{
		box->west = -180;
		box->east = 180;
		return;
	}
	box->west = wrap(longitude - degrees);
	box->east = wrap(longitude + degrees);
}

/* --- covering a box */

/* Is the cell outside all areas (0), partly inside (1), or wholly inside one (2)? */
static int
overlap(const Cover *cover, const Cell *cell)
{
	int			shift = TE_QUADKEY_BITS - cell->depth;
	uint32		size = UINT32_C(1) << shift;
	uint32		x = cell->x << shift;
	uint32		y = cell->y << shift;
	int			result = 0;

	for (int i = 0; i < cover->area_count; i++)
	{
		const TeArea *area = &cover->areas[i];

		if (x > area->x[1] || x + (size - 1) < area->x[0] || y > area->y[1] || y + (size - 1) < area->y[0])
			continue;
		if (x >= area->x[0] && x + (size - 1) <= area->x[1] && y >= area->y[0] && y + (size - 1) <= area->y[1])
			return 2;
		result = 1;
	}
	return result;
}

/* Replace the cells that are partly inside by their quarters, in order.  False, with nothing changed, if there were too many. */
static bool
refine(Cover *cover)
{
	Cell		finer[MAX_CELLS];
	int			count = 0;
	bool		changed = false;

	for (int i = 0; i < cover->count; i++)
	{
		const Cell *cell = &cover->cells[i];

		for (int quarter = 0; quarter < (cell->whole ? 1 : 4); quarter++)
		{
			Cell		part = {cell->x << 1 | (quarter & 1), cell->y << 1 | quarter >> 1, cell->depth + 1};
			int			inside = cell->whole ? 2 : overlap(cover, &part);

			if (inside == 0)
				continue;
			if (count == MAX_CELLS)
				return false;
			part.whole = inside == 2;
			finer[count++] = cell->whole ? *cell : part;
		}
		changed = changed || !cell->whole;
	}
	memcpy(cover->cells, finer, sizeof(Cell) * count);
	cover->count = count;
	return changed;
}

static Range
range_of(const Cell *cell)
{
	int			shift = TE_QUADKEY_BITS - cell->depth;
	int64		lowest = te_interleave(cell->x << shift, cell->y << shift);

	return (Range) {lowest, lowest + (INT64CONST(1) << (2 * shift)) - 1};
}

/* Join the two neighbours with the smallest gap. */
static int
join_nearest(Range *ranges, int count)
{
	int			nearest = 0;

	for (int i = 1; i < count - 1; i++)
		if (ranges[i + 1].lowest - ranges[i].highest < ranges[nearest + 1].lowest - ranges[nearest].highest)
			nearest = i;
	ranges[nearest].highest = ranges[nearest + 1].highest;
	memmove(&ranges[nearest + 1], &ranges[nearest + 2], sizeof(Range) * (count - nearest - 2));
	return count - 1;
}

/* At most TE_QUADKEY_RANGES ranges that contain all quadkeys of a box. */
static int
cover_box(const TeBox *box, Range ranges[MAX_CELLS])
{
	Cover		cover = {.cells = {{0}}, .count = 1};
	int			count = 0;

	cover.area_count = te_box_areas(box, cover.areas);
	cover.cells[0].whole = overlap(&cover, &cover.cells[0]) == 2;
	for (int depth = 0; depth < TE_QUADKEY_BITS; depth++)
		if (!refine(&cover))
			break;
	for (int i = 0; i < cover.count; i++)
		ranges[count++] = range_of(&cover.cells[i]);
	for (int i = 0; i < count - 1;)
		if (ranges[i].highest + 1 == ranges[i + 1].lowest)
		{
			ranges[i].highest = ranges[i + 1].highest;
			memmove(&ranges[i + 1], &ranges[i + 2], sizeof(Range) * (count - i - 2));
			count--;
		}
		else
			i++;
	while (count > TE_QUADKEY_RANGES)
		count = join_nearest(ranges, count);
	return count;
}

/* An array of the ends of TE_QUADKEY_RANGES ranges; those that are not needed are empty. */
static Datum
ranges_of_box(const TeBox *box)
{
	Range		ranges[MAX_CELLS];
	Datum		ends[2 * TE_QUADKEY_RANGES];
	int			count = cover_box(box, ranges);

	for (int i = 0; i < TE_QUADKEY_RANGES; i++)
	{
		ends[2 * i] = Int64GetDatum(i < count ? ranges[i].lowest : 0);
		ends[2 * i + 1] = Int64GetDatum(i < count ? ranges[i].highest : -1);
	}
	return PointerGetDatum(construct_array(ends, 2 * TE_QUADKEY_RANGES, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* thumbexif_quadkey_ranges(box float8[]) RETURNS bigint[] */
Datum
thumbexif_quadkey_ranges_box(PG_FUNCTION_ARGS)
{
	TeBox		box;

	te_box_from_array(PG_GETARG_ARRAYTYPE_P(0), &box);
	PG_RETURN_DATUM(ranges_of_box(&box));
}

/* thumbexif_quadkey_ranges(latitude, longitude, metres float8) RETURNS bigint[] */
Datum
thumbexif_quadkey_ranges_circle(PG_FUNCTION_ARGS)
{
	TeBox		box;

	te_box_around(PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), &box);
	PG_RETURN_DATUM(ranges_of_box(&box));
}

/* --- cells of a map */

/* The number of cells of a depth that areas overlap. */
static int64
count_cells(const TeArea *areas, int area_count, int depth)
{
	int			shift = TE_QUADKEY_BITS - depth;
	int64		count = 0;

	for (int i = 0; i < area_count; i++)
		count += (int64) ((areas[i].x[1] >> shift) - (areas[i].x[0] >> shift) + 1) *
			((areas[i].y[1] >> shift) - (areas[i].y[0] >> shift) + 1);
	return count;
}

/*
 * thumbexif_map_cells(west, south, east, north float8, zoom int, OUT lowest bigint, OUT highest bigint) RETURNS SETOF record:
 * the squares of some 64 pixels of a map, larger ones if the box would have too many
 */
Datum
thumbexif_map_cells(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			depth = Max(0, Min(PG_GETARG_INT32(4), MAX_ZOOM)) + CELLS_IN_TILE;
	TeArea		areas[2];
	TeBox		box;
	int			area_count;

	box_from_values(PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3), &box);
	area_count = te_box_areas(&box, areas);
	while (depth > 1 && count_cells(areas, area_count, depth) > MAX_MAP_CELLS)
		depth--;
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < area_count; i++)
	{
		int			shift = TE_QUADKEY_BITS - depth;

		for (uint32 y = areas[i].y[0] >> shift; y <= areas[i].y[1] >> shift; y++)
			for (uint32 x = areas[i].x[0] >> shift; x <= areas[i].x[1] >> shift; x++)
			{
				Range		range = range_of(&(Cell) {x, y, depth});
				Datum		values[2] = {Int64GetDatum(range.lowest), Int64GetDatum(range.highest)};
				bool		nulls[2] = {false, false};

				if (i == 1 && x >= areas[0].x[0] >> shift)
					break;		/* in the other area, too */
				tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
			}
	}
	return (Datum) 0;
}
