/*
 * test_image_damaged_sizes.c
 *		Tests that what is shown of damaged images has all that is wanted with the thumbnail.
 */
#include "test/unit/pictures.h"
#include "test/unit/tap.h"

/* All that is wanted with the thumbnail: further sizes, a measure, hashes. */
static void
test_all_wanted(void)
{
	static const char *const names[] = {"photo.jpg", "photo.png"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		Bytes		bytes = picture_read(names[i]);
		TeRequest	request = picture_request();
		ImgResult	result;

		request.want |= TE_WANT_DAMAGED | TE_WANT_THUMBHASH | TE_WANT_PICTURE_HASH;
		request.more = 2;
		request.more_size[0] = 64;
		request.more_size[1] = 200;
		request.measure = 100;
		bytes.length = bytes.length * 3 / 4;
		result = picture_process(&bytes, &request);
		ok(result.status == TE_OK && result.damage == TE_TRUNCATED, "%s, with all that is wanted: shown", names[i]);
		ok(result.more[0].bytes > 0 && result.more[0].width == 64 && result.more[1].bytes > 0 && result.more[1].width == 200,
		   "%s: in all sizes", names[i]);
		ok(result.measured_width == 100, "%s: with the measure", names[i]);
		ok((result.facts.known & TE_FACT_THUMBHASH) && result.facts.thumbhash_len > 5 && (result.facts.known & TE_FACT_PICTURE_HASH) &&
		   result.facts.picture_hash != 0, "%s: and hashes", names[i]);
		img_result_free(&result);
		bytes_free(&bytes);
	}
}

int
main(void)
{
	pictures_start();
	test_all_wanted();
	return done_testing();
}
