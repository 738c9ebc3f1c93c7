/*
 * exif_cases_iptc.c
 *		Cases of IPTC records.
 */
#include "test/unit/exif_cases_packet.h"

#define UTF8 "\x1C\1\x5A\0\3\x1B%G"
#define LATIN1 "\x1C\1\x5A\0\3\x1B.A"
#define NAME "\x1C\2\5"
#define KEYWORD "\x1C\2\x19"
#define BY "\x1C\2\x50"
#define COPYRIGHT "\x1C\2\x74"
#define CAPTION "\x1C\2\x78"

const PacketCase iptc_cases[] = {
	PACKET("iptc-all", UTF8 "\x1C\2\0\0\2\0\4" NAME "\0\5tower" KEYWORD "\0\1a" KEYWORD "\0\3\xE2\x82\xAC" BY "\0\3Ann" COPYRIGHT "\0\5\xC2\xA9 me" CAPTION "\0\3By\n",
		   "{\"IPTC:ObjectName\":\"tower\",\"IPTC:Keywords\":[\"a\",\"\xE2\x82\xAC\"],\"IPTC:By-line\":\"Ann\",\"IPTC:Caption-Abstract\":\"By\",\"IPTC:CopyrightNotice\":\"\xC2\xA9 me\"}"),
	PACKET("iptc-one-keyword", KEYWORD "\0\1a", "{\"IPTC:Keywords\":[\"a\"]}"),
	PACKET("iptc-two-by", BY "\0\3Ann" NAME "\0\1n" BY "\0\3Bob", "{\"IPTC:ObjectName\":\"n\",\"IPTC:By-line\":[\"Ann\",\"Bob\"]}"),
	PACKET("iptc-two-names", NAME "\0\1a" NAME "\0\1b", "{\"IPTC:ObjectName\":\"b\"}"),
	PACKET("iptc-latin1", LATIN1 NAME "\0\3\xE9t\xE9" KEYWORD "\0\2\xC3\xA9", "{\"IPTC:ObjectName\":\"\xC3\xA9t\xC3\xA9\",\"IPTC:Keywords\":[\"\xC3\x83\xC2\xA9\"]}"),
	PACKET("iptc-undeclared-latin1", NAME "\0\3\xE9t\xE9", "{\"IPTC:ObjectName\":\"\xC3\xA9t\xC3\xA9\"}"),
	PACKET("iptc-undeclared-utf8", NAME "\0\5\xC3\xA9t\xC3\xA9", "{\"IPTC:ObjectName\":\"\xC3\xA9t\xC3\xA9\"}"),
	PACKET("iptc-not-utf8", UTF8 NAME "\0\3\xE9t\xE9", "{\"IPTC:ObjectName\":\"\xC3\xA9t\xC3\xA9\"}"),
	PACKET("iptc-blanks", NAME "\0\4a   " KEYWORD "\0\2  " KEYWORD "\0\0" CAPTION "\0\3 \n\t" COPYRIGHT "\0\4me\0\0", "{\"IPTC:ObjectName\":\"a\",\"IPTC:CopyrightNotice\":\"me\"}"),
	PACKET("iptc-controls", CAPTION "\0\6a\1b \2 ", "{\"IPTC:Caption-Abstract\":\"ab\"}"),
	PACKET("iptc-long-length", CAPTION "\x80\4\0\0\0\3abc" NAME "\0\1n", "{\"IPTC:ObjectName\":\"n\",\"IPTC:Caption-Abstract\":\"abc\"}"),
	PACKET("iptc-other-records", "\x1C\3\5\0\1x\x1C\1\5\0\1y\x1C\2\6\0\1z", NULL),
	PACKET("iptc-padded", NAME "\0\1a\0\0\0", "{\"IPTC:ObjectName\":\"a\"}"),
	PACKET("iptc-broken-rubbish", "rubbish", NULL),
	PACKET("iptc-broken-within", NAME "\0\1a" CAPTION "\0\x50" "abc", "{\"IPTC:ObjectName\":\"a\"}"),
	PACKET("iptc-broken-head", NAME "\0\1a\x1C\2", "{\"IPTC:ObjectName\":\"a\"}"),
	PACKET("iptc-broken-length", NAME "\0\1a" CAPTION "\x80\x8\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFx", "{\"IPTC:ObjectName\":\"a\"}"),
	PACKET("iptc-broken-long-length", NAME "\0\1a" CAPTION "\x80\x9\0\0\0\0\0\0\0\0\1x", "{\"IPTC:ObjectName\":\"a\"}"),
	PACKET("iptc-broken-no-length", NAME "\0\1a" CAPTION "\x80\0x", "{\"IPTC:ObjectName\":\"a\"}"),
	{.name = NULL}
};
