/*
 * exif_cases_xmp.c
 *		Cases of XMP packets that are good, or odd.
 */
#include "test/unit/exif_cases_packet.h"

#define BAG(items) "<rdf:Bag>" items "</rdf:Bag>"
#define ALT(items) "<rdf:Alt>" items "</rdf:Alt>"
#define LI(text) "<rdf:li>" text "</rdf:li>"
#define LI_IN(language, text) "<rdf:li xml:lang='" language "'>" text "</rdf:li>"

/* As in a motion photo: pictures, then the video. */
#define PART(attributes) "<rdf:li rdf:parseType='Resource'><Container:Item" attributes "/></rdf:li>"
#define DIRECTORY(parts) "<Container:Directory><rdf:Seq>" parts "</rdf:Seq></Container:Directory>"
#define PICTURE " Item:Mime='image/jpeg' Item:Semantic='Primary' Item:Length='0' Item:Padding='12'"
#define VIDEO " Item:Mime='video/mp4' Item:Semantic='MotionPhoto' Item:Length='2345678' Item:Padding='0'"

const PacketCase xmp_sample =
PACKET("xmp-sample",
	   XMP(" xmp:Rating='4' xmp:CreateDate='2024-05-06T07:08:09+02:00' GCamera:MotionPhoto='1' GCamera:MotionPhotoPresentationTimestampUs='968644'",
		   "<dc:title>" ALT(LI_IN("x-default", "The tower")) "</dc:title><dc:description>" ALT(LI_IN("x-default", "By night")) "</dc:description>"
		   "<dc:subject>" BAG(LI("Paris") LI("tour Eiffel")) "</dc:subject><lr:hierarchicalSubject>" BAG(LI("Places|France|Paris")) "</lr:hierarchicalSubject>"
		   DIRECTORY(PART(PICTURE) PART(VIDEO))),
	   "{\"XMP:Title\":\"The tower\",\"XMP:Description\":\"By night\",\"XMP:Subject\":[\"Paris\",\"tour Eiffel\"],"
	   "\"XMP:HierarchicalSubject\":[\"Places|France|Paris\"],\"XMP:Rating\":4,\"XMP:CreateDate\":\"2024-05-06T07:08:09+02:00\","
	   "\"XMP:MotionPhoto\":1,\"XMP:MotionPhotoPresentationTimestampUs\":968644,\"XMP:MotionPhotoOffset\":2345678}");

const PacketCase xmp_cases[] = {
	PACKET("xmp-attributes", XMP(" xmp:Rating='4' xmp:CreateDate='2024-05-06T07:08:09.25+02:00'", ""),
		   "{\"XMP:Rating\":4,\"XMP:CreateDate\":\"2024-05-06T07:08:09.25+02:00\"}"),
	PACKET("xmp-elements", XMP("", "<xmp:Rating>4</xmp:Rating><xmp:CreateDate>2024-05-06</xmp:CreateDate>"),
		   "{\"XMP:Rating\":4,\"XMP:CreateDate\":\"2024-05-06\"}"),
	PACKET("xmp-subject", XMP("", "<dc:subject>" BAG(LI("Paris") LI("tour Eiffel") LI("\xC3\xA9t\xC3\xA9")) "</dc:subject>"),
		   "{\"XMP:Subject\":[\"Paris\",\"tour Eiffel\",\"\xC3\xA9t\xC3\xA9\"]}"),
	PACKET("xmp-subject-seq", XMP("", "<dc:subject><rdf:Seq>" LI("a") LI("b") "</rdf:Seq></dc:subject>"), "{\"XMP:Subject\":[\"a\",\"b\"]}"),
	PACKET("xmp-subject-one", XMP("", "<dc:subject>" BAG(LI("Paris")) "</dc:subject>"), "{\"XMP:Subject\":[\"Paris\"]}"),
	PACKET("xmp-subject-text", XMP("", "<dc:subject>Paris, 2024</dc:subject>"), "{\"XMP:Subject\":[\"Paris, 2024\"]}"),
	PACKET("xmp-subject-attribute", XMP(" dc:subject='Paris'", ""), "{\"XMP:Subject\":[\"Paris\"]}"),
	PACKET("xmp-subject-blanks", XMP("", "<dc:subject>" BAG(LI("  ") LI("a  ") "<rdf:li/>" LI("\n b\n")) "</dc:subject>"),
		   "{\"XMP:Subject\":[\"a\",\"b\"]}"),
	PACKET("xmp-subject-empty", XMP("", "<dc:subject>" BAG("") "</dc:subject><dc:title/><dc:description>" ALT(LI_IN("x-default", " \t\n")) "</dc:description>"), NULL),
	PACKET("xmp-hierarchical", XMP("", "<lr:hierarchicalSubject>" BAG(LI("Places|France|Paris") LI("Seasons|Summer")) "</lr:hierarchicalSubject>"),
		   "{\"XMP:HierarchicalSubject\":[\"Places|France|Paris\",\"Seasons|Summer\"]}"),
	PACKET("xmp-title", XMP("", "<dc:title>" ALT(LI_IN("x-default", "The tower")) "</dc:title><dc:description>" ALT(LI_IN("x-default", "By\nnight")) "</dc:description>"),
		   "{\"XMP:Title\":\"The tower\",\"XMP:Description\":\"By\\nnight\"}"),
	PACKET("xmp-title-default-last", XMP("", "<dc:title>" ALT(LI_IN("de", "Der Turm") LI_IN("x-default", "The tower") LI_IN("fr", "La tour")) "</dc:title>"),
		   "{\"XMP:Title\":\"The tower\"}"),
	PACKET("xmp-title-no-default", XMP("", "<dc:title>" ALT(LI_IN("de", "Der Turm") LI_IN("fr", "La tour")) "</dc:title>"), "{\"XMP:Title\":\"Der Turm\"}"),
	PACKET("xmp-title-default-blank", XMP("", "<dc:title>" ALT(LI_IN("x-default", " ") LI_IN("de", "Der Turm")) "</dc:title>"), "{\"XMP:Title\":\"Der Turm\"}"),
	PACKET("xmp-title-no-language", XMP("", "<dc:title>" ALT(LI("The tower") LI("La tour")) "</dc:title>"), "{\"XMP:Title\":\"The tower\"}"),
	PACKET("xmp-title-text", XMP("", "<dc:title>The tower</dc:title>"), "{\"XMP:Title\":\"The tower\"}"),
	PACKET("xmp-title-cdata", XMP("", "<dc:title>" ALT(LI_IN("x-default", "<![CDATA[a < b & c]]> &amp; &#x263A;&lt;&#10;\"\\")) "</dc:title>"),
		   "{\"XMP:Title\":\"a < b & c & \xE2\x98\xBA<\\n\\\"\\\\\"}"),
	PACKET("xmp-title-comment", XMP("", "<dc:title>" ALT(LI_IN("x-default", "The <!-- big -->tower<?a b?>")) "</dc:title>"), "{\"XMP:Title\":\"The tower\"}"),
	PACKET("xmp-controls", XMP("", "<dc:title>a&#x85;b&#x7F; &#x9F;</dc:title>"), "{\"XMP:Title\":\"ab\"}"),
	PACKET("xmp-qualified", XMP("", "<dc:title rdf:parseType='Resource'> <rdf:value>The tower</rdf:value> <xmp:Rating>3</xmp:Rating> </dc:title>"
								"<dc:subject>" BAG("<rdf:li><rdf:Description xmp:Rating='2'>\n<rdf:value>a</rdf:value>\n<xmp:Label>x</xmp:Label></rdf:Description>\n</rdf:li>" LI("b")) "</dc:subject>"),
		   "{\"XMP:Title\":\"The tower\",\"XMP:Subject\":[\"a\",\"b\"]}"),
	PACKET("xmp-in-structures", XMP("", "<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType='Resource'><xmp:Rating>1</xmp:Rating><dc:title>no</dc:title></rdf:li></rdf:Alt></xmp:Thumbnails>"
									"<xmp:Derived rdf:parseType='Resource'><dc:subject>" BAG(LI("no")) "</dc:subject></xmp:Derived>"), NULL),
	PACKET("xmp-other-namespace", XMP(" xmlns:a='http://ns.adobe.com/tiff/1.0/' a:Rating='3' Rating='2'", "<a:subject>x</a:subject><title>y</title>"), NULL),
	PACKET("xmp-other-prefix", XMP_BEGIN "<r:Description xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:a='http://ns.adobe.com/xap/1.0/' a:Rating='5'>"
		   "<subject xmlns='http://purl.org/dc/elements/1.1/'><r:Bag><r:li>a</r:li></r:Bag></subject></r:Description>" XMP_END,
		   "{\"XMP:Subject\":[\"a\"],\"XMP:Rating\":5}"),
	PACKET("xmp-several-nodes", XMP_BEGIN "<rdf:Description" XMP_NAMESPACES " xmp:Rating='1'/><rdf:Description" XMP_NAMESPACES "><dc:title>b</dc:title></rdf:Description>"
		   "<rdf:Description><rdf:Description" XMP_NAMESPACES " dc:description='c'/></rdf:Description>" XMP_END,
		   "{\"XMP:Title\":\"b\",\"XMP:Description\":\"c\",\"XMP:Rating\":1}"),
	PACKET("xmp-twice", XMP_BEGIN "<rdf:Description" XMP_NAMESPACES " xmp:Rating='1'><xmp:Rating>2</xmp:Rating></rdf:Description>"
		   "<rdf:Description" XMP_NAMESPACES " xmp:Rating='3'/>" XMP_END, "{\"XMP:Rating\":3}"),
	PACKET("xmp-no-meta", XMP_RDF "<rdf:Description" XMP_NAMESPACES " xmp:Rating='1'/></rdf:RDF>", "{\"XMP:Rating\":1}"),
	PACKET("xmp-declaration", "\n <?xml version='1.0' encoding='ISO-8859-1'?>" XMP_RDF "<rdf:Description" XMP_NAMESPACES " dc:title='\xE9t\xE9'/></rdf:RDF>",
		   "{\"XMP:Title\":\"\xC3\xA9t\xC3\xA9\"}"),
	PACKET("xmp-rating-rejected", XMP(" xmp:Rating='-1'", ""), "{\"XMP:Rating\":-1}"),
	PACKET("xmp-rating-zero", XMP(" xmp:Rating='0'", ""), "{\"XMP:Rating\":0}"),
	PACKET("xmp-rating-half", XMP("", "<xmp:Rating> 4.50 </xmp:Rating>"), "{\"XMP:Rating\":4.5}"),
	PACKET("xmp-rating-text", XMP(" xmp:Rating='five'", ""), NULL),
	PACKET("xmp-rating-odd", XMP(" xmp:Rating='1e5'", "<xmp:Label>x</xmp:Label>"), NULL),
	PACKET("xmp-rating-long", XMP(" xmp:Rating='1234567890123456'", ""), NULL),
	PACKET("xmp-rating-array", XMP("", "<xmp:Rating>" BAG(LI("4")) "</xmp:Rating>"), NULL),
	PACKET("xmp-motion", XMP(" GCamera:MotionPhoto='1' GCamera:MotionPhotoVersion='1' GCamera:MotionPhotoPresentationTimestampUs='968644'", DIRECTORY(PART(PICTURE) PART(VIDEO))),
		   "{\"XMP:MotionPhoto\":1,\"XMP:MotionPhotoPresentationTimestampUs\":968644,\"XMP:MotionPhotoOffset\":2345678}"),
	PACKET("xmp-motion-elements", XMP("", "<GCamera:MotionPhoto>1</GCamera:MotionPhoto>" DIRECTORY(PART(PICTURE)
									  "<rdf:li><rdf:Description><Container:Item rdf:parseType='Resource'><Item:Semantic>MotionPhoto</Item:Semantic>\n"
									  "<Item:Length>99</Item:Length></Container:Item></rdf:Description></rdf:li>")),
		   "{\"XMP:MotionPhoto\":1,\"XMP:MotionPhotoOffset\":99}"),
	PACKET("xmp-motion-behind", XMP(" GCamera:MotionPhoto='1'", DIRECTORY(PART(PICTURE) PART(" Item:Semantic='GainMap' Item:Length='50'") PART(VIDEO) PART(" Item:Semantic='Other' Item:Length='22'"))),
		   "{\"XMP:MotionPhoto\":1,\"XMP:MotionPhotoOffset\":2345700}"),
	PACKET("xmp-motion-none", XMP("", DIRECTORY(PART(PICTURE) PART(" Item:Semantic='GainMap' Item:Length='50'"))), NULL),
	PACKET("xmp-motion-not", XMP(" GCamera:MotionPhoto='0'", DIRECTORY(PART(VIDEO))), "{\"XMP:MotionPhoto\":0}"),
	PACKET("xmp-motion-bad-length", XMP(" GCamera:MotionPhoto='1'", DIRECTORY(PART(" Item:Semantic='MotionPhoto' Item:Length='-5'"))), "{\"XMP:MotionPhoto\":1}"),
	PACKET("xmp-motion-no-length", XMP(" GCamera:MotionPhoto='1'", DIRECTORY(PART(" Item:Semantic='MotionPhoto'"))), "{\"XMP:MotionPhoto\":1}"),
	PACKET("xmp-micro-video", XMP(" GCamera:MicroVideo='1' GCamera:MicroVideoVersion='1' GCamera:MicroVideoOffset='4567' GCamera:MicroVideoPresentationTimestampUs='-1'", ""),
		   "{\"XMP:MotionPhotoOffset\":4567,\"XMP:MicroVideo\":1,\"XMP:MicroVideoPresentationTimestampUs\":-1,\"XMP:MicroVideoOffset\":4567}"),
	{.name = NULL}
};
