/*
 * worker.h
 *		The background worker process of one database.
 */
#ifndef TE_PG_WORKER_H
#define TE_PG_WORKER_H

#include "postgres.h"

#include "pg/compat.h"

typedef struct TeWorkerStart	/* the launcher's arguments to a worker, in bgw_extra */
{
	Oid			database;
	int			slot;
	uint32		generation;		/* of that slot */
} TeWorkerStart;

extern PGDLLEXPORT void thumbexif_worker_main(Datum arg);

#endif							/* TE_PG_WORKER_H */
