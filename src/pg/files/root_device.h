/*
 * root_device.h
 *		The table thumbexif_root: on which device images were last found beneath each root (private to root_check.c).
 */
#ifndef TE_PG_ROOT_DEVICE_H
#define TE_PG_ROOT_DEVICE_H

#include "postgres.h"

/* False if the table has no device for this root.  Needs a transaction. */
extern bool te_root_device_load(const char *name, int64 *device);

/* Save a device in the current transaction. */
extern void te_root_device_save(const char *name, int64 device);

#endif							/* TE_PG_ROOT_DEVICE_H */
