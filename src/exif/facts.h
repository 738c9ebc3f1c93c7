/*
 * facts.h
 *		Reads what has a column of its own beside date, camera and position (private to src/exif).
 */
#ifndef TE_EXIF_FACTS_H
#define TE_EXIF_FACTS_H

#include "exif/exif.h"
#include "exif/field.h"
#include "exif/list.h"

/*
 * Set the facts that the tags and fields tell.  Returns their texts, malloc'ed; NULL if out of memory, which counts as if there
 * were none.
 */
extern ExifTexts *exif_facts(const ExifList *list, const ExifFields *fields, TeFacts *facts);

#endif							/* TE_EXIF_FACTS_H */
