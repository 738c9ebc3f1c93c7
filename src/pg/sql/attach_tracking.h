/*
 * attach_tracking.h
 *		How changes of a table that is attached are noticed.  Private to attach.c.
 */
#ifndef TE_PG_ATTACH_TRACKING_H
#define TE_PG_ATTACH_TRACKING_H

#include "postgres.h"

#include "attach_check.h"
#include "pg/catalog/attachment.h"
#include "utils/relcache.h"

typedef enum TeGivenBool		/* an argument of type boolean */
{
	TE_GIVEN_NULL,
	TE_GIVEN_FALSE,
	TE_GIVEN_TRUE
} TeGivenBool;

/* The tracking by the parameters "triggers" and "replicated", NULL = as before ("old", which may be NULL).  ERROR if they contradict each other. */
extern TeTracking te_attach_choose_tracking(const TeAttachment *old, TeGivenBool triggers, TeGivenBool replicated);

/* Store the tracking, and create or drop the triggers.  Inside SPI, with the extension's rights and the relation locked. */
extern void te_attach_track(Relation relation, const TeAttachment *old, const TeMapping *mapping, TeTracking tracking);

#endif							/* TE_PG_ATTACH_TRACKING_H */
