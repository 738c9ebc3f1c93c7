/*
 * request.c
 *		Checks the requests that a decoder receives.
 *
 * They come from a server process, which is not hostile; but what a decoder does with a bad one would be blamed on the image.
 */
#include <string.h>

#include "wire/message.h"

/* Are the sizes of all thumbnails possible, and no two the same? */
static const char *
check_sizes(const TeRequest *request)
{
	if (request->size < 1 || request->size > TE_MAX_SIDE)
		return "size is out of range";
	if (request->measure > TE_MAX_SIDE)
		return "size is out of range";
	if (request->more > TE_MAX_SIZES - 1)
		return "there are too many sizes";
	for (uint32_t i = 0; i < request->more; i++)
	{
		uint32_t	size = request->more_size[i];

		if (size < 1 || size > TE_MAX_SIDE)
			return "size is out of range";
		if (size == request->size)
			return "a size is named twice";
		for (uint32_t j = 0; j < i; j++)
			if (request->more_size[j] == size)
				return "a size is named twice";
	}
	return NULL;
}

static const char *
check_request(const TeRequest *request)
{
	const char *wrong;

	if (request->magic != TE_WIRE_MAGIC)
		return "it is not a request";
	if ((request->want & ~(uint32_t) (TE_WANT_ALL | TE_WANT_DAMAGED | TE_WANT_SIDECAR)) != 0)
		return "unknown flags are set";
	if (!(request->want & TE_WANT_EXIF) && (request->want & (TE_WANT_GPS | TE_WANT_FACTS)))
		return "GPS or facts are requested without EXIF";
	if (!(request->want & TE_WANT_THUMBNAIL) && (request->want & (TE_WANT_THUMBHASH | TE_WANT_PICTURE_HASH)))
		return "hashes of the thumbnail are requested without it";
	if ((request->want & (TE_WANT_THUMBNAIL | TE_WANT_DAMAGED)) == TE_WANT_DAMAGED)
		return "damaged images are to be shown without a thumbnail";
	if ((request->want & (TE_WANT_EXIF | TE_WANT_SIDECAR)) == TE_WANT_SIDECAR)
		return "a sidecar is given without a wish for EXIF";
	if (((request->want & TE_WANT_SIDECAR) != 0) != (request->sidecar_size > 0) || request->sidecar_size > TE_MAX_SIDECAR)
		return "size of the sidecar is out of range";
	if ((request->want & TE_WANT_THUMBNAIL) != 0)
	{
		wrong = check_sizes(request);
		if (wrong != NULL)
			return wrong;
		if (request->format > TE_FORMAT_LAST || te_format_suffix(request->format) == NULL)
			return "format cannot be written";
		if (request->quality < 1 || request->quality > 100)
			return "quality is out of range";
	}
	else if (request->more != 0 || request->measure != 0)
		return "sizes are named without a thumbnail";
	if (request->max_pixels == 0 || request->file_size == 0)
		return "a limit is zero";
	return NULL;
}

int
te_request_descriptors(const TeRequest *request)
{
	return 1 + ((request->want & TE_WANT_THUMBNAIL) ? 1 : 0) + ((request->want & TE_WANT_SIDECAR) ? 1 : 0);
}

const char *
te_requests_check(const void *message, size_t length, int nfds, TeRequest *requests, int *count)
{
	int			needed = 0;

	if (length == 0 || length % sizeof(TeRequest) != 0 || length > TE_BATCH * sizeof(TeRequest))
		return "length is impossible";
	*count = (int) (length / sizeof(TeRequest));
	memcpy(requests, message, length);
	for (int i = 0; i < *count; i++)
	{
		const char *wrong = check_request(&requests[i]);

		if (wrong != NULL)
			return wrong;
		needed += te_request_descriptors(&requests[i]);
	}
	return nfds == needed ? NULL : "number of descriptors is wrong";
}
