/*
 * pool_rollback.c
 *		Discarding the entries of transactions and subtransactions that are rolled back.
 */
#include "postgres.h"

#include "access/xact.h"

#include "dispatch.h"
#include "pg/base/clock.h"
#include "pg/shared/decoder_slot.h"

/* Time to wait for all decoders that a rollback has killed. */
#define CANCEL_REAP_MS	1000

static void
discard_in_list(dlist_head *list, int level)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, list)
	{
		TePoolEntry *entry = dlist_container(TePoolEntry, node, iter.cur);

		if (entry->level < level)
			continue;
		dlist_delete(&entry->node);
		te_pool_entry_free(entry);
	}
}

/*
 * The same for the entries of a decoder, which is killed if any were discarded.  It is reaped
 * later.
 */
static void
discard_in_decoder(TeDecoder *decoder, int level)
{
	int			kept = 0;

	for (int i = 0; i < decoder->nentries; i++)
	{
		TePoolEntry *entry = decoder->entries[i];

		if (entry->level < level)
			decoder->entries[kept++] = entry;
		else
			te_pool_entry_free(entry);
	}
	/* A decoder that is still starting is not needed any more, either, if no task is pending. */
	if (kept == decoder->nentries && !(decoder->state == TE_DECODER_STARTING && te_pool.pending == 0))
		return;
	decoder->nentries = kept;
	decoder->cause = TE_END_NOT_NEEDED;
	te_process_kill(&decoder->process);
}

/*
 * Discard the entries that were submitted at that transaction nest level or deeper.  Never
 * throws.
 */
void
te_pool_discard(int level)
{
	dlist_mutable_iter iter;

	if (te_pool.context == NULL)
		return;
	te_dispatch_stop_waiting();
	te_pool.reap_until_ms = te_now_ms() + CANCEL_REAP_MS;
	discard_in_list(&te_pool.waiting, level);
	discard_in_list(&te_pool.finished, level);
	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		discard_in_decoder(dlist_container(TeDecoder, node, iter.cur), level);
	}
	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		if (decoder->cause == TE_END_NOT_NEEDED)
			te_dispatch_reap(decoder, decoder->cause);
	}
	te_pool.reap_until_ms = 0;
	te_decoder_slot_set_timer();
}

/* --- callbacks */

static void
on_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT)
		te_pool_discard(1);
}

static void
on_subtransaction_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	dlist_iter	iter;

	if (te_pool.pending == 0)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		te_pool_discard(level);
	if (event != SUBXACT_EVENT_COMMIT_SUB)
		return;

	/* The entries of the subtransaction now belong to its parent. */
	dlist_foreach(iter, &te_pool.waiting)
	{
		TePoolEntry *entry = dlist_container(TePoolEntry, node, iter.cur);

		entry->level = Min(entry->level, level - 1);
	}
	dlist_foreach(iter, &te_pool.finished)
	{
		TePoolEntry *entry = dlist_container(TePoolEntry, node, iter.cur);

		entry->level = Min(entry->level, level - 1);
	}
	dlist_foreach(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		for (int i = 0; i < decoder->nentries; i++)
			decoder->entries[i]->level = Min(decoder->entries[i]->level, level - 1);
	}
}

void
te_pool_register_rollback(void)
{
	RegisterXactCallback(on_transaction_end, NULL);
	RegisterSubXactCallback(on_subtransaction_end, NULL);
}
