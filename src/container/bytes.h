/*
 * bytes.h
 *		Reads big-endian and little-endian numbers.
 *
 * The caller has checked that the bytes are there.
 */
#ifndef TE_CONTAINER_BYTES_H
#define TE_CONTAINER_BYTES_H

#include <stdint.h>

static inline uint32_t
be16(const uint8_t *at)
{
	return (uint32_t) at[0] << 8 | at[1];
}

static inline uint32_t
be32(const uint8_t *at)
{
	return be16(at) << 16 | be16(at + 2);
}

static inline uint64_t
be64(const uint8_t *at)
{
	return (uint64_t) be32(at) << 32 | be32(at + 4);
}

/* A big-endian number of 0 to 8 bytes. */
static inline uint64_t
be_number(const uint8_t *at, int bytes)
{
	uint64_t	value = 0;

	while (bytes-- > 0)
		value = value << 8 | *at++;
	return value;
}

static inline uint32_t
le16(const uint8_t *at)
{
	return (uint32_t) at[1] << 8 | at[0];
}

static inline uint32_t
le24(const uint8_t *at)
{
	return (uint32_t) at[2] << 16 | le16(at);
}

static inline uint32_t
le32(const uint8_t *at)
{
	return le16(at + 2) << 16 | le16(at);
}

#endif							/* TE_CONTAINER_BYTES_H */
