/*
 * root_device.c
 *		The table thumbexif_root: on which device images were last found beneath each root.
 */
#include "postgres.h"

#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "root_device.h"

bool
te_root_device_load(const char *name, int64 *device)
{
	TeExtension extension;
	TeArgs		args = {0};
	bool		found;

	if (!te_extension_find(&extension))
		return false;
	SPI_connect();
	te_arg_text(&args, name);
	found = te_sql_as_extension(psprintf("SELECT device FROM %s WHERE root = $1", te_internal_name("thumbexif_root")),
								&args) > 0;
	if (found)
		*device = te_out_int(0, 1, 0);
	SPI_finish();
	return found;
}

void
te_root_device_save(const char *name, int64 device)
{
	TeArgs		args = {0};

	SPI_connect();
	te_arg_text(&args, name);
	te_arg_int8(&args, device);
	te_sql_as_extension(psprintf("INSERT INTO %s AS kept (root, device) VALUES ($1, $2) "
								 "ON CONFLICT (root) DO UPDATE SET device = EXCLUDED.device, seen = now() "
								 "WHERE kept.device <> EXCLUDED.device",
								 te_internal_name("thumbexif_root")), &args);
	SPI_finish();
}
