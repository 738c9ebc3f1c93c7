/*
 * attach_open.h
 *		The table that is attached.  Private to attach.c.
 */
#ifndef TE_PG_ATTACH_OPEN_H
#define TE_PG_ATTACH_OPEN_H

#include "postgres.h"

#include "utils/rel.h"

#include "attach_check.h"

/*
 * Open and lock the table of that name, which the caller must own.  One that does not exist is created if "create" says so, or if
 * it has the standard name, with the columns that are given; the facts for which it gets columns become given ones.  The column for
 * bytes of thumbnails is made external.  The caller closes the relation.  Inside SPI.
 */
extern Relation te_attach_open_table(text *name, TeGivenColumns *given, bool create);

#endif							/* TE_PG_ATTACH_OPEN_H */
