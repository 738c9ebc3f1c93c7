/*
 * status.c
 *		Looks up SQLSTATE, verdict and message of a status.
 */
#include "wire/status.h"

#include <stddef.h>

typedef struct StatusEntry
{
	int			number;
	const char *sqlstate;
	TeVerdict	verdict;
	const char *text;
} StatusEntry;

static const StatusEntry entries[] = {
#define X(name, number, sqlstate, verdict, text) {number, sqlstate, TE_VERDICT_##verdict, text},
	TE_STATUS_LIST(X)
#undef X
};

static const StatusEntry *
find(int status)
{
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
	{
		if (entries[i].number == status)
			return &entries[i];
	}
	return NULL;
}

/* Five characters; XX000 (internal error) for an unknown number. */
const char *
te_status_sqlstate(int status)
{
	const StatusEntry *entry = find(status);

	return entry ? entry->sqlstate : "XX000";
}

const char *
te_status_text(int status)
{
	const StatusEntry *entry = find(status);

	return entry ? entry->text : "unknown outcome";
}

/* An unknown number may have been written by a later version: try again. */
TeVerdict
te_status_verdict(int status)
{
	const StatusEntry *entry = find(status);

	return entry ? entry->verdict : TE_VERDICT_TRANSIENT;
}
