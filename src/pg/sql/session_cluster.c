/*
 * session_cluster.c
 *		The assets of a session in a table of a Citus cluster, which are processed by the nodes that have their rows.
 *
 * The coordinator knows which node has a key's row.  It has each of the nodes process some of its assets (thumbexif_session_node() in
 * session_node.c), adds up their counts, and goes on until all are done.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "cluster.h"
#include "pg/base/extension.h"
#include "portion.h"
#include "session_cluster.h"

#define PORTION_ASSETS	100		/* of a node: some seconds */

/* A node, and its assets. */
typedef struct Share
{
	TeNode	   *node;
	bool		here;			/* it is this node */
	TeKey	   *keys;
	int			allocated;
	int			count;
	int			next;
} Share;

/* The share of a node, of this one if it is NULL; NULL if there is none yet. */
static Share *
find_share(List *shares, const TeNode *node)
{
	ListCell   *cell;

	foreach(cell, shares)
	{
		Share	   *share = lfirst(cell);

		if (node == NULL ? share->here : share->node->group == node->group)
			return share;
	}
	return NULL;
}

static Share *
make_share(const TeNode *node)
{
	Share	   *share = palloc0(sizeof(Share));

	share->here = node == NULL;
	if (share->here)
		share->node = te_cluster_this_node();
	else
	{
		share->node = palloc(sizeof(TeNode));
		*share->node = *node;
		share->node->host = pstrdup(node->host);
		share->node->name = pstrdup(node->name);
	}
	share->allocated = PORTION_ASSETS;
	share->keys = palloc(sizeof(TeKey) * share->allocated);
	return share;
}

static void
add_key(Share *share, const TeKey *key)
{
	if (share->count == share->allocated)
	{
		share->allocated *= 2;
		share->keys = repalloc_huge(share->keys, sizeof(TeKey) * share->allocated);
	}
	share->keys[share->count++] = *key;
}

static List *
find_shares(const TeAttachment *attachment, const TeKey *keys, int count)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext row = AllocSetContextCreate(caller, "thumbexif session row", ALLOCSET_DEFAULT_SIZES);
	List	   *shares = NIL;

	for (int i = 0; i < count; i++)
	{
		Oid			shard;
		Share	   *share;
		TeNode	   *node;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(row);
		node = te_cluster_find_row(attachment, &keys[i], &shard);
		MemoryContextSwitchTo(caller);
		share = find_share(shares, node);
		if (share == NULL)
		{
			share = make_share(node);
			shares = lappend(shares, share);
		}
		add_key(share, &keys[i]);
		MemoryContextReset(row);
	}
	MemoryContextDelete(row);
	return shares;
}

/* The call for the next assets of a share. */
static char *
portion_sql(const TeAttachment *attachment, Share *share)
{
	StringInfoData sql;
	int			end = Min(share->next + PORTION_ASSETS, share->count);

	initStringInfo(&sql);
	appendStringInfo(&sql, "CALL %s(%s, ARRAY[", te_user_name("thumbexif_session_node"), te_cluster_relation(attachment));
	for (int first = share->next; share->next < end; share->next++)
		appendStringInfo(&sql, "%s%s", share->next > first ? ", " : "", quote_literal_cstr(te_key_text(attachment->key_type, &share->keys[share->next])));
	appendStringInfoString(&sql, "]::pg_catalog.text[])");
	return sql.data;
}

/* Some assets of each node that has some left.  False if none has. */
static bool
run_portions(TeProgress *progress, List *shares)
{
	List	   *nodes = NIL;
	List	   *running = NIL;
	ListCell   *cell;

	foreach(cell, shares)
	{
		Share	   *share = lfirst(cell);

		if (share->next == share->count)
			continue;
		share->node->sql = portion_sql(progress->attachment, share);
		nodes = lappend(nodes, share->node);
		running = lappend(running, share);
	}
	if (running == NIL)
		return false;
	te_cluster_run(nodes, "");
	foreach(cell, running)
	{
		Share	   *share = lfirst(cell);

		if (share->node->answered)
			te_portion_add(progress, share->node);
		else
			share->next = share->count;
	}
	te_cluster_warn(nodes, psprintf("go on with the session's assets in table %s", progress->attachment->name));
	te_progress_line(progress, false);
	SPI_commit();
	return true;
}

void
te_session_cluster(TeProgress *progress, const TeKey *keys, int count)
{
	List	   *shares = find_shares(progress->attachment, keys, count);

	while (run_portions(progress, shares))
		CHECK_FOR_INTERRUPTS();
}
