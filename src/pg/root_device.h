/*
 * root_device.h
 *		The table of the devices on which images were last found (private to root_watch.c).
 */
#ifndef TE_PG_ROOT_DEVICE_H
#define TE_PG_ROOT_DEVICE_H

#include "postgres.h"

/* False if the table has none for this root.  In a transaction of its own if there is none. */
extern bool te_root_device_load(const char *name, int64 *device);

/* In the current transaction, with the extension's rights. */
extern void te_root_device_save(const char *name, int64 device);

#endif							/* TE_PG_ROOT_DEVICE_H */
