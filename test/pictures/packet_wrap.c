/*
 * packet_wrap.c
 *		Puts XMP packets and IPTC records into JPEG, PNG, WebP, TIFF, HEIF, JPEG XL, CR3 and RAF.
 */
#include "packet_wrap.h"

#include <stdlib.h>
#include <string.h>

#include <brotli/encode.h>
#include <zlib.h>

#include "exif_wrap.h"
#include "exif_wrap_box.h"

#define GUID	"0123456789ABCDEF0123456789ABCDEF"
#define OTHER	"FEDCBA9876543210FEDCBA9876543210"
#define XMP_HEADER "http://ns.adobe.com/xap/1.0/"
#define EXTENDED_HEADER "http://ns.adobe.com/xmp/extension/"
#define PHOTOSHOP_HEADER "Photoshop 3.0"

static const char *const names[] = {
	"packet-jpeg.jpg", "packet-jpeg-extended.jpg", "packet-jpeg-exif.jpg", "packet-png.png", "packet-png-packed.png",
	"packet-webp.webp", "packet-tiff.tif", "packet-heic.heic", "packet-avif.avif", "packet-jxl.jxl", "packet-jxl-brotli.jxl",
	"packet-cr3.cr3", "packet-raf.raf", "packet-iptc-jpeg.jpg", "packet-iptc-jpeg-split.jpg", "packet-iptc-tiff.tif",
	"packet-iptc-tiff-swapped.tif", "packet-iptc-tiff-resources.tif"
};

const char *
packet_wrap_name(PacketWrap how)
{
	return names[how];
}

void
packet_xmp_segment(Bytes *jpeg, const void *packet, size_t length)
{
	jpeg_segment(jpeg, 0xE1, XMP_HEADER, sizeof(XMP_HEADER), packet, length);
}

static void
put_be32(uint8_t *at, size_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t) (value >> (24 - 8 * i));
}

void
packet_extended_segment(Bytes *jpeg, const char *guid, size_t total, size_t offset, const void *part, size_t length)
{
	char		head[sizeof(EXTENDED_HEADER) + 40] = EXTENDED_HEADER;

	memcpy(head + sizeof(EXTENDED_HEADER), guid, 32);
	put_be32((uint8_t *) head + sizeof(EXTENDED_HEADER) + 32, total);
	put_be32((uint8_t *) head + sizeof(EXTENDED_HEADER) + 36, offset);
	jpeg_segment(jpeg, 0xE1, head, sizeof(head), part, length);
}

/* Photoshop's resources: one of another kind, then the records. */
static Bytes
resources(const void *records, size_t length)
{
	Bytes		bytes = bytes_copy("8BIM\x03\xED\3abc\0\0\0\3xyz\0" "8BIM\4\4\0\0\0\0\0\0", 30);

	put_be32(bytes.data + 26, length);
	bytes_add(&bytes, records, length);
	if (length % 2 != 0)
		bytes_add(&bytes, "", 1);
	return bytes;
}

void
packet_iptc_segment(Bytes *jpeg, const void *records, size_t length)
{
	Bytes		bytes = resources(records, length);

	jpeg_segment(jpeg, 0xED, PHOTOSHOP_HEADER, sizeof(PHOTOSHOP_HEADER), bytes.data, bytes.length);
	bytes_free(&bytes);
}

static void
split_iptc(Bytes *jpeg, const void *records, size_t length)
{
	Bytes		bytes = resources(records, length);

	jpeg_segment(jpeg, 0xED, PHOTOSHOP_HEADER, sizeof(PHOTOSHOP_HEADER), bytes.data, 32);
	jpeg_segment(jpeg, 0xED, PHOTOSHOP_HEADER, sizeof(PHOTOSHOP_HEADER), bytes.data + 32, bytes.length - 32);
	bytes_free(&bytes);
}

static void
extend_xmp(Bytes *jpeg, const uint8_t *packet, size_t length)
{
	static const char first[] = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about=''"
	" xmlns:n='http://ns.adobe.com/xmp/note/' n:HasExtendedXMP='" GUID "'/></rdf:RDF>";
	size_t		third = length / 3;

	packet_extended_segment(jpeg, GUID, length, 2 * third, packet + 2 * third, length - 2 * third);
	packet_extended_segment(jpeg, OTHER, third, 0, packet, third);
	packet_extended_segment(jpeg, GUID, length, 0, packet, third);
	packet_xmp_segment(jpeg, first, sizeof(first) - 1);
	packet_extended_segment(jpeg, GUID, length, third, packet + third, third);
}

static Bytes
wrap_tiff(PacketWrap how, const void *packet, size_t length)
{
	bool		swapped = how == PACKET_IPTC_TIFF_SWAPPED;
	ExifBlock  *block = exif_block_new(0);
	Bytes		bytes = how == PACKET_IPTC_TIFF_RESOURCES ? resources(packet, length) : bytes_copy(packet, length);
	Bytes		tiff = {0};

	while (swapped && bytes.length % 4 != 0)
		bytes_add(&bytes, "", 1);
	for (size_t i = 0; swapped && i < bytes.length; i += 4)
	{
		uint8_t		group[4] = {bytes.data[i + 3], bytes.data[i + 2], bytes.data[i + 1], bytes.data[i]};

		memcpy(bytes.data + i, group, 4);
	}
	if (how == PACKET_IPTC_TIFF_RESOURCES)
		exif_block_add(block, EB_IFD0, 0x8649, EB_BYTE, bytes.length, bytes.data);
	else if (swapped)
		exif_block_add(block, EB_IFD0, 0x83BB, EB_LONG, bytes.length / 4, bytes.data);
	else
		exif_block_add(block, EB_IFD0, how == PACKET_IPTC_TIFF ? 0x83BB : 0x02BC, EB_UNDEFINED, bytes.length, bytes.data);
	tiff.data = exif_block_build(block, &tiff.length);
	exif_block_free(block);
	bytes_free(&bytes);
	return tiff;
}

static Bytes
wrap_jpeg(PacketWrap how, const void *packet, size_t length)
{
	Bytes		jpeg;
	Bytes		tiff;

	jpeg_begin(&jpeg);
	if (how == PACKET_JPEG || how == PACKET_RAF)
		packet_xmp_segment(&jpeg, packet, length);
	else if (how == PACKET_JPEG_EXTENDED)
		extend_xmp(&jpeg, packet, length);
	else if (how == PACKET_IPTC_JPEG)
		packet_iptc_segment(&jpeg, packet, length);
	else if (how == PACKET_IPTC_JPEG_SPLIT)
		split_iptc(&jpeg, packet, length);
	else
	{
		tiff = wrap_tiff(PACKET_TIFF, packet, length);
		jpeg_segment(&jpeg, 0xE1, "Exif\0\0", 6, tiff.data, tiff.length);
		bytes_free(&tiff);
	}
	jpeg_end(&jpeg);
	return jpeg;
}

static Bytes
wrap_png(PacketWrap how, const uint8_t *packet, size_t length)
{
	static const uint8_t header[] = {0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0};
	static const uint8_t pixel[] = {0x78, 0x9C, 0x63, 0x60, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01};
	Bytes		png = bytes_copy("\x89PNG\r\n\x1A\n", 8);
	Bytes		chunk = bytes_copy("XML:com.adobe.xmp\0\0\0\0\0", 22);

	chunk.data[18] = how == PACKET_PNG_PACKED;
	if (how == PACKET_PNG_PACKED)
	{
		uLongf		packed_length = compressBound(length);
		uint8_t    *packed = malloc(packed_length);

		if (packed == NULL || compress(packed, &packed_length, packet, length) != Z_OK)
			abort();
		bytes_add(&chunk, packed, packed_length);
		free(packed);
	}
	else
		bytes_add(&chunk, packet, length);
	png_chunk(&png, "IHDR", header, sizeof(header));
	if (how == PACKET_PNG)
		png_chunk(&png, "iTXt", chunk.data, chunk.length);
	png_chunk(&png, "IDAT", pixel, sizeof(pixel));
	if (how == PACKET_PNG_PACKED)
		png_chunk(&png, "iTXt", chunk.data, chunk.length);
	png_chunk(&png, "IEND", NULL, 0);
	bytes_free(&chunk);
	return png;
}

/* An item of type mime, which describes the primary one. */
static Bytes
wrap_heif_packet(PacketWrap how, const uint8_t *packet, size_t length)
{
	static const char info[] = "\0\0\0\0\0\2"
	"\0\0\0\x15infe\2\0\0\0\0\1\0\0hvc1\0"
	"\0\0\0\x29infe\2\0\0\0\0\2\0\0mime\0application/rdf+xml";
	Bytes		file = {0};
	Bytes		meta = bytes_copy("\0\0\0\0", 4);
	uint8_t		places[] = {0, 0, 0, 0, 0x44, 0, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
	size_t		place;

	box_add(&meta, "hdlr", "\0\0\0\0\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0", 25);
	box_add(&meta, "pitm", "\0\0\0\0\0\1", 6);
	box_add(&meta, "iinf", info, sizeof(info));
	box_add(&meta, "iref", "\0\0\0\0\0\0\0\x0E" "cdsc\0\2\0\1\0\1", 18);
	place = meta.length + 8 + 14;	/* of the offset in iloc */
	box_add(&meta, "iloc", places, sizeof(places));
	box_add(&file, "ftyp", how == PACKET_AVIF ? "avif\0\0\0\0avifmif1" : "heic\0\0\0\0heicmif1", 16);
	put_be32(meta.data + place, file.length + 8 + meta.length + 8);
	put_be32(meta.data + place + 4, length);
	box_add(&file, "meta", meta.data, meta.length);
	box_add(&file, "mdat", packet, length);
	bytes_free(&meta);
	return file;
}

static Bytes
wrap_jxl(PacketWrap how, const uint8_t *packet, size_t length)
{
	Bytes		jxl = {0};
	size_t		packed_length = BrotliEncoderMaxCompressedSize(length);
	uint8_t    *packed = malloc(packed_length + 4);

	if (packed == NULL ||
		!BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, length, packet, &packed_length, packed + 4))
		abort();
	memcpy(packed, "xml ", 4);
	box_add(&jxl, "JXL ", "\r\n\x87\n", 4);
	box_add(&jxl, "ftyp", "jxl \0\0\0\0jxl ", 12);
	if (how == PACKET_JXL_BROTLI)
		box_add(&jxl, "brob", packed, packed_length + 4);
	else
		box_add(&jxl, "xml ", packet, length);
	box_add(&jxl, "jxlc", "\xFF\x0A\0\0", 4);
	free(packed);
	return jxl;
}

static Bytes
wrap_cr3(const uint8_t *packet, size_t length)
{
	Bytes		none = {0};
	Bytes		file = exif_wrap_cr3(&none, &none, &none);
	Bytes		uuid = bytes_copy("\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC", 16);

	bytes_add(&uuid, packet, length);
	box_add(&file, "uuid", uuid.data, uuid.length);
	bytes_free(&uuid);
	return file;
}

static Bytes
wrap_webp(const uint8_t *packet, size_t length)
{
	static const uint8_t canvas[10] = {0x04};
	static const uint8_t odd[] = {0x2F, 0, 0, 0, 0};
	Bytes		webp = bytes_copy("RIFF\0\0\0\0WEBP", 12);

	riff_chunk(&webp, "VP8X", canvas, sizeof(canvas));
	riff_chunk(&webp, "VP8L", odd, sizeof(odd));
	riff_chunk(&webp, "XMP ", packet, length);
	for (int i = 0; i < 4; i++)
		webp.data[4 + i] = (uint8_t) ((webp.length - 8) >> (8 * i));
	return webp;
}

Bytes
packet_wrap(PacketWrap how, const void *packet, size_t length)
{
	Bytes		jpeg;
	Bytes		raf;

	switch (how)
	{
		case PACKET_PNG:
		case PACKET_PNG_PACKED:
			return wrap_png(how, packet, length);
		case PACKET_WEBP:
			return wrap_webp(packet, length);
		case PACKET_TIFF:
		case PACKET_IPTC_TIFF:
		case PACKET_IPTC_TIFF_SWAPPED:
		case PACKET_IPTC_TIFF_RESOURCES:
			return wrap_tiff(how, packet, length);
		case PACKET_HEIC:
		case PACKET_AVIF:
			return wrap_heif_packet(how, packet, length);
		case PACKET_JXL:
		case PACKET_JXL_BROTLI:
			return wrap_jxl(how, packet, length);
		case PACKET_CR3:
			return wrap_cr3(packet, length);
		case PACKET_RAF:
			jpeg = wrap_jpeg(how, packet, length);
			raf = raf_around(&jpeg);
			bytes_free(&jpeg);
			return raf;
		default:
			return wrap_jpeg(how, packet, length);
	}
}
