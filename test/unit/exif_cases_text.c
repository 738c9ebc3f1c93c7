/*
 * exif_cases_text.c
 *		Cases of text in different encodings.
 */
#include "test/unit/exif_cases.h"

#define DESCRIPTION	0x010E
#define MAKE		0x010F
#define MODEL		0x0110
#define COPYRIGHT	0x8298
#define COMMENT		0x9286

#define TEXT_CASE(function, tag, type, literal) \
	static void \
	function(ExifBlock *block) \
	{ \
		link_exif(block); \
		ADD_BYTES(block, (tag) >= 0x9000 && (tag) < 0x9C00 ? EB_EXIF : EB_IFD0, tag, type, literal); \
	}

TEXT_CASE(utf8, MAKE, EB_ASCII, "Caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x93\xB7\0")
TEXT_CASE(latin1, MAKE, EB_ASCII, "Caf\xE9 \xA9\0")
TEXT_CASE(latin1_controls, MAKE, EB_ASCII, "Caf\xE9\x80!\x9F\0")
TEXT_CASE(inner_nul, MAKE, EB_ASCII, "Nikon\0Corporation\0")
TEXT_CASE(leading_nul, MAKE, EB_ASCII, "\0Nikon\0")
TEXT_CASE(padded, MAKE, EB_ASCII, "  Nikon Corporation    \0")
TEXT_CASE(blank, MAKE, EB_ASCII, "      \0")
TEXT_CASE(empty, MAKE, EB_ASCII, "\0")
TEXT_CASE(unterminated, MAKE, EB_ASCII, "Nikon Corporation")
TEXT_CASE(short_one, MAKE, EB_ASCII, "LG")
TEXT_CASE(as_undefined, MAKE, EB_UNDEFINED, "Nikon Corporation\0")
TEXT_CASE(controls, MAKE, EB_ASCII, "Ni\1k\x7Fon\t\x1B!\0")
TEXT_CASE(escapes, DESCRIPTION, EB_ASCII, "\"a\\b\"\n\tc/\r!\0")
TEXT_CASE(overlong, DESCRIPTION, EB_ASCII, "a\xC0\x80" "b\0")
TEXT_CASE(surrogate, DESCRIPTION, EB_ASCII, "a\xED\xA0\x80" "b\0")
TEXT_CASE(cut_utf8, DESCRIPTION, EB_ASCII, "na\xC3")
TEXT_CASE(utf8_type, DESCRIPTION, 129, "Caf\xC3\xA9\0")
TEXT_CASE(trailing_blanks, DESCRIPTION, EB_ASCII, "dog   \0")
TEXT_CASE(trailing_lines, DESCRIPTION, EB_ASCII, "a \"\\ \r\n\t \v \0")
TEXT_CASE(trailing_controls, MAKE, EB_ASCII, "Nikon \1 \x7F\0")
TEXT_CASE(blank_lines, DESCRIPTION, EB_ASCII, " \r\n\t \1\0")
TEXT_CASE(text_maker_note, 0x927C, EB_UNDEFINED, "ACME notes  \0\0")
TEXT_CASE(blank_lens, 0xA434, EB_ASCII, " \0")

TEXT_CASE(both_copyrights, COPYRIGHT, EB_ASCII, "Ann A. \0Bob B.\0")
TEXT_CASE(editor_only, COPYRIGHT, EB_ASCII, " \0Bob B.\0")
TEXT_CASE(photographer_only, COPYRIGHT, EB_ASCII, "Ann A.  \0\0")
TEXT_CASE(blank_copyright, COPYRIGHT, EB_ASCII, "   \0")

TEXT_CASE(comment_ascii, COMMENT, EB_UNDEFINED, "ASCII\0\0\0hello there   ")
TEXT_CASE(comment_ascii_blank, COMMENT, EB_UNDEFINED, "ASCII\0\0\0          ")
TEXT_CASE(comment_no_code_blank, COMMENT, EB_UNDEFINED, "            \0\0")
TEXT_CASE(comment_unicode_blanks, COMMENT, EB_UNDEFINED, "UNICODE\0h\0i\0 \0\n\0 \0")
TEXT_CASE(comment_unicode_blank, COMMENT, EB_UNDEFINED, "UNICODE\0 \0 \0 \0")
TEXT_CASE(comment_jis_blank, COMMENT, EB_UNDEFINED, "JIS\0\0\0\0\0a  ")
TEXT_CASE(comment_ascii_nul, COMMENT, EB_UNDEFINED, "ASCII\0\0\0hello\0there")
TEXT_CASE(comment_blanks, COMMENT, EB_UNDEFINED, "ASCII   hello")
TEXT_CASE(comment_utf8, COMMENT, EB_UNDEFINED, "ASCII\0\0\0Caf\xC3\xA9")
TEXT_CASE(comment_undefined, COMMENT, EB_UNDEFINED, "\0\0\0\0\0\0\0\0hello")
TEXT_CASE(comment_zeros, COMMENT, EB_UNDEFINED, "\0\0\0\0\0\0\0\0\0\0\0\0")
TEXT_CASE(comment_short, COMMENT, EB_UNDEFINED, "\0")
TEXT_CASE(comment_no_code, COMMENT, EB_UNDEFINED, "just a comment without a code")
TEXT_CASE(comment_binary, COMMENT, EB_UNDEFINED, "\1\2\3\4\5\6\7\x8\x9\xA")
TEXT_CASE(comment_other_code, COMMENT, EB_UNDEFINED, "Unicode\0plain\0\0")
TEXT_CASE(comment_unicode, COMMENT, EB_UNDEFINED, "UNICODE\0h\0\xE9\0l\0\x3D\xD8\x00\xDE")
TEXT_CASE(comment_unicode_big, COMMENT, EB_UNDEFINED, "UNICODE\0\0h\0\xE9\0l\0l\0o")
TEXT_CASE(comment_unicode_bom, COMMENT, EB_UNDEFINED, "UNICODE\0\xFE\xFF\0h\0i")
TEXT_CASE(comment_unicode_nul, COMMENT, EB_UNDEFINED, "UNICODE\0h\0i\0\0\0x\0")
TEXT_CASE(comment_jis, COMMENT, EB_UNDEFINED, "JIS\0\0\0\0\0\x46\x7C\x4B\x5C\x38\x6C")
TEXT_CASE(comment_jis_escapes, COMMENT, EB_UNDEFINED, "JIS\0\0\0\0\0a\x1B$B\x46\x7C\x1B(Bb")
TEXT_CASE(comment_jis_euc, COMMENT, EB_UNDEFINED, "JIS\0\0\0\0\0\xC6\xFC\xCB\xDC")

TEXT_CASE(xp_title, 0x9C9B, EB_BYTE, "B\0\xE4\0r\0\xAC\x20\x3D\xD8\x00\xDE\0\0")
TEXT_CASE(xp_blanks, 0x9C9E, EB_BYTE, "k\0 \0 \0\0\0")
TEXT_CASE(xp_blank, 0x9C9F, EB_BYTE, " \0 \0\0\0")
TEXT_CASE(xp_odd, 0x9C9C, EB_BYTE, "B\0\xE4\0r\0x")

TEXT_CASE(labelled, 0xFDEA, EB_ASCII, "Lens: 24-70 mm\0")
TEXT_CASE(label_only, 0xFDEA, EB_ASCII, "Lens:  \0")
TEXT_CASE(unlabelled, 0xFDEA, EB_ASCII, "24-70 mm\0")

static void
xp_shorts(ExifBlock *block)
{
	static const uint16_t text[] = {'h', 'i', 0};

	exif_block_add(block, EB_IFD0, 0x9C9D, EB_SHORT, 3, text);
}

#define MADE_BY(title, function, text) {.name = title, .build = function, .make = text}
#define HAS(title, function, text) {.name = title, .build = function, .has = {text}}

const ExifCase exif_text_cases[] = {
	MADE_BY("text-utf8", utf8, "Caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x93\xB7"),
	MADE_BY("text-latin1", latin1, "Caf\xC3\xA9 \xC2\xA9"),
	MADE_BY("text-latin1-controls", latin1_controls, "Caf\xC3\xA9!"),
	{.name = "text-inner-nul", .build = inner_nul, .make = "Nikon", .has = {"\"Make\":\"Nikon\""}},
	MADE_BY("text-leading-nul", leading_nul, NULL),
	{.name = "text-padded", .build = padded, .make = "Nikon Corporation", .has = {"\"Make\":\"  Nikon Corporation\""}},
	HAS("text-blank", blank, "\"Make\":null"),
	HAS("text-empty", empty, "\"Make\":null"),
	MADE_BY("text-unterminated", unterminated, "Nikon Corporation"),
	MADE_BY("text-short", short_one, "LG"),
	MADE_BY("text-as-undefined", as_undefined, "Nikon Corporation"),
	MADE_BY("text-controls", controls, "Nikon!"),
	HAS("text-escapes", escapes, "\"ImageDescription\":\"\\\"a\\\\b\\\"\\n\\tc/\\r!\""),
	HAS("text-overlong", overlong, "\"ImageDescription\":\"a\xC3\x80" "b\""),
	HAS("text-surrogate", surrogate, "\"ImageDescription\":\"a\xC3\xAD\xC2\xA0" "b\""),
	HAS("text-cut-utf8", cut_utf8, "\"ImageDescription\":\"na\xC3\x83\""),
	HAS("text-utf8-type", utf8_type, "\"ImageDescription\":\"Caf\xC3\xA9\""),
	HAS("text-trailing-blanks", trailing_blanks, "\"ImageDescription\":\"dog\""),
	HAS("text-trailing-lines", trailing_lines, "\"ImageDescription\":\"a \\\"\\\\\""),
	{.name = "text-trailing-controls", .build = trailing_controls, .make = "Nikon", .has = {"\"Make\":\"Nikon\""}},
	HAS("text-blank-lines", blank_lines, "\"ImageDescription\":null"),
	HAS("text-maker-note", text_maker_note, "\"MakerNote\":\"ACME notes\""),
	HAS("text-blank-lens", blank_lens, "\"LensModel\":null"),
	HAS("text-copyright-both", both_copyrights, "\"Copyright\":\"Ann A.\\nBob B.\""),
	HAS("text-copyright-editor", editor_only, "\"Copyright\":\"\\nBob B.\""),
	HAS("text-copyright-photographer", photographer_only, "\"Copyright\":\"Ann A.\""),
	HAS("text-copyright-blank", blank_copyright, "\"Copyright\":null"),
	HAS("comment-ascii", comment_ascii, "\"UserComment\":\"hello there\""),
	HAS("comment-ascii-blank", comment_ascii_blank, "\"UserComment\":null"),
	HAS("comment-no-code-blank", comment_no_code_blank, "\"UserComment\":null"),
	HAS("comment-unicode-blanks", comment_unicode_blanks, "\"UserComment\":\"hi\""),
	HAS("comment-unicode-blank", comment_unicode_blank, "\"UserComment\":null"),
	HAS("comment-jis-blank", comment_jis_blank, "\"UserComment\":\"a\""),
	HAS("comment-ascii-nul", comment_ascii_nul, "\"UserComment\":\"hello\""),
	HAS("comment-blanks", comment_blanks, "\"UserComment\":\"hello\""),
	HAS("comment-utf8", comment_utf8, "\"UserComment\":\"Caf\xC3\xA9\""),
	HAS("comment-undefined", comment_undefined, "\"UserComment\":\"hello\""),
	HAS("comment-zeros", comment_zeros, "\"UserComment\":null"),
	HAS("comment-short", comment_short, "\"UserComment\":null"),
	HAS("comment-no-code", comment_no_code, "\"UserComment\":\"just a comment without a code\""),
	HAS("comment-binary", comment_binary, "\"UserComment\":10"),
	HAS("comment-other-code", comment_other_code, "\"UserComment\":\"Unicodeplain\""),
	HAS("comment-unicode", comment_unicode, "\"UserComment\":\"h\xC3\xA9l\xF0\x9F\x98\x80\""),
	HAS("comment-unicode-big", comment_unicode_big, "\"UserComment\":\"h\xC3\xA9llo\""),
	{.name = "comment-unicode-in-big", .build = comment_unicode, .flags = EB_BIG_ENDIAN,
	.has = {"\"UserComment\":\"h\xC3\xA9l\xF0\x9F\x98\x80\""}},
	HAS("comment-unicode-bom", comment_unicode_bom, "\"UserComment\":\"hi\""),
	HAS("comment-unicode-nul", comment_unicode_nul, "\"UserComment\":\"hi\""),
	HAS("comment-jis", comment_jis, "\"UserComment\":\"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\""),
	HAS("comment-jis-escapes", comment_jis_escapes, "\"UserComment\":\"a\xE6\x97\xA5" "b\""),
	HAS("comment-jis-euc", comment_jis_euc, "\"UserComment\":\"\xE6\x97\xA5\xE6\x9C\xAC\""),
	HAS("xp-title", xp_title, "\"XPTitle\":\"B\xC3\xA4r\xE2\x82\xAC\xF0\x9F\x98\x80\""),
	HAS("text-labelled", labelled, "\"Lens\":\"24-70 mm\""),
	HAS("text-label-only", label_only, "\"Lens\":null"),
	HAS("text-without-label", unlabelled, "\"Lens\":\"24-70 mm\""),
	HAS("xp-shorts", xp_shorts, "\"XPAuthor\":\"hi\""),
	HAS("xp-blanks", xp_blanks, "\"XPKeywords\":\"k\""),
	HAS("xp-blank", xp_blank, "\"XPSubject\":null"),
	HAS("xp-odd", xp_odd, "\"XPComment\":\"B\xC3\xA4r\""),
	{NULL}
};
