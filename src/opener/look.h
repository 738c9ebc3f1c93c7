/*
 * look.h
 *		Open one file beneath a root, and see what it is like.
 */
#ifndef TE_OPENER_LOOK_H
#define TE_OPENER_LOOK_H

#include "wire/opening.h"

/* Fills all of the reply but magic and number.  Returns the descriptor, -1 if there is none. */
extern int	opn_look(const char *root, const char *path, uint32_t want, TeOpenReply *reply);

#endif							/* TE_OPENER_LOOK_H */
