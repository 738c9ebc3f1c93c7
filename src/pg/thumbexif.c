/*
 * thumbexif.c
 *		The module's magic block and initialization.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "compat.h"
#include "pg/base/code_rights.h"
#include "pg/base/guc.h"
#include "pg/base/statement.h"
#include "pg/shared/shmem.h"
#include "pg/worker/launcher.h"
#include "pg/worker/utility_hook.h"

PG_MODULE_MAGIC_EXT(.name = "thumbexif", .version = TE_VERSION);

void
_PG_init(void)
{
	te_guc_define();
	te_code_rights_install();
	te_statement_install();
	if (process_shared_preload_libraries_in_progress)
	{
		te_shmem_request();
		te_utility_hook_install();
		te_launcher_register();
	}
}
