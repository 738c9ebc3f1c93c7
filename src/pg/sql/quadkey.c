/*
 * quadkey.c
 *		SQL functions thumbexif_quadkey() and thumbexif_distance(): positions as numbers, and distances.
 *
 * The first is made for index expressions and never fails.  Mathematical libraries may differ in the last bit of a tangent, so that
 * a position at the border of two steps may have either number: whoever searches by numbers searches a step around as
 * well (te_box_areas) and compares the position itself.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "pg/compat.h"
#include "quadkey.h"

PG_FUNCTION_INFO_V1(thumbexif_quadkey);
PG_FUNCTION_INFO_V1(thumbexif_distance);

#define STEPS			2147483648.0	/* of an axis */
#define MAX_STEP		UINT32_C(2147483647)
#define EARTH_RADIUS	6371008.8	/* metres, the mean of WGS84 */
#define RADIANS(degrees) ((degrees) * (M_PI / 180))

bool
te_is_position(double latitude, double longitude)
{
	/* false for NaN, too */
	return latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180;
}

static uint32
step_of(double fraction)
{
	double		step = floor(fraction * STEPS);

	if (!(step > 0))
		return 0;
	return step >= STEPS ? MAX_STEP : (uint32) step;
}

static uint32
x_of(double longitude)
{
	return step_of((longitude + 180) / 360);
}

static uint32
y_of(double latitude)
{
	return step_of(0.5 - asinh(tan(RADIANS(latitude))) / (2 * M_PI));
}

/* Put a zero in front of each bit. */
static uint64
spread(uint32 number)
{
	uint64		bits = number;

	bits = (bits | bits << 16) & UINT64CONST(0x0000FFFF0000FFFF);
	bits = (bits | bits << 8) & UINT64CONST(0x00FF00FF00FF00FF);
	bits = (bits | bits << 4) & UINT64CONST(0x0F0F0F0F0F0F0F0F);
	bits = (bits | bits << 2) & UINT64CONST(0x3333333333333333);
	bits = (bits | bits << 1) & UINT64CONST(0x5555555555555555);
	return bits;
}

int64
te_interleave(uint32 x, uint32 y)
{
	return (int64) (spread(x) | spread(y) << 1);
}

static void
widen(uint32 ends[2])
{
	ends[0] -= ends[0] > 0;
	ends[1] += ends[1] < MAX_STEP;
}

int
te_box_areas(const TeBox *box, TeArea areas[2])
{
	bool		crosses = box->west > box->east;
	int			count = crosses ? 2 : 1;

	areas[0] = (TeArea) {{x_of(box->west), crosses ? MAX_STEP : x_of(box->east)}, {y_of(box->north), y_of(box->south)}};
	areas[1] = (TeArea) {{0, x_of(box->east)}, {areas[0].y[0], areas[0].y[1]}};
	for (int i = 0; i < count; i++)
	{
		widen(areas[i].x);
		widen(areas[i].y);
	}
	return count;
}

double
te_distance(double latitude1, double longitude1, double latitude2, double longitude2)
{
	double		a = sin(RADIANS(latitude2 - latitude1) / 2);
	double		b = sin(RADIANS(longitude2 - longitude1) / 2);
	double		h = a * a + cos(RADIANS(latitude1)) * cos(RADIANS(latitude2)) * b * b;

	return 2 * EARTH_RADIUS * asin(sqrt(Min(h, 1.0)));
}

/*
 * thumbexif_quadkey(latitude float8, longitude float8) RETURNS bigint; NULL if it is no position.  Latitudes beyond the map (85.05 degrees)
 * are at its border.
 */
Datum
thumbexif_quadkey(PG_FUNCTION_ARGS)
{
	double		latitude = PG_GETARG_FLOAT8(0);
	double		longitude = PG_GETARG_FLOAT8(1);

	if (!te_is_position(latitude, longitude))
		PG_RETURN_NULL();
	PG_RETURN_INT64(te_interleave(x_of(longitude), y_of(latitude)));
}

/* thumbexif_distance(latitude1, longitude1, latitude2, longitude2 float8) RETURNS float8, metres; NULL if one is no position */
Datum
thumbexif_distance(PG_FUNCTION_ARGS)
{
	double		latitude1 = PG_GETARG_FLOAT8(0);
	double		longitude1 = PG_GETARG_FLOAT8(1);
	double		latitude2 = PG_GETARG_FLOAT8(2);
	double		longitude2 = PG_GETARG_FLOAT8(3);

	if (!te_is_position(latitude1, longitude1) || !te_is_position(latitude2, longitude2))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(te_distance(latitude1, longitude1, latitude2, longitude2));
}
