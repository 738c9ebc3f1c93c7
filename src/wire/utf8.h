/*
 * utf8.h
 *		Decodes UTF-8.
 */
#ifndef TE_WIRE_UTF8_H
#define TE_WIRE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The character that the bytes (at least one) begin with, and how many bytes it
 * has.  0 if they are not valid UTF-8: overlong forms and surrogates are not.
 */
extern size_t te_utf8_decode(const uint8_t *bytes, size_t length, uint32_t *character);

#endif							/* TE_WIRE_UTF8_H */
