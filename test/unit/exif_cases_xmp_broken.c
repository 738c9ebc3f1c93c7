/*
 * exif_cases_xmp_broken.c
 *		Cases of XMP packets that are truncated, not well-formed or hostile: of these counts what is complete
 *		before the place, and nothing at all if there is a document type.
 */
#include "test/unit/exif_cases_packet.h"

#define NODE "<rdf:Description rdf:about=''" XMP_NAMESPACES
#define TEN(text) text text text text text text text text text text

const PacketCase xmp_broken_cases[] = {
	PACKET("xmp-broken-empty", " ", NULL),
	PACKET("xmp-broken-nothing", XMP_BEGIN XMP_END, NULL),
	PACKET("xmp-broken-rubbish", "rubbish that is not XML", NULL),
	PACKET("xmp-broken-other", "<svg xmlns='http://www.w3.org/2000/svg'><title>no</title></svg>", NULL),
	PACKET("xmp-broken-within-node", XMP_BEGIN NODE " xmp:Rating='4'", NULL),
	PACKET("xmp-broken-after-node", XMP_BEGIN NODE " xmp:Rating='4'>", "{\"XMP:Rating\":4}"),
	PACKET("xmp-broken-within-text", XMP_BEGIN NODE " xmp:Rating='4'><dc:title>The to", "{\"XMP:Rating\":4}"),
	PACKET("xmp-broken-within-array", XMP_BEGIN NODE "><dc:title>The tower</dc:title><dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li>",
		   "{\"XMP:Title\":\"The tower\"}"),
	PACKET("xmp-broken-overlap", XMP_BEGIN NODE "><dc:title>a</dc:title><dc:description>b</dc:title></dc:description></rdf:Description>" XMP_END,
		   "{\"XMP:Title\":\"a\"}"),
	PACKET("xmp-broken-replaces", XMP_BEGIN NODE " dc:title='a'/>" NODE "><dc:title>b", "{\"XMP:Title\":\"a\"}"),
	PACKET("xmp-broken-prefix", XMP_BEGIN NODE " dc:title='a'><unknown:x/></rdf:Description>" XMP_END, "{\"XMP:Title\":\"a\"}"),
	PACKET("xmp-broken-entity", XMP_BEGIN NODE " dc:title='a'><dc:description>&nbsp;</dc:description></rdf:Description>" XMP_END, "{\"XMP:Title\":\"a\"}"),
	PACKET("xmp-broken-utf8", XMP_BEGIN NODE " dc:title='a'><dc:description>\xE9t\xE9</dc:description></rdf:Description>" XMP_END, "{\"XMP:Title\":\"a\"}"),
	PACKET("xmp-broken-encoding", "<?xml version='1.0' encoding='EBCDIC-CP-DE'?>" XMP_RDF NODE " dc:title='a'/></rdf:RDF>", NULL),
	PACKET("xmp-broken-behind", XMP(" xmp:Rating='4'", "") "\0\0\0<rubbish", "{\"XMP:Rating\":4}"),
	PACKET("xmp-broken-second-rdf", XMP_BEGIN NODE " xmp:Rating='4'/></rdf:RDF>" XMP_RDF NODE " xmp:Rating='5'/></rdf:RDF></x:xmpmeta>", "{\"XMP:Rating\":4}"),
	PACKET("xmp-broken-deep", XMP_BEGIN NODE "><dc:title>a</dc:title>" TEN(TEN("<dc:subject>")) "<dc:description>b</dc:description>", "{\"XMP:Title\":\"a\"}"),

	/* Entities: a document type ends the packet. */
	PACKET("xmp-doctype", "<!DOCTYPE r>" XMP_RDF NODE " dc:title='a'/></rdf:RDF>", NULL),
	PACKET("xmp-doctype-entity", "<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a 'b'>]>" XMP_RDF NODE " dc:title='&a;'/></rdf:RDF>", NULL),
	PACKET("xmp-doctype-file", "<!DOCTYPE r [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>" XMP_RDF NODE "><dc:title>&a;</dc:title></rdf:Description></rdf:RDF>", NULL),
	PACKET("xmp-doctype-external", "<!DOCTYPE r SYSTEM 'http://example.com/a.dtd'>" XMP_RDF NODE " dc:title='a'/></rdf:RDF>", NULL),
	PACKET("xmp-doctype-laughs", "<!DOCTYPE r [<!ENTITY a 'ha'>"
		   "<!ENTITY b '" TEN("&a;") "'><!ENTITY c '" TEN("&b;") "'><!ENTITY d '" TEN("&c;") "'><!ENTITY e '" TEN("&d;") "'>"
		   "<!ENTITY f '" TEN("&e;") "'><!ENTITY g '" TEN("&f;") "'><!ENTITY h '" TEN("&g;") "'><!ENTITY i '" TEN("&h;") "'>]>"
		   XMP_RDF NODE "><dc:title>" TEN("&i;") "</dc:title></rdf:Description></rdf:RDF>", NULL),
	PACKET("xmp-doctype-quadratic", "<!DOCTYPE r [<!ENTITY a '" TEN(TEN(TEN("ha"))) "'>]>" XMP_RDF NODE "><dc:title>" TEN(TEN(TEN("&a;"))) "</dc:title></rdf:Description></rdf:RDF>", NULL),
	PACKET("xmp-doctype-parameter", "<!DOCTYPE r [<!ENTITY % a '<!ENTITY &#37; b SYSTEM \"file:///dev/zero\">'>%a;%b;]>" XMP_RDF NODE " dc:title='a'/></rdf:RDF>", NULL),
	PACKET("xmp-doctype-late", XMP_BEGIN NODE " dc:title='a'/><!DOCTYPE r>" NODE " dc:title='b'/>" XMP_END, "{\"XMP:Title\":\"a\"}"),
	{.name = NULL}
};
