/*
 * pipeline_decode.h
 *		Feeds the decoders with the waiting jobs of a pipeline, and collects their results.
 *
 * Private to pipeline.c and pipeline_decode.c.
 */
#ifndef TE_PG_PIPELINE_DECODE_H
#define TE_PG_PIPELINE_DECODE_H

#include "pipeline_state.h"

/* Feed the decoders, and wait for one result unless a batch is full.  A step of its own. */
extern void te_pipeline_decode(TePipeline *p);

/* Collect finished results and feed the decoders without waiting; a TeBatchWriteHook with a TePipeline. */
extern void te_pipeline_keep_decoding(void *arg);

/* Are there enough results for a batch, by number or by bytes? */
extern bool te_pipeline_batch_is_full(const TePipeline *p);

#endif							/* TE_PG_PIPELINE_DECODE_H */
