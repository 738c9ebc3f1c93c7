/*
 * attach_cluster.c
 *		Attaching a table of a Citus cluster on all nodes.
 *
 * The coordinator finds the columns, and tells the other nodes which they are.  Each node then attaches those shards that it has,
 * with triggers of its own on them, and later the shards that come (member_change.h).  What the coordinator tells is one text of JSON, the
 * argument of thumbexif_attach_node().
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "attach_cluster.h"
#include "attach_key.h"
#include "cluster.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/key_sql.h"
#include "pg/catalog/shard_folder.h"
#include "pg/compat.h"
#include "pg/files/cluster_folder.h"
#include "pg/shared/shmem.h"

PG_FUNCTION_INFO_V1(thumbexif_node);
PG_FUNCTION_INFO_V1(thumbexif_join);
PG_FUNCTION_INFO_V1(thumbexif_attach_nodes);

/* --- what a node reports of itself */

/* Settings on which all nodes must agree: those that shape results, and the folders, whose names rows have. */
static const char *const common_settings[] = {
	"thumbexif.image_roots", "thumbexif.thumbnail_dir", "thumbexif.thumbnail_size", "thumbexif.thumbnail_sizes",
	"thumbexif.thumbnail_format", "thumbexif.thumbnail_quality", "thumbexif.default_timezone", "thumbexif.exif_gps",
	"thumbexif.damaged_images", "thumbexif.sidecars"
};

static void
append_pair(StringInfo json, const char *key, const char *value)
{
	appendStringInfoString(json, json->len == 0 ? "{" : ", ");
	escape_json(json, key);
	appendStringInfoString(json, ": ");
	if (value == NULL)
		appendStringInfoString(json, "null");
	else
		escape_json(json, value);
}

static char *
report(const char *cluster)
{
	StringInfoData json;

	initStringInfo(&json);
	append_pair(&json, "version", TE_VERSION);
	append_pair(&json, "worker", te_shared != NULL ? "on" : "off");
	append_pair(&json, "marker", cluster != NULL ? te_cluster_folder_marker(cluster) : NULL);
	for (size_t i = 0; i < lengthof(common_settings); i++)
		append_pair(&json, common_settings[i], GetConfigOptionByName(common_settings[i], NULL, false));
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* thumbexif_node(cluster text) RETURNS text */
Datum
thumbexif_node(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(report(PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0)))));
}

/* thumbexif_join(cluster text) RETURNS void */
Datum
thumbexif_join(PG_FUNCTION_ARGS)
{
	SPI_connect();
	te_cluster_set_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	SPI_finish();
	PG_RETURN_VOID();
}

static void
check_setting(const TeNode *node, const char *here, const char *setting)
{
	const char *mine = te_cluster_value(here, setting);
	const char *other = te_cluster_value(node->text, setting);

	if (mine != NULL && other != NULL && strcmp(mine, other) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("setting \"%s\" differs on node %s", setting, node->name),
			 errdetail("It is \"%s\" there and \"%s\" on the coordinator.", other != NULL ? other : "", mine != NULL ? mine : ""),
			 errhint("Set it to the same value on all nodes, by ALTER SYSTEM and pg_reload_conf() there, and try again.")));
}

/* Check a node's report against that of this node. */
static void
check_node(const TeNode *node, const char *here, bool files)
{
	const char *version = te_cluster_value(node->text, "version");
	const char *marker = te_cluster_value(node->text, "marker");
	const char *seen_here = te_cluster_value(here, "marker");

	if (version == NULL || strcmp(version, TE_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("node %s has version %s of thumbexif, and the coordinator %s", node->name, version != NULL ? version : "?", TE_VERSION),
				 errhint("Install the same version on all nodes.")));
	if (strcmp(te_cluster_value(node->text, "worker"), "on") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("thumbexif has no background worker on node %s", node->name),
				 errhint("There, set \"shared_preload_libraries\" to 'citus, thumbexif', in this order, and restart the server.")));
	for (size_t i = 0; i < lengthof(common_settings); i++)
		check_setting(node, here, common_settings[i]);
	if (files && (marker == NULL || seen_here == NULL || strcmp(marker, seen_here) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("node %s does not see the thumbnail folder of the coordinator", node->name),
				 errdetail("File \"%s/%s/.thumbexif\" is not the same there.", te_thumbnail_dir, te_folder_of(-1, "")),
				 errhint("Mount one file system as \"thumbexif.thumbnail_dir\" on all nodes, or store thumbnails in the rows: name a bytea column in the parameter \"thumbnail\".")));
}

static void
check_nodes(bool files)
{
	List	   *nodes = te_cluster_nodes();
	char	   *cluster = te_cluster_make_name();
	char	   *here;
	TeRunAs		save;
	ListCell   *cell;

	te_cluster_set_name(cluster);
	if (files)
		te_cluster_folder_create();
	here = report(cluster);
	if (te_shared == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("thumbexif has no background worker on the coordinator"),
				 errhint("Set \"shared_preload_libraries\" to 'citus, thumbexif', in this order, and restart the server.")));
	/* not with the caller's rights: the name of the cluster is that of a folder, in which files are removed */
	te_run_as_extension(&save);
	te_cluster_run(nodes, psprintf("SELECT %s(%s)", te_user_name("thumbexif_join"), quote_literal_cstr(cluster)));
	te_run_as_end(&save);
	te_cluster_check(nodes, "tell the name of the cluster",
					 "All nodes must answer, and have thumbexif, and the role that owns the extension must be able to connect to them. CREATE EXTENSION thumbexif on the coordinator creates it on all of them, if its files are installed there.");
	te_run_as_extension(&save);
	te_cluster_copy_rights(nodes);
	te_run_as_end(&save);
	te_cluster_check(nodes, "grant the rights on thumbexif's functions and views that roles have on the coordinator",
					 "All these roles must exist on all nodes, and the role that owns the extension must be able to become each of them.");
	te_cluster_run(nodes, psprintf("SELECT %s(%s)", te_user_name("thumbexif_node"), quote_literal_cstr(cluster)));
	te_cluster_check(nodes, "check thumbexif",
					 "All nodes must answer, and have thumbexif. CREATE EXTENSION thumbexif on the coordinator creates it on all of them, if its files are installed there.");
	foreach(cell, nodes)
		check_node(lfirst(cell), here, files);
}

/* --- what cannot be attached */

pg_noreturn static void
refuse_kind(Relation relation, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot attach table \"%s\": %s", RelationGetRelationName(relation), what),
			 errhint("%s", hint)));
}

static void
check_kind(Relation relation, const TeMapping *mapping)
{
	char	   *column;

	switch (te_citus_kind(RelationGetRelid(relation)))
	{
		case TE_CITUS_OTHER:
			refuse_kind(relation, "it is distributed by append or range, or its shards have several placements",
						"Distribute it by hash with one placement for each shard: create_distributed_table() with \"citus.shard_replication_factor\" 1.");
		case TE_CITUS_HASH:
			column = te_citus_distribution_column(RelationGetRelid(relation));
			if (column == NULL || !te_key_has_column(&mapping->key, column))
				refuse_kind(relation, psprintf("it is distributed by column \"%s\", which its key (%s) does not have", column != NULL ? column : "?", te_key_list_sql(&mapping->key, "", "")),
							"Only the distribution column tells which node has a row. Name a key that has this column, also one of several columns, '{tenant_id,id}', or distribute the table by its key.");
			break;
		default:
			break;
	}
}

void
te_attach_cluster_check(Relation relation, const TeMapping *mapping, bool told)
{
	check_kind(relation, mapping);
	if (told)
		return;
	if (!te_citus_is_coordinator())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot attach table \"%s\" on this node", RelationGetRelationName(relation)),
				 errdetail("It is a table of a Citus cluster, and this is not the coordinator."),
				 errhint("Call thumbexif_attach() on the coordinator, which attaches it on all nodes.")));
	te_cluster_refuse_block("attached");
	check_nodes(mapping->column[TE_COL_THUMBNAIL_PATH] != NULL && mapping->column[TE_COL_THUMBNAIL] == NULL);
}

/* --- telling the nodes, and reading what was told */

/* The nodes on which the table is attached now: the worker attaches it on those that come later. */
static void
note_nodes(const TeAttachment *attachment, const List *nodes)
{
	Datum	   *groups = palloc(sizeof(Datum) * (list_length(nodes) + 1));
	TeArgs		args = {0};
	ListCell   *cell;

	foreach(cell, nodes)
		groups[foreach_current_index(cell)] = Int32GetDatum(((TeNode *) lfirst(cell))->group);
	te_arg_int4(&args, attachment->number);
	te_arg_array(&args, INT4OID, groups, NULL, list_length(nodes));
	te_sql_as_extension(psprintf("UPDATE %s SET nodes = $2 WHERE attachment = $1", te_internal_name("thumbexif_attachment")), &args);
}

/* The former shards of a table, as the text of an array: nodes that have joined the cluster since do not know them. */
static char *
former_shards(const TeAttachment *attachment)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, te_shard_folders_former(attachment->relation))
		appendStringInfo(&text, "%s%d", text.len == 0 ? "{" : ",", lfirst_int(cell));
	appendStringInfoString(&text, text.len == 0 ? "{}" : "}");
	return text.data;
}

void
te_attach_cluster_nodes(const TeAttachment *attachment, const char *search_path)
{
	List	   *nodes = te_cluster_nodes();
	StringInfoData json;

	initStringInfo(&json);
	append_pair(&json, "cluster", te_cluster_make_name());
	append_pair(&json, "search_path", search_path);
	append_pair(&json, TE_STANDARD_KEY, te_attach_key_given(&attachment->key));
	append_pair(&json, TE_STANDARD_PATH, attachment->path);
	for (int i = 0; i < TE_COLUMNS; i++)
		append_pair(&json, te_columns[i].name, attachment->column[i] != NULL ? attachment->column[i] : "");
	append_pair(&json, "notify", attachment->notify != NULL ? attachment->notify : "");
	append_pair(&json, "tracking", te_tracking_name(attachment->tracking));
	append_pair(&json, "thumbnail_sizes", attachment->sizes.count > 0 ? te_sizes_text(&attachment->sizes) : "");
	append_pair(&json, "former_shards", former_shards(attachment));
	append_pair(&json, "paused", attachment->paused && !attachment->paused_by_us ? "on" : NULL);
	appendStringInfoChar(&json, '}');

	te_cluster_run(nodes, psprintf("SELECT %s(%s, %s)", te_user_name("thumbexif_attach_node"),
								   quote_literal_cstr(attachment->name), quote_literal_cstr(json.data)));
	te_cluster_check(nodes, psprintf("attach table %s", attachment->name),
					 "Other nodes may have attached it. Call thumbexif_attach() again when this node can, or thumbexif_detach().");
	note_nodes(attachment, nodes);
}

/* thumbexif_attach_nodes(relation regclass) RETURNS void: on nodes that have joined the cluster, as the worker of the coordinator calls it */
Datum
thumbexif_attach_nodes(PG_FUNCTION_ARGS)
{
	TeAttachment *attachment = te_attachment_get_unchecked(PG_GETARG_OID(0));

	SPI_connect();
	if (te_cluster_is_led_here(attachment))
	{
		check_nodes(te_attachment_stores_files(attachment));
		te_attach_cluster_nodes(attachment, attachment->search_path);
	}
	SPI_finish();
	PG_RETURN_VOID();
}

void
te_attach_cluster_detach(const TeAttachment *attachment)
{
	List	   *nodes;

	if (!te_cluster_is_led_here(attachment))
		return;
	te_cluster_refuse_block("detached");
	nodes = te_cluster_nodes();
	/* on nodes where it is not attached, or no longer, nothing is left to do */
	te_cluster_run(nodes, psprintf("SELECT pg_catalog.count(*) FROM (SELECT %s(t.relation) FROM %s AS t"
								   " WHERE t.relation OPERATOR(pg_catalog.=) %s OFFSET 0) AS d",
								   te_user_name("thumbexif_detach"), te_user_name("thumbexif_tables"), te_cluster_relation(attachment)));
	te_cluster_check(nodes, psprintf("detach table %s", attachment->name),
					 "Other nodes may have detached it. Call thumbexif_detach() again when this node answers, or after citus_remove_node().");
}

char *
te_attach_cluster_read(const char *json, TeGivenColumns *given)
{
	char	   *cluster = te_cluster_value(json, "cluster");
	char		name[TE_FOLDER_NAME_SIZE];

	if (cluster == NULL || !te_citus_is_installed() || !te_cluster_folder_name(name) || strcmp(name, cluster) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this is not what the coordinator of this node's cluster tells its nodes"),
				 errhint("Call thumbexif_attach() on the coordinator.")));
	given->key = te_cluster_value(json, TE_STANDARD_KEY);
	given->path = te_cluster_value(json, TE_STANDARD_PATH);
	for (int i = 0; i < TE_COLUMNS; i++)
		given->column[i] = te_cluster_value(json, te_columns[i].name);
	given->facts = TE_FACTS_NAMED;
	given->notify = te_cluster_value(json, "notify");
	given->sizes = te_cluster_value(json, "thumbnail_sizes");
	given->tracking = te_tracking_of_name(te_cluster_value(json, "tracking"));
	given->former_shards = te_cluster_value(json, "former_shards");
	given->paused = te_cluster_value(json, "paused") != NULL;
	return te_cluster_value(json, "search_path");
}
