/*
 * serve.h
 *		One request at a time, until nobody wants more.
 */
#ifndef TE_DECODER_SERVE_H
#define TE_DECODER_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/message.h"

/* Processor seconds after which a decoder leaves and lets a fresh one follow. */
#define DEC_LIFE_SECONDS	300

/*
 * Get ready, before the sandbox closes: room in the address space for files of up to
 * file_bytes, so that the memory limit need not count them.  False if there is no such room.
 */
extern bool dec_serve_prepare(uint64_t file_bytes);

/* Greet, then answer requests.  Returns the code to exit with. */
extern int	dec_serve(const TeHello *hello);

#endif							/* TE_DECODER_SERVE_H */
