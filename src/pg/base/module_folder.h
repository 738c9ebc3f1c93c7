/*
 * module_folder.h
 *		Where the programs of thumbexif lie: in the folder of the module that is running.
 */
#ifndef TE_PG_MODULE_FOLDER_H
#define TE_PG_MODULE_FOLDER_H

/* The folder from which this module was loaded. */
extern const char *te_module_folder(void);

#endif							/* TE_PG_MODULE_FOLDER_H */
