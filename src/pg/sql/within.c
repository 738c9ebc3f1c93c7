/*
 * within.c
 *		SQL functions thumbexif_within() and thumbexif_near(): is a position in a box, or in a circle?  thumbexif_between_meridians(): is its
 *		longitude among those of the box, or of the circle?  And what they tell the planner.
 *
 * Beside them stands a condition on ranges of quadkeys, which their index serves and whose selectivity its statistics tell.  An index in
 * the order of time that has latitude and longitude among its columns serves them, too: it leaves out what is not in the box
 * without a look at the table.  PostgreSQL uses a condition for one column of an index, and so there are two conditions.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "box.h"
#include "pg/compat.h"
#include "quadkey.h"

PG_FUNCTION_INFO_V1(thumbexif_within);
PG_FUNCTION_INFO_V1(thumbexif_near);
PG_FUNCTION_INFO_V1(thumbexif_between_meridians_box);
PG_FUNCTION_INFO_V1(thumbexif_between_meridians_circle);
PG_FUNCTION_INFO_V1(thumbexif_within_support);

#define MOST_OF_RANGES	0.8		/* the part of ranges that lies in their box */
#define LATITUDE		0		/* arguments of thumbexif_within() and thumbexif_near() */
#define LONGITUDE		1
#define PLACE			2		/* the first of those that are the box or the circle */
#define BOX_ARGUMENTS	1		/* how many these are */
#define CIRCLE_ARGUMENTS 3

static bool
is_between_meridians(const TeBox *box, double longitude)
{
	return box->west > box->east ? longitude >= box->west || longitude <= box->east :
		longitude >= box->west && longitude <= box->east;
}

/* thumbexif_within(latitude float8, longitude float8, box float8[]) RETURNS boolean; NULL if it is no position */
Datum
thumbexif_within(PG_FUNCTION_ARGS)
{
	double		latitude = PG_GETARG_FLOAT8(LATITUDE);
	double		longitude = PG_GETARG_FLOAT8(LONGITUDE);
	TeBox		box;

	te_box_from_array(PG_GETARG_ARRAYTYPE_P(PLACE), &box);
	if (!te_is_position(latitude, longitude))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(is_between_meridians(&box, longitude) && latitude >= box.south && latitude <= box.north);
}

/* thumbexif_near(latitude, longitude, near_latitude, near_longitude, metres float8) RETURNS boolean; NULL if one is no position */
Datum
thumbexif_near(PG_FUNCTION_ARGS)
{
	double		latitude = PG_GETARG_FLOAT8(LATITUDE);
	double		longitude = PG_GETARG_FLOAT8(LONGITUDE);
	double		near_latitude = PG_GETARG_FLOAT8(PLACE);
	double		near_longitude = PG_GETARG_FLOAT8(PLACE + 1);

	if (!te_is_position(latitude, longitude) || !te_is_position(near_latitude, near_longitude))
		PG_RETURN_NULL();
	PG_RETURN_BOOL(te_distance(latitude, longitude, near_latitude, near_longitude) <= PG_GETARG_FLOAT8(PLACE + 2));
}

/* thumbexif_between_meridians(longitude float8, box float8[]) RETURNS boolean */
Datum
thumbexif_between_meridians_box(PG_FUNCTION_ARGS)
{
	TeBox		box;

	te_box_from_array(PG_GETARG_ARRAYTYPE_P(1), &box);
	PG_RETURN_BOOL(is_between_meridians(&box, PG_GETARG_FLOAT8(0)));
}

/* thumbexif_between_meridians(longitude, near_latitude, near_longitude, metres float8) RETURNS boolean: those that enclose the circle */
Datum
thumbexif_between_meridians_circle(PG_FUNCTION_ARGS)
{
	TeBox		box;

	te_box_around(PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3), &box);
	PG_RETURN_BOOL(is_between_meridians(&box, PG_GETARG_FLOAT8(0)));
}

/* --- the planner */

/* The box that a call is about, if its last "count" arguments are constants. */
static bool
box_of_call(const List *arguments, int count, TeBox *box)
{
	double		numbers[CIRCLE_ARGUMENTS];
	const Const *place = NULL;

	for (int i = 0; i < count; i++)
	{
		place = list_nth(arguments, list_length(arguments) - count + i);
		if (!IsA(place, Const) || place->constisnull)
			return false;
		if (count == CIRCLE_ARGUMENTS)
			numbers[i] = DatumGetFloat8(place->constvalue);
	}
	if (count == CIRCLE_ARGUMENTS)
		te_box_around(numbers[0], numbers[1], numbers[2], box);
	else
		te_box_from_array(DatumGetArrayTypeP(place->constvalue), box);
	return true;
}

/* "key" compared with a number, by an operator of the index. */
static Expr *
make_comparison(const SupportRequestIndexCondition *request, Expr *key, StrategyNumber strategy, double number)
{
	Oid			operator = get_opfamily_member(request->opfamily, FLOAT8OID, FLOAT8OID, strategy);

	if (!OidIsValid(operator))
		return NULL;
	return make_opclause(operator, BOOLOID, false, key,
						 (Expr *) makeConst(FLOAT8OID, -1, InvalidOid, sizeof(float8), Float8GetDatum(number), false, FLOAT8PASSBYVAL),
						 InvalidOid, request->indexcollation);
}

/* Are the positions of a call compared, and not only their longitudes? */
static bool
has_latitude(const List *arguments)
{
	return list_length(arguments) == PLACE + BOX_ARGUMENTS || list_length(arguments) == PLACE + CIRCLE_ARGUMENTS;
}

/* Conditions that a btree on latitude or longitude can check; NIL if there are none. */
static List *
index_conditions(const SupportRequestIndexCondition *request)
{
	const List *arguments = IsA(request->node, FuncExpr) ? ((const FuncExpr *) request->node)->args : NIL;
	int			coordinates = has_latitude(arguments) ? 2 : 1;
	bool		is_latitude = coordinates == 2 && request->indexarg == LATITUDE;
	TeBox		box;
	Expr	   *key;
	Expr	   *lowest;
	Expr	   *highest;

	if (request->indexarg >= coordinates || request->index->relam != BTREE_AM_OID ||
		!box_of_call(arguments, list_length(arguments) - coordinates, &box))
		return NIL;
	if (!is_latitude && box.west > box.east)
		box.west = -180, box.east = 180;
	key = list_nth(arguments, request->indexarg);
	lowest = make_comparison(request, key, BTGreaterEqualStrategyNumber, is_latitude ? box.south : box.west);
	highest = make_comparison(request, key, BTLessEqualStrategyNumber, is_latitude ? box.north : box.east);
	return lowest != NULL && highest != NULL ? list_make2(lowest, highest) : NIL;
}

/* thumbexif_within_support(internal) RETURNS internal: for the functions of this file */
Datum
thumbexif_within_support(PG_FUNCTION_ARGS)
{
	Node	   *node = (Node *) PG_GETARG_POINTER(0);

	if (IsA(node, SupportRequestSelectivity))
	{
		SupportRequestSelectivity *request = (SupportRequestSelectivity *) node;

		request->selectivity = has_latitude(request->args) ? MOST_OF_RANGES : 1;
		PG_RETURN_POINTER(request);
	}
	if (IsA(node, SupportRequestIndexCondition))
	{
		SupportRequestIndexCondition *request = (SupportRequestIndexCondition *) node;

		request->lossy = true;
		PG_RETURN_POINTER(index_conditions(request));
	}
	PG_RETURN_POINTER(NULL);
}
