/*
 * exif_cases.h
 *		Cases of EXIF: a block for each rule, and what must be read from it.
 *
 * test_exif_cases.c checks them; test/conformance/craft.c writes them into
 * files, on which ExifTool is asked as well.
 */
#ifndef TEST_EXIF_CASES_H
#define TEST_EXIF_CASES_H

#include "test/pictures/exif_block.h"

#define MAX_FRAGMENTS 8

typedef struct ExifCase
{
	const char *name;			/* also the name of a file */
	void		(*build) (ExifBlock *block);
	int			flags;			/* of exif_block_new */
	const char *make;			/* NULL where nothing may be */
	const char *model;
	const char *taken_at;		/* "2024-05-06 07:08:09.250000 +120", the offset in minutes */
	const char *position;		/* "48.858400 2.294500" */
	const char *has[MAX_FRAGMENTS]; /* what must be in the JSON */
	const char *lacks[MAX_FRAGMENTS];	/* what must not be */
} ExifCase;

/* Each ends with a case without a name. */
extern const ExifCase exif_date_cases[];
extern const ExifCase exif_gps_cases[];
extern const ExifCase exif_text_cases[];
extern const ExifCase exif_value_cases[];
extern const ExifCase exif_structure_cases[];
extern const ExifCase exif_apple_cases[];

extern const ExifCase *const exif_case_sets[];
#define EXIF_CASE_SETS 6

/* What a camera writes, with a place and a preview. */
extern void exif_sample(ExifBlock *block);

/* Puts pointers to the Exif and GPS directories into IFD0. */
extern void link_exif(ExifBlock *block);
extern void link_gps(ExifBlock *block);

/* Text of just these bytes, without a NUL that is not among them. */
extern void add_text(ExifBlock *block, int ifd, int tag, int type, const char *bytes, size_t length);
#define ADD_BYTES(block, ifd, tag, type, literal) \
	add_text(block, ifd, tag, type, literal, sizeof(literal) - 1)

#endif							/* TEST_EXIF_CASES_H */
