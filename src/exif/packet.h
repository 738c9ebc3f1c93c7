/*
 * packet.h
 *		Collects the XMP packets and IPTC records of one file (private to src/exif).
 *
 * All functions do nothing with packets NULL: then only Exif blocks are wanted.
 */
#ifndef TE_EXIF_PACKET_H
#define TE_EXIF_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXIF_MAX_PACKETS	8	/* XMP packets, and as many blocks of IPTC records, of one file */
#define EXIF_MAX_PACKET		(4 * 1024 * 1024)	/* bytes of one that is read */
#define EXIF_MAX_SEGMENTS	80	/* segments of a JPEG with parts of either */

/* An XMP packet, or IPTC records. */
typedef struct ExifPacket
{
	const uint8_t *data;
	size_t		length;
	uint8_t    *owned;			/* malloc'ed copy that data points into, or NULL */
} ExifPacket;

/* The content of a segment behind its header. */
typedef struct ExifSegment
{
	const uint8_t *data;
	size_t		length;
} ExifSegment;

typedef struct ExifPackets
{
	ExifPacket	xmp[EXIF_MAX_PACKETS];
	int			xmp_count;
	ExifPacket	iptc[EXIF_MAX_PACKETS];
	int			iptc_count;
	ExifSegment extended[EXIF_MAX_SEGMENTS];	/* parts of extended XMP, each with a head of its own */
	int			extended_count;
	ExifSegment photoshop[EXIF_MAX_SEGMENTS];	/* parts of Photoshop's resources, in their order */
	int			photoshop_count;
} ExifPackets;

/* Is there room for another XMP packet? */
extern bool exif_packets_want_xmp(const ExifPackets *packets);

/* Add a packet, or IPTC records.  They take over "owned": freed at once if there is no room. */
extern void exif_packets_xmp(ExifPackets *packets, const uint8_t *data, size_t length, uint8_t *owned);
extern void exif_packets_iptc(ExifPackets *packets, const uint8_t *data, size_t length, uint8_t *owned);

/* The same for a tag's value, whose bytes are in another order if its writer took them for 32-bit numbers. */
extern void exif_packets_iptc_tag(ExifPackets *packets, const uint8_t *data, size_t length);

/* Add a segment of a JPEG if it has XMP, extended XMP or Photoshop's resources.  False if it has none of them. */
extern bool exif_packets_app1(ExifPackets *packets, const uint8_t *data, size_t length);
extern bool exif_packets_app13(ExifPackets *packets, const uint8_t *data, size_t length);

/* Add the IPTC records among Photoshop's resources: those of one tag, or those in the segments so far. */
extern void exif_packets_resources(ExifPackets *packets, const uint8_t *data, size_t length);
extern void exif_packets_photoshop(ExifPackets *packets);

/*
 * Put together the extended XMP whose name (GUID_LENGTH characters) is in the main packet.  False unless
 * all of it is there; otherwise the caller frees packet->owned.
 */
#define GUID_LENGTH 32
extern bool exif_packets_extended(const ExifPackets *packets, const uint8_t *guid, ExifPacket *packet);

extern void exif_packets_free(ExifPackets *packets);

#endif							/* TE_EXIF_PACKET_H */
