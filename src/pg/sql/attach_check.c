/*
 * attach_check.c
 *		Checks on a table and its columns before it is attached.
 */
#include "postgres.h"

#include <limits.h>

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/catalog.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "partitioning/partdefs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "attach_check.h"
#include "attach_key.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/catalog/hierarchy.h"
#include "pg/catalog/key.h"
#include "pg/files/thumbnail_path.h"

/* The reason why a relation cannot be attached, or NULL if it can. */
static const char *
unsuitable_reason(Relation relation)
{
	switch (relation->rd_rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
			break;
		case RELKIND_FOREIGN_TABLE:
			return "it is a foreign table";
		case RELKIND_VIEW:
		case RELKIND_MATVIEW:
			return "it is a view";
		default:
			return "it is not a table";
	}
	if (IsSystemRelation(relation))
		return "it is a system catalog";
	if (relation->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		return "it is temporary";
	if (relation->rd_rel->relpersistence == RELPERSISTENCE_UNLOGGED)
		return "it is unlogged";
	if (has_superclass(RelationGetRelid(relation)))
		return "it inherits from another table";
	if (relation->rd_rel->relkind == RELKIND_RELATION && find_inheritance_children(RelationGetRelid(relation), NoLock) != NIL)
		return "other tables inherit from it";
	return NULL;
}

pg_noreturn static void
throw_partition(Relation relation)
{
	Oid			top = te_hierarchy_top(RelationGetRelid(relation));
	char	   *name = te_relation_name(top);

	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("cannot attach \"%s\": it is a partition", RelationGetRelationName(relation)),
			 te_attachment_find(top) != NULL ?
			 errhint("Table %s is attached, and its partitions with it.", name) :
			 errhint("Attach %s: its partitions are attached with it.", name)));
}

void
te_attach_check_relation(Relation relation)
{
	const char *reason;

	if (relation->rd_rel->relispartition)
		throw_partition(relation);
	reason = unsuitable_reason(relation);
	if (reason != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot attach \"%s\": %s", RelationGetRelationName(relation), reason),
				 errhint("Attach an ordinary or partitioned permanent table that neither inherits nor is inherited from.")));
}

/*
 * Find a column by the name given, or by its standard name if none was given.  "parameter" is
 * the standard name, and also the name of the parameter of thumbexif_attach().  Returns the
 * column's name, or NULL if there is no such column and none was asked for by name.
 */
static const char *
find_column(Relation relation, const char *parameter, const char *given, TeColumnInfo *info)
{
	const char *name = given != NULL ? given : parameter;

	if (name[0] == '\0')
		return NULL;
	if (!te_column_find(RelationGetRelid(relation), name, info))
	{
		if (given == NULL)
			return NULL;
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist", name, RelationGetRelationName(relation)),
				 errhint("The parameter \"%s\" takes the name of a column as the table has it, without quotes.", parameter)));
	}
	if (info->generated)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot use generated column \"%s\" of table \"%s\"", name, RelationGetRelationName(relation)),
				 errhint("Name an ordinary column in the parameter \"%s\".", parameter)));
	return name;
}

void
te_attach_throw_type(Relation relation, const char *name, Oid type, const char *wanted)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of table \"%s\" is of type %s",
					name, RelationGetRelationName(relation), format_type_be(type)),
			 errhint("Its type must be %s, or a domain over that.", wanted)));
}

const char *
te_attach_find_column(Relation relation, const char *parameter, const char *given, TeColumnInfo *info)
{
	const char *name = find_column(relation, parameter, given, info);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"%s\"", RelationGetRelationName(relation), parameter),
				 errhint("Name the column that takes its place in the parameter \"%s\".", parameter)));
	return name;
}

static void
keep_column(const TeAttachment *old, const char *name, const char **given)
{
	TeColumnInfo info;

	if (*given == NULL && name != NULL && te_column_find(old->relation, name, &info))
		*given = name;
}

void
te_attach_keep(const TeAttachment *old, TeGivenColumns *given)
{
	te_attach_keep_key(old, given);
	keep_column(old, old->path, &given->path);
	for (int i = 0; i < TE_COLUMNS; i++)
	{
		if (old->refused[i] && given->column[i] == NULL)
			given->column[i] = "";
		keep_column(old, old->column[i], &given->column[i]);
	}
}

/* ERROR unless the path of a thumbnail fits into its column. */
static void
check_thumbnail_length(Relation relation, const char *name, const TeColumnInfo *info, Oid key_type)
{
	int			needed = te_thumbnail_path_length(te_key_text_length(key_type));
	int			length = info->typmod - VARHDRSZ;

	if (info->type != VARCHAROID || info->typmod < 0 || length >= needed)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of table \"%s\" is too short for the paths of thumbnails",
					name, RelationGetRelationName(relation)),
			 errdetail("It holds %d characters; a path in \"thumbexif.thumbnail_dir\" can have %d.", length, needed),
			 errhint("Make the column of type text, or a longer varchar.")));
}

/* ERROR if a column is mapped twice. */
static void
check_distinct(const TeMapping *mapping)
{
	const char *names[TE_COLUMNS + 1 + TE_KEY_MAX_COLUMNS];
	int			count = TE_COLUMNS;

	memcpy(names, mapping->column, sizeof(mapping->column));
	for (int i = 0; i < mapping->key.count; i++)
		names[count++] = mapping->key.name[i];
	names[count++] = mapping->path;
	for (int i = 0; i < count; i++)
		for (int j = 0; j < i; j++)
			if (names[i] != NULL && names[j] != NULL && strcmp(names[i], names[j]) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("column \"%s\" is named by two parameters", names[i]),
						 errhint("Each parameter needs a column of its own.")));
}

/*
 * ERROR if a column that is written decides to which partition a row belongs: rows are written where they are.
 */
static void
check_not_partitioned_by(Relation relation, const TeMapping *mapping)
{
	List	   *tables = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ?
		find_all_inheritors(RelationGetRelid(relation), NoLock, NULL) : NIL;
	ListCell   *cell;

	foreach(cell, tables)
	{
		Relation	table = get_rel_relkind(lfirst_oid(cell)) == RELKIND_PARTITIONED_TABLE ? try_relation_open(lfirst_oid(cell), AccessShareLock) : NULL;
		bool		expression;

		for (int i = 0; table != NULL && i < TE_COLUMNS; i++)
		{
			AttrNumber	number = mapping->column[i] != NULL ? get_attnum(RelationGetRelid(table), mapping->column[i]) : InvalidAttrNumber;

			if (number != InvalidAttrNumber &&
				has_partition_attrs(table, bms_make_singleton(number - FirstLowInvalidHeapAttributeNumber), &expression))
				ereport(ERROR,
						(errcode(ERRCODE_WRONG_OBJECT_TYPE),
						 errmsg("table \"%s\" is partitioned by column \"%s\", which would be written",
								RelationGetRelationName(table), mapping->column[i]),
						 errhint("Pass an empty name as \"%s\": a row stays in its partition when it is processed.", te_columns[i].name)));
		}
		if (table != NULL)
			relation_close(table, NoLock);
	}
}

bool
te_attach_fact_fits(Oid relation, TeColumn column)
{
	TeColumnInfo info;

	return te_column_find(relation, te_columns[column].name, &info) && !info.generated && te_column_accepts(column, info.type);
}

/* Is a column of this name mapped? */
static bool
is_mapped(const TeMapping *mapping, const char *name)
{
	for (int i = 0; i < TE_COLUMNS; i++)
		if (mapping->column[i] != NULL && strcmp(mapping->column[i], name) == 0)
			return true;
	return te_key_has_column(&mapping->key, name) || strcmp(mapping->path, name) == 0;
}

/* Is a column for thumbnails mapped? */
static bool
has_thumbnail(const TeMapping *mapping)
{
	return mapping->column[TE_COL_THUMBNAIL_PATH] != NULL || mapping->column[TE_COL_THUMBNAIL] != NULL;
}

/* Map facts that are not named, if the table has such columns and nothing else is mapped to them. */
static void
map_facts_that_fit(Relation relation, TeMapping *mapping)
{
	for (int i = 0; i < TE_COLUMNS; i++)
	{
		const char *name = te_columns[i].name;

		if (TE_COL_IS_FACT(i) && mapping->column[i] == NULL && !mapping->refused[i] &&
			(!te_columns[i].from_pixels || has_thumbnail(mapping)) &&
			te_attach_fact_fits(RelationGetRelid(relation), i) && !is_mapped(mapping, name))
			mapping->column[i] = name;
	}
}

/* ERROR for a hash of thumbnails where none are made. */
static void
check_has_thumbnail(Relation relation, const TeMapping *mapping)
{
	for (int i = 0; i < TE_COLUMNS; i++)
		if (te_columns[i].from_pixels && mapping->column[i] != NULL && !has_thumbnail(mapping))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of table \"%s\" is filled from thumbnails, for which no column is mapped",
							mapping->column[i], RelationGetRelationName(relation)),
					 errhint("Name a column in the parameter \"thumbnail_path\" or \"thumbnail\", or pass an empty name as \"%s\".", te_columns[i].name)));
}

void
te_attach_map(Relation relation, const TeGivenColumns *given, TeMapping *mapping)
{
	TeColumnInfo info;

	te_attach_map_key(relation, given->key, mapping);
	mapping->path = te_attach_find_column(relation, TE_STANDARD_PATH, given->path, &info);
	if (!te_path_accepts(info.type))
		te_attach_throw_type(relation, mapping->path, info.type, TE_PATH_ACCEPTED);

	for (int i = 0; i < TE_COLUMNS; i++)
	{
		mapping->refused[i] = given->column[i] != NULL && given->column[i][0] == '\0';
		if (i > TE_COL_EXIF_METADATA && given->column[i] == NULL)
			continue;			/* a column with such a name is probably the user's */
		mapping->column[i] = find_column(relation, te_columns[i].name, given->column[i], &info);
		if (mapping->column[i] != NULL && !te_column_accepts(i, info.type))
			te_attach_throw_type(relation, mapping->column[i], info.type, te_columns[i].accepted);
		if (i == TE_COL_THUMBNAIL_PATH && mapping->column[i] != NULL)
			check_thumbnail_length(relation, mapping->column[i], &info, mapping->key_type);
		if (i == TE_COL_THUMBNAIL && mapping->column[i] != NULL && info.not_null)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
					 errmsg("column \"%s\" of table \"%s\" does not allow NULL", mapping->column[i], RelationGetRelationName(relation)),
					 errhint("A row has no thumbnail until its image is processed: use ALTER TABLE ... DROP NOT NULL.")));
	}
	check_distinct(mapping);
	check_not_partitioned_by(relation, mapping);
	check_has_thumbnail(relation, mapping);
	if (given->facts == TE_FACTS_THAT_FIT)
		map_facts_that_fit(relation, mapping);
}

/* Is a folder, once symbolic links are resolved, the same as another or inside it?  False if either does not exist. */
static bool
lies_in(const char *folder, const char *outer)
{
	char		inner_path[PATH_MAX];
	char		outer_path[PATH_MAX];
	size_t		length;

	if (realpath(folder, inner_path) == NULL || realpath(outer, outer_path) == NULL)
		return false;
	length = strlen(outer_path);
	if (outer_path[length - 1] == '/')	/* "/" itself */
		length--;
	return strncmp(inner_path, outer_path, length) == 0 &&
		(inner_path[length] == '/' || inner_path[length] == '\0');
}

void
te_attach_check_folders(void)
{
	char	   *raw = pstrdup(te_image_roots);
	List	   *roots;
	ListCell   *cell;

	(void) SplitDirectoriesString(raw, ',', &roots);	/* the check hook has checked the syntax */
	foreach(cell, roots)
	{
		const char *root = lfirst(cell);

		if (lies_in(te_thumbnail_dir, root))
			ereport(WARNING,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the folder of \"thumbexif.thumbnail_dir\" lies in image folder \"%s\"", root),
					 errdetail("A role that may write image paths can name thumbnails of other tables and databases."),
					 errhint("Set \"thumbexif.thumbnail_dir\" to a folder outside of \"thumbexif.image_roots\".")));
	}
	list_free_deep(roots);
	pfree(raw);
}
