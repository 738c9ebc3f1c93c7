/*
 * process_report.h
 *		What thumbexif_process() tells of an asset beside its result.  Private to process.c.
 */
#ifndef TE_PG_PROCESS_REPORT_H
#define TE_PG_PROCESS_REPORT_H

#include "postgres.h"

#include "pg/pipeline/job.h"

/* Report the outcome: a failure and damage as WARNING, EXIF that was found to the log. */
extern void te_process_report(const TeJob *job);

/* Report an earlier failure of an asset that has not changed since. */
extern void te_process_report_earlier(const TeJob *job);

#endif							/* TE_PG_PROCESS_REPORT_H */
