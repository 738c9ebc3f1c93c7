/*
 * launcher.h
 *		The background process that starts a worker in each database with work.
 */
#ifndef TE_PG_LAUNCHER_H
#define TE_PG_LAUNCHER_H

#include "postgres.h"

#include "pg/compat.h"

/* Called in _PG_init while shared libraries are preloaded, never otherwise. */
extern void te_launcher_register(void);

extern PGDLLEXPORT void thumbexif_launcher_main(Datum arg);

#endif							/* TE_PG_LAUNCHER_H */
