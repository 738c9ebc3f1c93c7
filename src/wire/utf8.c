/*
 * utf8.c
 *		Decodes UTF-8.
 */
#include "wire/utf8.h"

size_t
te_utf8_decode(const uint8_t *bytes, size_t length, uint32_t *character)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t	code = bytes[0];
	size_t		count = code < 0x80 ? 1 : code < 0xC2 ? 0 : code < 0xE0 ? 2 : code < 0xF0 ? 3 : code < 0xF5 ? 4 : 0;

	if (count == 0 || count > length)
		return 0;
	if (count > 1)
		code &= 0x7Fu >> count;
	for (size_t i = 1; i < count; i++)
	{
		if ((bytes[i] & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3F);
	}
	if (code < smallest[count] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
		return 0;
	*character = code;
	return count;
}
