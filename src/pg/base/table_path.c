/*
 * table_path.c
 *		The search_path that is kept with an attached table.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "table_path.h"

/* Objects in a temporary schema are those of a session, and would come first if it were not named. */
static bool
is_temporary(const char *schema)
{
	return strncmp(schema, "pg_temp", strlen("pg_temp")) == 0;
}

static void
append_schema(StringInfo list, const char *schema)
{
	appendStringInfo(list, "%s%s", list->len > 0 ? ", " : "", quote_identifier(schema));
}

/* Copy a search_path without temporary schemas.  NULL if it is not a list of names. */
static char *
without_temporary(const char *search_path, const char *user)
{
	char	   *raw = pstrdup(search_path);
	StringInfoData list;
	List	   *schemas;
	ListCell   *cell;

	if (!SplitIdentifierString(raw, ',', &schemas))
		return NULL;
	initStringInfo(&list);
	foreach(cell, schemas)
	{
		const char *schema = lfirst(cell);

		if (user != NULL && strcmp(schema, "$user") == 0)
		{
			if (OidIsValid(get_namespace_oid(user, true)))
				append_schema(&list, user);
		}
		else if (!is_temporary(schema))
			append_schema(&list, schema);
	}
	list_free(schemas);
	pfree(raw);
	return list.data;
}

char *
te_table_path_current(Oid owner)
{
	char	   *kept = without_temporary(namespace_search_path, GetUserNameFromId(owner, false));

	return kept != NULL ? kept : pstrdup("");	/* the setting was checked when it was made */
}

char *
te_table_path_check(const char *kept)
{
	char	   *schemas = kept != NULL ? without_temporary(kept, NULL) : NULL;

	if (schemas == NULL)
		return NULL;
	return psprintf("%s%spg_temp", schemas, schemas[0] != '\0' ? ", " : "");
}

void
te_table_path_set(const char *search_path)
{
	(void) set_config_option("search_path", search_path, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}
