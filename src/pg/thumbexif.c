/*
 * thumbexif.c
 *		The module's magic block and what is done when it is loaded.
 */
#include "postgres.h"

#include "fmgr.h"

#include "compat.h"
#include "guc.h"

PG_MODULE_MAGIC_EXT(.name = "thumbexif", .version = TE_VERSION);

void
_PG_init(void)
{
	te_guc_define();
}
