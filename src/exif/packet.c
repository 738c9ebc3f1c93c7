/*
 * packet.c
 *		Collects the XMP packets and IPTC records of one file.
 */
#include "exif/packet.h"

#include <stdlib.h>
#include <string.h>

#include "container/bytes.h"

#define RESOURCE_IPTC	0x0404	/* among Photoshop's resources */
#define IPTC_MARKER		0x1C	/* that a data set begins with */
#define EXTENDED_HEAD	(GUID_LENGTH + 8)	/* name, length of the whole, offset of the part */

static const char xmp_header[] = "http://ns.adobe.com/xap/1.0/";
static const char extended_header[] = "http://ns.adobe.com/xmp/extension/";
static const char photoshop_header[] = "Photoshop 3.0";

/* Does a segment begin with this, its NUL included? */
#define BEGINS(data, length, header) \
	((length) >= sizeof(header) && memcmp(data, header, sizeof(header)) == 0)

static void
add(ExifPacket *packets, int *count, const uint8_t *data, size_t length, uint8_t *owned)
{
	if (length == 0 || length > EXIF_MAX_PACKET || *count >= EXIF_MAX_PACKETS)
	{
		free(owned);
		return;
	}
	packets[(*count)++] = (ExifPacket) {.data = data, .length = length, .owned = owned};
}

bool
exif_packets_want_xmp(const ExifPackets *packets)
{
	return packets != NULL && packets->xmp_count < EXIF_MAX_PACKETS;
}

void
exif_packets_xmp(ExifPackets *packets, const uint8_t *data, size_t length, uint8_t *owned)
{
	if (packets != NULL)
		add(packets->xmp, &packets->xmp_count, data, length, owned);
	else
		free(owned);
}

void
exif_packets_iptc(ExifPackets *packets, const uint8_t *data, size_t length, uint8_t *owned)
{
	if (packets != NULL)
		add(packets->iptc, &packets->iptc_count, data, length, owned);
	else
		free(owned);
}

void
exif_packets_iptc_tag(ExifPackets *packets, const uint8_t *data, size_t length)
{
	uint8_t    *owned = NULL;

	if (packets != NULL && length >= 4 && length <= EXIF_MAX_PACKET && data[0] != IPTC_MARKER && data[3] == IPTC_MARKER)
	{
		owned = malloc(length);
		if (owned == NULL)
			return;
		length -= length % 4;
		for (size_t i = 0; i < length; i++)
			owned[i] = data[i ^ 3];
		data = owned;
	}
	exif_packets_iptc(packets, data, length, owned);
}

static void
add_segment(ExifSegment *segments, int *count, const uint8_t *data, size_t length)
{
	if (*count < EXIF_MAX_SEGMENTS)
		segments[(*count)++] = (ExifSegment) {.data = data, .length = length};
}

bool
exif_packets_app1(ExifPackets *packets, const uint8_t *data, size_t length)
{
	if (packets == NULL || length < 1 || data[0] != 'h')
		return false;
	if (BEGINS(data, length, xmp_header))
		exif_packets_xmp(packets, data + sizeof(xmp_header), length - sizeof(xmp_header), NULL);
	else if (BEGINS(data, length, extended_header))
		add_segment(packets->extended, &packets->extended_count,
					data + sizeof(extended_header), length - sizeof(extended_header));
	else
		return false;
	return true;
}

bool
exif_packets_app13(ExifPackets *packets, const uint8_t *data, size_t length)
{
	if (packets == NULL || !BEGINS(data, length, photoshop_header))
		return false;
	add_segment(packets->photoshop, &packets->photoshop_count,
				data + sizeof(photoshop_header), length - sizeof(photoshop_header));
	return true;
}

/* Find IPTC records among resources: "8BIM", number, name and its length, length, content; all of even length. */
static bool
find_iptc(const uint8_t *data, size_t length, const uint8_t **iptc, size_t *iptc_length)
{
	static const char signatures[][5] = {"8BIM", "PHUT", "AgHg", "DCSR", "MeSa"};

	for (;;)
	{
		size_t		head,
					size;
		bool		known = false;

		for (size_t i = 0; length >= 12 && i < sizeof(signatures) / sizeof(signatures[0]); i++)
			known |= memcmp(data, signatures[i], 4) == 0;
		head = known ? 6 + ((size_t) data[6] + 2) / 2 * 2 + 4 : 0;
		if (!known || length < head)
			return false;
		size = be32(data + head - 4);
		if (size > length - head)
			return false;
		if (be16(data + 4) == RESOURCE_IPTC && memcmp(data, signatures[0], 4) == 0)
		{
			*iptc = data + head;
			*iptc_length = size;
			return true;
		}
		size += size & 1;
		if (size > length - head)
			return false;
		data += head + size;
		length -= head + size;
	}
}

void
exif_packets_resources(ExifPackets *packets, const uint8_t *data, size_t length)
{
	const uint8_t *iptc;
	size_t		iptc_length;

	if (packets != NULL && find_iptc(data, length, &iptc, &iptc_length))
		exif_packets_iptc(packets, iptc, iptc_length, NULL);
}

/* A resource may begin in one segment and end in the next: put them together. */
void
exif_packets_photoshop(ExifPackets *packets)
{
	uint8_t    *joined;
	const uint8_t *iptc;
	size_t		length = 0,
				iptc_length;

	if (packets == NULL || packets->photoshop_count == 0)
		return;
	if (packets->photoshop_count == 1)
	{
		exif_packets_resources(packets, packets->photoshop[0].data, packets->photoshop[0].length);
		return;
	}
	for (int i = 0; i < packets->photoshop_count; i++)
		length += packets->photoshop[i].length;
	joined = malloc(length + 1);
	if (joined == NULL)
		return;
	length = 0;
	for (int i = 0; i < packets->photoshop_count; i++)
	{
		memcpy(joined + length, packets->photoshop[i].data, packets->photoshop[i].length);
		length += packets->photoshop[i].length;
	}
	if (find_iptc(joined, length, &iptc, &iptc_length))
		exif_packets_iptc(packets, iptc, iptc_length, joined);
	else
		free(joined);
}

/* The part of extended XMP that begins at an offset; all parts must have the same length of the whole. */
static const ExifSegment *
find_part(const ExifPackets *packets, const uint8_t *guid, size_t total, size_t offset)
{
	for (int i = 0; i < packets->extended_count; i++)
	{
		const ExifSegment *part = &packets->extended[i];

		if (part->length > EXTENDED_HEAD && memcmp(part->data, guid, GUID_LENGTH) == 0 &&
			(total == 0 || be32(part->data + GUID_LENGTH) == total) &&
			be32(part->data + GUID_LENGTH + 4) == offset)
			return part;
	}
	return NULL;
}

bool
exif_packets_extended(const ExifPackets *packets, const uint8_t *guid, ExifPacket *packet)
{
	const ExifSegment *part = find_part(packets, guid, 0, 0);
	size_t		total = part != NULL ? be32(part->data + GUID_LENGTH) : 0;

	if (total == 0 || total > EXIF_MAX_PACKET)
		return false;
	packet->owned = malloc(total);
	if (packet->owned == NULL)
		return false;
	packet->data = packet->owned;
	packet->length = 0;
	while (packet->length < total && (part = find_part(packets, guid, total, packet->length)) != NULL)
	{
		size_t		length = part->length - EXTENDED_HEAD;

		if (length > total - packet->length)
			break;
		memcpy(packet->owned + packet->length, part->data + EXTENDED_HEAD, length);
		packet->length += length;
	}
	if (packet->length == total)
		return true;
	free(packet->owned);
	packet->owned = NULL;
	return false;
}

void
exif_packets_free(ExifPackets *packets)
{
	for (int i = 0; i < packets->xmp_count; i++)
		free(packets->xmp[i].owned);
	for (int i = 0; i < packets->iptc_count; i++)
		free(packets->iptc[i].owned);
	packets->xmp_count = packets->iptc_count = 0;
}
