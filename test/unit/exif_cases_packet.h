/*
 * exif_cases_packet.h
 *		Cases of XMP packets and IPTC records, and the JSON that must be read from each.
 *
 * test_exif_packets.c checks them; test/conformance/craft.c writes them into files, on which ExifTool is
 * asked as well.
 */
#ifndef TEST_EXIF_CASES_PACKET_H
#define TEST_EXIF_CASES_PACKET_H

#include <stddef.h>

typedef struct PacketCase
{
	const char *name;			/* also the name of a file */
	const char *bytes;
	size_t		length;
	const char *json;			/* NULL if nothing must be read */
} PacketCase;

/* A packet with all that is read. */
extern const PacketCase xmp_sample;

/* Each ends with a case without a name. */
extern const PacketCase xmp_cases[];
extern const PacketCase xmp_broken_cases[];
extern const PacketCase iptc_cases[];

#define PACKET(title, literal, text) {.name = title, .bytes = literal, .length = sizeof(literal) - 1, .json = text}

/* The elements around what is in rdf:Description, with the usual prefixes. */
#define XMP_NAMESPACES \
	" xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:xmp='http://ns.adobe.com/xap/1.0/'" \
	" xmlns:lr='http://ns.adobe.com/lightroom/1.0/' xmlns:GCamera='http://ns.google.com/photos/1.0/camera/'" \
	" xmlns:Container='http://ns.google.com/photos/1.0/container/'" \
	" xmlns:Item='http://ns.google.com/photos/1.0/container/item/'"
#define XMP_RDF "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
#define XMP_BEGIN \
	"<?xpacket begin='\xEF\xBB\xBF' id='W5M0MpCehiHzreSzNTczkc9d'?>\n" \
	"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" XMP_RDF
#define XMP_END "</rdf:RDF></x:xmpmeta>\n    \n    \n<?xpacket end='w'?>"
#define XMP(attributes, properties) \
	XMP_BEGIN "<rdf:Description rdf:about=''" XMP_NAMESPACES attributes ">" properties "</rdf:Description>" XMP_END

#endif							/* TEST_EXIF_CASES_PACKET_H */
