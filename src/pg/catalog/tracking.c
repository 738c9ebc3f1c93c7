/*
 * tracking.c
 *		How changes of an attached table are noticed, as our table has it.
 */
#include "postgres.h"

#include "attachment.h"

static const char *const names[] = {
	[TE_TRACKED] = "triggers",
	[TE_TRACKED_ALWAYS] = "replicated",
	[TE_TRACKED_BY_SWEEP] = "sweep",
};

const char *
te_tracking_name(TeTracking tracking)
{
	return names[tracking];
}

TeTracking
te_tracking_of_name(const char *name)
{
	for (int i = 0; name != NULL && i < (int) lengthof(names); i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return TE_TRACKED;
}
