/*
 * cluster_process.h
 *		thumbexif_process() for a row that another node of a Citus cluster has.
 */
#ifndef TE_PG_CLUSTER_PROCESS_H
#define TE_PG_CLUSTER_PROCESS_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/key.h"

/*
 * Process an asset on the node that has its row, in a transaction of that node.  The result has the given columns, the first of which
 * are status, error and exif_error.  NULL if this node has the row.  A failure is reported as a WARNING.  Inside SPI.
 */
extern HeapTuple te_cluster_process(const TeAttachment *attachment, const TeKey *key, bool force, TupleDesc desc);

#endif							/* TE_PG_CLUSTER_PROCESS_H */
