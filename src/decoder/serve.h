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

/* Send the greeting, then answer requests.  "parent" is the argument TE_ARG_PARENT.  Returns the exit code. */
extern int	dec_serve(const TeHello *hello, char *parent);

/* Show in that argument to which server process the decoder belongs. */
extern void dec_show_server_process(char *parent, int pid);

#endif							/* TE_DECODER_SERVE_H */
