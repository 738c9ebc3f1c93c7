/*
 * test_formats.c
 *		Tests names and suffixes of formats.
 */
#include "wire/message.h"
#include "test/unit/tap.h"

int
main(void)
{
	is_text(te_format_name(TE_FORMAT_JPEG), "jpeg", "name of JPEG");
	is_text(te_format_name(TE_FORMAT_JXL), "jxl", "name of JPEG XL");
	is_text(te_format_name(TE_FORMAT_UNKNOWN), NULL, "unknown has no name");
	is_text(te_format_name(TE_FORMAT_LAST + 1), NULL, "nor has what lies beyond the last");
	is_text(te_format_name(-1), NULL, "nor has a negative number");
	is_text(te_format_suffix(TE_FORMAT_JPEG), "jpg", "suffix of JPEG");
	is_text(te_format_suffix(TE_FORMAT_RAW), NULL, "no thumbnail is written as RAW");
	is_text(te_format_suffix(1000), NULL, "no suffix beyond the last");
	return done_testing();
}
