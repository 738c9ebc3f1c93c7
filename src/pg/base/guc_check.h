/*
 * guc_check.h
 *		Checks of the values of settings, as PostgreSQL calls them (guc.h of the server).  Private to guc.c.
 */
#ifndef TE_PG_GUC_CHECK_H
#define TE_PG_GUC_CHECK_H

#include "postgres.h"

#include "utils/guc.h"

extern bool te_guc_check_image_roots(char **newval, void **extra, GucSource source);
extern bool te_guc_check_thumbnail_dir(char **newval, void **extra, GucSource source);
extern bool te_guc_check_thumbnail_sizes(char **newval, void **extra, GucSource source);
extern bool te_guc_check_default_timezone(char **newval, void **extra, GucSource source);
extern bool te_guc_check_databases(char **newval, void **extra, GucSource source);

#endif							/* TE_PG_GUC_CHECK_H */
