/*
 * pipeline.h
 *		The pipeline: candidates -> claim -> decoders -> batch write -> commit.
 *
 * One way of doing it, for CALL thumbexif_backfill(), CALL thumbexif_process_session() and
 * the background worker.  They differ in where candidates come from, how large a
 * commit is and what they tell about it:
 *
 *		next	 names assets that may need something, by key and in the order in which they
 *				 are wanted; each once in an answer, within which they are taken in the order
 *				 of the keys.  -1 = no more; 0 = ask again.  It is
 *				 asked again only when all it named before are with a decoder, so what it
 *				 answers may depend on what is new by then.  What really needs something
 *				 is found out when they are claimed.
 *		passed	 an asset that was named and not taken, and why.  May be NULL.
 *		written	 an asset whose outcome is committed.
 *		batch	 a commit of outcomes is through.  May be NULL.
 *		commit	 commit the transaction and begin the next (SPI_commit() in a procedure).
 *
 * Up to te_pool_capacity() images are with decoders, claim_size more are
 * claimed and wait, and outcomes are written batch_size to a commit, in the
 * order in which they come.  While decoders work there is no snapshot, no transaction id and
 * no lock of the user's things: between commits everything that may throw runs in a
 * subtransaction (a "step"), so that an ERROR leaves a transaction in which all
 * claims are given back before the ERROR goes on.  What was decoded already is written
 * first, if the ERROR is about the server and not an interrupt.  A session that is
 * terminated gives back in a callback at its exit; one that is killed leaves claims whose lock has gone.
 *
 * next runs in a step with an SPI connection; it may read, and allocates in a
 * context that lasts until the step ends.  passed, written and batch run between transactions'
 * work and must not touch the database.
 */
#ifndef TE_PG_PIPELINE_H
#define TE_PG_PIPELINE_H

#include "postgres.h"

#include "claim.h"
#include "job.h"

typedef struct TePipelineOptions
{
	/* what to do; attachment and the strings in it must last until te_pipeline_run returns */
	const TeAttachment *attachment;
	int			parts;			/* TE_PART_... */
	bool		dry_run;		/* decode, but claim and write nothing */
	bool		look;			/* as in TeClaimRequest */
	int			batch_size;		/* outcomes to a commit */
	int			claim_size;		/* assets claimed at a time */
	int64		most;			/* assets to take in all; PG_INT64_MAX = all */
	bool		keep_removals;	/* files that are no longer wanted stay listed: the caller unlinks them */

	int			(*next) (void *arg, TeKey *keys, int most);
	void		(*passed) (void *arg, const TeAsset *asset, TeClaimResult why);
	void		(*written) (void *arg, const TeJob *job);
	void		(*batch) (void *arg);
	void		(*commit) (void *arg);
	void	   *arg;
} TePipelineOptions;

/*
 * Run until there are no more candidates.  Inside an SPI connection (non-atomic, if
 * commit is SPI_commit); commits at the start and often.  ERRORs go on to the
 * caller after everything has been given back; te_pipeline_run is then over and done with.
 */
extern void te_pipeline_run(const TePipelineOptions *run);

/* The commit of a procedure, for TePipelineOptions.commit. */
extern void te_pipeline_spi_commit(void *arg);

#endif							/* TE_PG_PIPELINE_H */
