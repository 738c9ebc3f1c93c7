/*
 * tables.h
 *		What is known of an attached table: its columns, its search_path, its rows that wait.
 */
#ifndef TE_PG_TABLES_H
#define TE_PG_TABLES_H

#include "postgres.h"

#include "utils/relcache.h"

/*
 * Report by a NOTICE what thumbexif_attach() has made of a table, which is open and locked, and let its owner read
 * the view thumbexif_tables.  Inside SPI.
 */
extern void te_tables_report(Relation relation);

#endif							/* TE_PG_TABLES_H */
