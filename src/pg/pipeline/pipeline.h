/*
 * pipeline.h
 *		The pipeline: candidates -> claim -> decoders -> batch write -> commit.
 *
 * CALL thumbexif_backfill(), CALL thumbexif_process_session() and the background worker all use it.  They differ in where
 * the candidates come from, in the size of a commit and in what they report:
 *
 *		next	 returns the keys of assets that may need processing, most urgent first.  One answer names no key twice,
 *				 and its keys are claimed in key order.  -1 = there are no more; 0 = ask again.  It is called only when
 *				 every asset of earlier answers is with a decoder, so that an answer can take new arrivals into account.
 *				 The claim decides what an asset really needs.
 *		known	 copies the rows and states of the assets in the last answer, in key order, if they were read a moment ago, so
 *				 that the claim need not read them again.  May be NULL.
 *		skipped	 called for a candidate that was not claimed, with the reason.  May be NULL.
 *		written	 called for each asset whose outcome is committed.
 *		batch	 called after each commit of outcomes.  May be NULL.
 *		commit	 commits the transaction and begins the next (SPI_commit() in a procedure).
 *
 * Up to te_pool_capacity() images are with decoders, up to claim_size more are claimed and wait, and outcomes are written
 * batch_size to a commit, in the order of their completion.  While decoders work, no snapshot, no transaction id and no lock
 * on the user's objects is held: everything between two commits that may throw runs in a subtransaction (a "step"), so that
 * after an ERROR there is still a transaction in which to release all claims before the ERROR is thrown again.  Images that
 * are already decoded are written first, unless the ERROR is an interrupt or came from writing.  A session that is terminated
 * releases its claims in an exit callback; one that is killed leaves claims whose lock is gone.
 *
 * next runs in a step with an SPI connection; it may read, and its allocations last until the step ends.  known and skipped run
 * in the same step, written and batch run after the commit; none of the three may access the database.
 */
#ifndef TE_PG_PIPELINE_H
#define TE_PG_PIPELINE_H

#include "postgres.h"

#include "claim.h"
#include "job.h"

typedef struct TePipelineOptions
{
	/* attachment and the strings in it must last until te_pipeline_run returns */
	const TeAttachment *attachment;
	int			parts;			/* TE_PART_... */
	bool		dry_run;		/* decode, but claim and write nothing */
	bool		check_files;	/* as in TeClaimRequest */
	int			batch_size;		/* outcomes to a commit */
	int			claim_size;		/* assets claimed at a time */
	int64		max_assets;		/* PG_INT64_MAX = all */
	bool		keep_removals;	/* leave files that are not needed listed: the caller unlinks them */

	int			(*next) (void *arg, TeKey *keys, int max_keys);
	bool		(*known) (void *arg, TeAsset *assets);
	void		(*skipped) (void *arg, const TeAsset *asset, TeClaimResult reason);
	void		(*written) (void *arg, const TeJob *job);
	void		(*batch) (void *arg);
	void		(*commit) (void *arg);
	void	   *arg;
} TePipelineOptions;

/*
 * Process assets until there are no more candidates.  Needs an SPI connection (non-atomic, if commit is SPI_commit); commits
 * at the start and often.  An ERROR is thrown again after all claims have been released and the pipeline has been freed.
 */
extern void te_pipeline_run(const TePipelineOptions *options);

/* The commit of a procedure, for TePipelineOptions.commit. */
extern void te_pipeline_spi_commit(void *arg);

#endif							/* TE_PG_PIPELINE_H */
