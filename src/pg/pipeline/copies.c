/*
 * copies.c
 *		Writing rows of which each node of a Citus cluster has a copy: those of reference tables.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "copies.h"
#include "pg/base/code_rights.h"
#include "pg/base/run_as.h"
#include "pg/base/time_limit.h"
#include "pg/catalog/citus_node.h"
#include "pg/catalog/key.h"
#include "pg/catalog/key_sql.h"
#include "row_update.h"

#define WAIT_MS		1000		/* in the worker: other tables wait meanwhile */
#define BEHIND_MS	(2 * 60 * 1000) /* Citus makes up for crashes within a minute, by default */

static void
set_option(const char *name)
{
	(void) set_config_option(name, "on", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

static uint64
run(const TeAttachment *attachment, bool as_caller, Oid relation, const char *sql, const TeArgs *args)
{
	if (as_caller)
		return te_sql_as_caller(relation, attachment->search_path, sql, args);
	return te_sql_as_owner(relation, attachment->owner, attachment->search_path, sql, args);
}

uint64
te_copies_update(const TeAttachment *attachment, bool as_caller, const char *sql, const TeArgs *args)
{
	int			level;
	uint64		count;

	if (!OidIsValid(attachment->all_copies))
		return run(attachment, as_caller, as_caller ? attachment->named : attachment->relation, sql, args);
	level = NewGUCNestLevel();
	/* transactions that only insert rows, which are others than ours, need not wait for this one, nor it for them */
	set_option("citus.all_modifications_commutative");
	/* the copy here is written by this process, which has locked its rows */
	set_option("citus.enable_local_execution");
	count = run(attachment, as_caller, attachment->all_copies, sql, args);
	AtEOXact_GUC(true, level);
	return count;
}

/* A column that we write and that the current user may write. */
static const char *
writable_column(const TeAttachment *attachment, bool as_caller)
{
	for (int i = 0; i < TE_COLUMNS; i++)
		if (attachment->column[i] != NULL &&
			(!as_caller || pg_class_aclcheck(attachment->all_copies, GetUserId(), ACL_UPDATE) == ACLCHECK_OK ||
			 pg_attribute_aclcheck(attachment->all_copies, get_attnum(attachment->all_copies, attachment->column[i]), GetUserId(), ACL_UPDATE) == ACLCHECK_OK))
			return quote_identifier(attachment->column[i]);
	return NULL;
}

/* An UPDATE of no row takes Citus' lock and reaches each node. */
static void
update_none(const TeAttachment *attachment, bool as_caller, const char *column)
{
	TeArgs		args = {0};

	te_arg_row_keys(&args, attachment, NULL, 0);
	te_copies_update(attachment, as_caller,
					 psprintf("UPDATE %s AS t SET %s = t.%s WHERE %s", attachment->named_name, column, column,
							  te_key_equals_nth_sql(&attachment->key, "t.", "$1", "1")), &args);
}

void
te_copies_lock(const TeAttachment *attachment, bool as_caller)
{
	Oid			role = as_caller ? GetUserId() : attachment->owner;
	const char *column;
	MemoryContext caller = CurrentMemoryContext;
	volatile bool limited;

	if (!OidIsValid(attachment->all_copies) || (column = writable_column(attachment, as_caller)) == NULL)
		return;
	LockRelationOid(attachment->all_copies, RowExclusiveLock);
	LockRelationOid(attachment->relation, RowExclusiveLock);
	te_code_rights_check_table(attachment->all_copies, CMD_UPDATE, role);
	te_code_rights_check_table(attachment->relation, CMD_UPDATE, role);
	limited = te_time_limit_begin(WAIT_MS);
	PG_TRY();
	{
		update_none(attachment, as_caller, column);
	}
	PG_CATCH();
	{
		if (limited)
			te_time_limit_end();
		if (!limited || !te_time_limit_hit())
			PG_RE_THROW();
		te_time_limit_forget();
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("rows of reference table %s could not be locked in time", attachment->named_name),
				 errdetail("Another transaction is changing rows of the table, or a node that has a copy is slow to answer."),
				 errhint("They are written when that is over.")));
	}
	PG_END_TRY();
	if (limited)
		te_time_limit_end();
}

const char *
te_copies_behind(TeJob *const *jobs, int count, bool *behind)
{
	const TeAttachment *attachment = jobs[0]->asset.attachment;
	const char *name = NULL;
	List	   *nodes;
	TeRunAs		save;
	ListCell   *cell;

	memset(behind, 0, sizeof(bool) * count);
	if (!OidIsValid(attachment->all_copies))
		return NULL;
	nodes = te_cluster_nodes_of_shard(attachment->shard);
	te_run_as_owner(&save, attachment->owner, NULL);
	te_cluster_run(nodes, te_row_find_sql(jobs, count));
	te_run_as_end(&save);
	te_cluster_check(nodes, psprintf("read the copy of table %s", attachment->named_name),
					 "Rows of a reference table can be written while all nodes that have a copy answer.");
	foreach(cell, nodes)
	{
		const TeNode *node = lfirst(cell);
		bool	   *found = palloc0(sizeof(bool) * count);
		char	   *next = node->text;

		while (next != NULL && *next >= '1' && *next <= '9')
		{
			long		n = strtol(next, &next, 10);

			if (n <= count)
				found[n - 1] = true;
			next += *next == ',';
		}
		for (int i = 0; i < count; i++)
		{
			if (found[i])
				continue;
			behind[i] = true;
			name = node->name;
		}
	}
	return name;
}

/* Copies that are behind for long will not catch up by themselves. */
static void
note_behind(const TeAttachment *attachment, const char *node)
{
	static int	number = 0;
	static TimestampTz since;
	static bool told;

	if (node == NULL || number != attachment->number)
	{
		number = node != NULL ? attachment->number : 0;
		since = GetCurrentTimestamp();
		told = false;
	}
	else if (!told && TimestampDifferenceExceeds(since, GetCurrentTimestamp(), BEHIND_MS))
	{
		told = true;
		ereport(WARNING,
				(errmsg("rows of reference table %s are not the same on node %s", attachment->named_name, node),
				 errhint("They are written when they are. If that node has no prepared transactions left that Citus will commit, its copy is damaged.")));
	}
}

int
te_copies_keep(TeJob **jobs, int count)
{
	bool	   *behind = palloc(sizeof(bool) * count);
	const char *node = te_copies_behind(jobs, count, behind);
	int			kept = 0;

	note_behind(jobs[0]->asset.attachment, node);
	for (int i = 0; i < count; i++)
	{
		if (behind[i])
			jobs[i]->outcome = TE_OUTCOME_RELEASE;
		else
			jobs[kept++] = jobs[i];
	}
	pfree(behind);
	return kept;
}

bool
te_copies_error(const TeAttachment *attachment, const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	if (!OidIsValid(attachment->all_copies))
		return false;
	return category == ERRCODE_CONNECTION_EXCEPTION || category == ERRCODE_TRANSACTION_ROLLBACK || category == ERRCODE_OPERATOR_INTERVENTION ||
		error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE;
}
