/*
 * jpeg_cases.h
 *		JPEGs of all kinds, and a comparison of our decoder of averages with libjpeg.
 */
#ifndef TEST_UNIT_JPEG_CASES_H
#define TEST_UNIT_JPEG_CASES_H

#include "test/pictures/containers.h"

typedef enum JpegScript
{
	SCRIPT_NONE,				/* sequential, one scan */
	SCRIPT_APART,				/* sequential, a scan for each component */
	SCRIPT_PROGRESSIVE,			/* libjpeg's own */
	SCRIPT_DC_WHOLE,			/* progressive, all bits of a coefficient at once */
	SCRIPT_DC_THIRDS			/* progressive, the DC in three steps, each component by itself */
} JpegScript;

typedef enum JpegTables
{
	TABLES_USUAL, TABLES_OPTIMAL, TABLES_LONG	/* most codes have 16 bits */
} JpegTables;

typedef struct JpegCase
{
	const char *name;
	int			width,
				height;
	int			components;		/* 1: grey, 3: YCbCr, 4: YCCK */
	int			sampling[4][2]; /* 0: 1 */
	int			quality;
	int			restart;		/* MCUs */
	JpegScript	script;
	JpegTables	tables;
	int			colours;		/* of the file, J_COLOR_SPACE; 0: as above */
	bool		left;			/* it is left to libjpeg */
} JpegCase;

extern const JpegCase jpeg_cases[];
extern const int jpeg_case_count;

/* The file. */
extern Bytes jpeg_case(const JpegCase *jpeg);

typedef enum JpegComparison
{
	SAME,						/* decoded by both, with the same result */
	LEFT,						/* left to libjpeg */
	WRONG						/* decoded, but libjpeg refuses it or sees another picture: the reason is in *why */
} JpegComparison;

extern JpegComparison jpeg_compare(const uint8_t *data, size_t length, const char **why);

#endif							/* TEST_UNIT_JPEG_CASES_H */
