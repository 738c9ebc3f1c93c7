/*
 * serve.h
 *		Serves requests until end of file.
 */
#ifndef TE_DECODER_SERVE_H
#define TE_DECODER_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/message.h"

/* Processor seconds after which a decoder exits by itself and is replaced. */
#define DEC_LIFE_SECONDS	300

/*
 * Before the sandbox closes, reserve address space for files of up to file_bytes, so that
 * the memory limit need not count them.  False if there is not enough.
 */
extern bool dec_serve_prepare(uint64_t file_bytes);

/* Send the greeting, then answer requests.  Returns the exit code. */
extern int	dec_serve(const TeHello *hello);

#endif							/* TE_DECODER_SERVE_H */
