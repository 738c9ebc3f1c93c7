/*
 * libraries.h
 *		Notices that the program or a library that it runs has been replaced on disk.
 */
#ifndef TE_DECODER_LIBRARIES_H
#define TE_DECODER_LIBRARIES_H

#include <stdbool.h>

#include "wire/template.h"

/* Note which files the program and its libraries are.  False if the program's cannot be told. */
extern bool dec_libraries_note(void);

/* Is that file the program that runs? */
extern bool dec_libraries_is_program(const TeFileId *file);

/* Has a library been replaced since then?  Looks once a second at most. */
extern bool dec_libraries_changed(void);

#endif							/* TE_DECODER_LIBRARIES_H */
