/*
 * key.c
 *		The key of an asset: an integer, a uuid or a text.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "key.h"
#include "key_sql.h"
#include "pg/base/array_text.h"
#include "pg/compat.h"

Oid
te_key_state_type(Oid type)
{
	return type == UUIDOID || type == TEXTOID ? type : INT8OID;
}

int
te_key_compare(Oid type, const TeKey *a, const TeKey *b)
{
	if (type == UUIDOID)
		return memcmp(a->uuid.data, b->uuid.data, UUID_LEN);
	if (type == TEXTOID)
		return strcmp(a->text, b->text);
	return (a->number > b->number) - (a->number < b->number);
}

Datum
te_key_datum(Oid type, const TeKey *key)
{
	switch (type)
	{
		case INT2OID:
			return Int16GetDatum((int16) key->number);
		case INT4OID:
			return Int32GetDatum((int32) key->number);
		case INT8OID:
			return Int64GetDatum(key->number);
		case TEXTOID:
			return CStringGetTextDatum(key->text);
		default:
			Assert(type == UUIDOID);
			return UUIDPGetDatum(&key->uuid);
	}
}

static void
key_from_datum(Oid type, Datum value, TeKey *key)
{
	memset(key, 0, sizeof(*key));
	switch (type)
	{
		case INT2OID:
			key->number = DatumGetInt16(value);
			break;
		case INT4OID:
			key->number = DatumGetInt32(value);
			break;
		case INT8OID:
			key->number = DatumGetInt64(value);
			break;
		case TEXTOID:
			text_to_cstring_buffer(DatumGetTextPP(value), key->text, sizeof(key->text));
			break;
		default:
			Assert(type == UUIDOID);
			key->uuid = *DatumGetUUIDP(value);
			break;
	}
}

void
te_out_key(int row, int column, Oid type, TeKey *key)
{
	if (te_out_type(column) != type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the type of a key has changed since its table was attached"),
				 errhint("Call thumbexif_attach() again with the table's columns as they are now.")));
	if (te_out_null(row, column))
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("a key is NULL"),
				 errhint("Make the key column of the attached table NOT NULL.")));
	key_from_datum(type, te_out(row, column), key);
}

char *
te_key_text(Oid type, const TeKey *key)
{
	if (type == TEXTOID)
		return pstrdup(key->text);
	if (type == UUIDOID)
		return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&key->uuid)));
	return psprintf(INT64_FORMAT, key->number);
}

int
te_key_text_length(Oid type)
{
	switch (type)
	{
		case INT2OID:
			return (int) sizeof("-32768") - 1;
		case INT4OID:
			return (int) sizeof("-2147483648") - 1;
		case INT8OID:
			return (int) sizeof("-9223372036854775808") - 1;
		case TEXTOID:
			return TE_KEY_MAX_TEXT;
		default:
			return 2 * UUID_LEN + 4;
	}
}

Oid
te_key_array_type(Oid type)
{
	switch (type)
	{
		case INT2OID:
			return INT2ARRAYOID;
		case INT4OID:
			return INT4ARRAYOID;
		case INT8OID:
			return INT8ARRAYOID;
		case TEXTOID:
			return TEXTARRAYOID;
		default:
			return UUIDARRAYOID;
	}
}

Datum
te_key_array(Oid type, const TeKey *keys, int count)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(count, 1));
	ArrayType  *array;

	for (int i = 0; i < count; i++)
		values[i] = te_key_datum(type, &keys[i]);
	switch (type)
	{
		case INT2OID:
			array = construct_array(values, count, type, sizeof(int16), true, TYPALIGN_SHORT);
			break;
		case INT4OID:
			array = construct_array(values, count, type, sizeof(int32), true, TYPALIGN_INT);
			break;
		case INT8OID:
			array = construct_array(values, count, type, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
			break;
		case TEXTOID:
			array = construct_array(values, count, type, -1, false, TYPALIGN_INT);
			break;
		default:
			array = construct_array(values, count, type, UUID_LEN, false, TYPALIGN_CHAR);
			break;
	}
	pfree(values);
	return PointerGetDatum(array);
}

/* The values of keys of several columns, one after the other. */
static void
arg_parts(TeArgs *args, int columns, const TeKey *keys, int count)
{
	Datum	   *values = palloc(sizeof(Datum) * count * columns);

	for (int i = 0; i < count; i++)
	{
		char	   *parts[TE_KEY_MAX_COLUMNS];

		if (te_array_text_parse(keys[i].text, parts, TE_KEY_MAX_COLUMNS) != columns)
			elog(ERROR, "key \"%s\" does not have %d values", keys[i].text, columns);
		for (int part = 0; part < columns; part++)
		{
			values[i * columns + part] = CStringGetTextDatum(parts[part]);
			pfree(parts[part]);
		}
	}
	te_arg_array(args, TEXTOID, values, NULL, count * columns);
	pfree(values);
}

void
te_arg_row_keys(TeArgs *args, const TeAttachment *attachment, const TeKey *keys, int count)
{
	Datum	   *values;

	if (attachment->key.count > 1)
	{
		arg_parts(args, attachment->key.count, keys, count);
		return;
	}
	values = palloc(sizeof(Datum) * count);
	for (int i = 0; i < count; i++)
		values[i] = te_key_datum(attachment->key_type, &keys[i]);
	te_arg_array(args, attachment->key_type, values, NULL, count);
	pfree(values);
}

char *
te_key_part_text(Oid type, Datum value)
{
	TeKey		key;

	if (type == TEXTOID && toast_raw_datum_size(value) - VARHDRSZ > TE_KEY_MAX_TEXT)
		return NULL;
	key_from_datum(type, value, &key);
	return te_key_text(type, &key);
}

/* Is a number in the range of a type? */
static bool
in_range(Oid type, int64 number)
{
	if (type == INT2OID)
		return number >= PG_INT16_MIN && number <= PG_INT16_MAX;
	if (type == INT4OID)
		return number >= PG_INT32_MIN && number <= PG_INT32_MAX;
	return true;
}

/* Parse an integer or a uuid, by the input function of bigint or uuid.  False if it is none. */
static bool
parse_value(Oid type, char *text, Datum *value)
{
	ErrorSaveContext failure = {.type = T_ErrorSaveContext};

	return DirectInputFunctionCallSafe(type == UUIDOID ? uuid_in : int8in, text, InvalidOid, -1, (Node *) &failure, value);
}

/* The same for a key; ERROR if it is none. */
static Datum
parse_key(const TeAttachment *attachment, char *text)
{
	bool		is_uuid = attachment->key_type == UUIDOID;
	Datum		value;

	if (!parse_value(attachment->key_type, text, &value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid key \"%s\"", text),
				 errhint("Keys of table %s are of type %s.", attachment->name,
						 is_uuid ? "uuid" : "bigint")));
	return value;
}

/* Keep as much of a text as a key has room for.  False if that is not all of it. */
static bool
key_from_text(const char *text, TeKey *key)
{
	int			length = (int) strlen(text);

	memset(key, 0, sizeof(*key));
	memcpy(key->text, text, pg_mbcliplen(text, length, TE_KEY_MAX_TEXT));
	return length <= TE_KEY_MAX_TEXT;
}

/* What te_key_from_argument() does for a table with several key columns: values that are written in another way are the same key. */
static bool
composite_key_from_argument(const TeAttachment *attachment, Oid type, Datum argument, TeKey *key)
{
	const TeKeyColumns *columns = &attachment->key;
	char	   *given = type == TEXTOID ? TextDatumGetCString(argument) : NULL;
	char	   *values[TE_KEY_MAX_COLUMNS];
	bool		valid = given != NULL && te_array_text_parse(given, values, TE_KEY_MAX_COLUMNS) == columns->count;
	bool		fits = true;

	for (int i = 0; valid && i < columns->count; i++)
	{
		Oid			part = columns->type[i];
		TeKey		value;
		Datum		datum;

		if (part == TEXTOID)
			continue;
		valid = parse_value(part, values[i], &datum);
		if (!valid)
			break;
		key_from_datum(te_key_state_type(part), datum, &value);
		fits &= part == UUIDOID || in_range(part, value.number);
		values[i] = te_key_text(te_key_state_type(part), &value);
	}
	if (!valid)
		ereport(ERROR,
				(errcode(given != NULL ? ERRCODE_INVALID_TEXT_REPRESENTATION : ERRCODE_DATATYPE_MISMATCH),
				 given != NULL
				 ? errmsg("invalid key \"%s\"", given)
				 : errmsg("keys of table %s have several columns", attachment->name),
				 errhint("Keys of table %s are texts with the values of {%s}, in this order, as PostgreSQL writes arrays.",
						 attachment->name, te_key_list_sql(columns, "", ""))));
	return key_from_text(te_array_text((const char *const *) values, columns->count), key) && fits;
}

/* The same for a table whose keys are texts: every argument is one. */
static bool
text_key_from_argument(Oid type, Datum value, TeKey *key)
{
	char	   *given = type == INT8OID ? DatumGetCString(DirectFunctionCall1(int8out, value)) :
	type == UUIDOID ? DatumGetCString(DirectFunctionCall1(uuid_out, value)) : TextDatumGetCString(value);

	return key_from_text(given, key);
}

bool
te_key_from_argument(const TeAttachment *attachment, Oid type, Datum value, TeKey *key)
{
	bool		is_uuid = attachment->key_type == UUIDOID;

	Assert(type == INT8OID || type == UUIDOID || type == TEXTOID);
	if (attachment->key.count > 1)
		return composite_key_from_argument(attachment, type, value, key);
	if (attachment->key_type == TEXTOID)
		return text_key_from_argument(type, value, key);
	if (type == TEXTOID)
	{
		value = parse_key(attachment, TextDatumGetCString(value));
		type = is_uuid ? UUIDOID : INT8OID;
	}
	if ((type == UUIDOID) != is_uuid)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("keys of table %s are not of type %s", attachment->name,
						is_uuid ? "bigint" : "uuid"),
				 errhint("Give the id as %s.", is_uuid ? "uuid" : "bigint")));
	key_from_datum(type, value, key);
	return is_uuid || in_range(attachment->key_type, key->number);
}

void
te_key_unknown(const TeAttachment *attachment, const char *key)
{
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("asset %s does not exist in table %s", key, attachment->name),
			 errhint("Check the key. The row may also have been deleted, or row security may hide it.")));
}
