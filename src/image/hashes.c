/*
 * hashes.c
 *		Hashes of a file and of its thumbnail.
 */
#include "image/hashes.h"

#include <stdlib.h>

void
img_hash_file(const uint8_t *data, size_t length, TeFacts *facts)
{
	GChecksum  *checksum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize		size = TE_FILE_HASH;

	/* a part at a time, since its length is a signed number */
	for (size_t done = 0, part; done < length; done += part)
	{
		part = MIN(length - done, (size_t) 1 << 30);
		g_checksum_update(checksum, data + done, (gssize) part);
	}
	g_checksum_get_digest(checksum, facts->file_hash, &size);
	g_checksum_free(checksum);
	facts->known |= TE_FACT_FILE_HASH;
}

void
img_hash_pixels(const ImgPixels *pixels, int orientation, const TeRequest *request, TeFacts *facts)
{
	ImgSmall   *small;

	if (!(request->want & (TE_WANT_THUMBHASH | TE_WANT_PICTURE_HASH)))
		return;
	small = malloc(sizeof(ImgSmall));
	if (!small || !img_small_make(pixels, orientation, request->format == TE_FORMAT_JPEG, small))
	{
		free(small);
		return;
	}
	if ((request->want & TE_WANT_THUMBHASH) && (facts->thumbhash_len = (uint32_t) img_thumbhash(small, facts->thumbhash)) > 0)
		facts->known |= TE_FACT_THUMBHASH;
	if ((request->want & TE_WANT_PICTURE_HASH) && img_picture_hash(small, &facts->picture_hash))
		facts->known |= TE_FACT_PICTURE_HASH;
	free(small);
}
