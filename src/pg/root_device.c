/*
 * root_device.c
 *		The table of the devices on which images were last found.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "extension.h"
#include "root_device.h"
#include "run_as.h"

/* Run one statement on our table; %s stands for its name.  Returns the rows it gave or changed. */
static uint64
execute(const char *format, int nargs, Datum *values)
{
	static Oid	types[] = {TEXTOID, INT8OID};	/* root, device */
	char	   *statement = psprintf(format, te_our("thumbexif_root"));
	TeRunAs		save;

	te_run_as_extension(&save);
	if (SPI_execute_with_args(statement, nargs, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not use the table of image folders");
	te_run_as_end(&save);
	return SPI_processed;
}

bool
te_root_device_load(const char *name, int64 *device)
{
	bool		own_transaction = !IsTransactionState();
	TeExtension extension;
	Datum		root = CStringGetTextDatum(name);
	bool		found = false;

	if (own_transaction)
		StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	if (te_extension_find(&extension))
	{
		SPI_connect();
		if (execute("SELECT device FROM %s WHERE root = $1", 1, &root) > 0)
		{
			bool		isnull;

			*device = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
												  SPI_tuptable->tupdesc, 1, &isnull));
			found = true;
		}
		SPI_finish();
	}
	PopActiveSnapshot();
	if (own_transaction)
		CommitTransactionCommand();
	return found;
}

void
te_root_device_save(const char *name, int64 device)
{
	Datum		values[2] = {CStringGetTextDatum(name), Int64GetDatum(device)};

	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	execute("INSERT INTO %s AS kept (root, device) VALUES ($1, $2) "
			"ON CONFLICT (root) DO UPDATE SET device = EXCLUDED.device, seen = pg_catalog.now() "
			"WHERE kept.device <> EXCLUDED.device",
			2, values);
	SPI_finish();
	PopActiveSnapshot();
}
