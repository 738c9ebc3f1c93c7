/*
 * packet_wrap.h
 *		Puts XMP packets and IPTC records into each kind of container.  The files have no pixels.
 */
#ifndef TEST_PACKET_WRAP_H
#define TEST_PACKET_WRAP_H

#include "containers.h"

typedef enum PacketWrap
{
	/* XMP */
	PACKET_JPEG,
	PACKET_JPEG_EXTENDED,		/* as extended XMP, in parts in the wrong order, with those of another one */
	PACKET_JPEG_EXIF,			/* in a tag of the EXIF */
	PACKET_PNG,
	PACKET_PNG_PACKED,			/* compressed, and behind the pixels */
	PACKET_WEBP,
	PACKET_TIFF,
	PACKET_HEIC,
	PACKET_AVIF,
	PACKET_JXL,
	PACKET_JXL_BROTLI,
	PACKET_CR3,
	PACKET_RAF,

	/* IPTC */
	PACKET_IPTC_JPEG,			/* behind another resource with a name of odd length */
	PACKET_IPTC_JPEG_SPLIT,		/* over two segments */
	PACKET_IPTC_TIFF,
	PACKET_IPTC_TIFF_SWAPPED,	/* as numbers of 32 bits, in the other byte order */
	PACKET_IPTC_TIFF_RESOURCES	/* among Photoshop's resources */
} PacketWrap;
#define PACKET_LAST_XMP		PACKET_RAF
#define PACKET_LAST			PACKET_IPTC_TIFF_RESOURCES

/* "packet-jpeg.jpg": what it is and the usual suffix. */
extern const char *packet_wrap_name(PacketWrap how);

/* The file.  The caller frees it with bytes_free. */
extern Bytes packet_wrap(PacketWrap how, const void *packet, size_t length);

/* Segments of a JPEG: a packet, part of an extended one, or IPTC among Photoshop's resources. */
extern void packet_xmp_segment(Bytes *jpeg, const void *packet, size_t length);
extern void packet_extended_segment(Bytes *jpeg, const char *guid, size_t total, size_t offset, const void *part, size_t length);
extern void packet_iptc_segment(Bytes *jpeg, const void *records, size_t length);

#endif							/* TEST_PACKET_WRAP_H */
