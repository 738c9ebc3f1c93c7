/*
 * template.h
 *		The template: a decoder that has warmed up, and forks on request instead of decoding.
 *
 * Its children need no warm-up, and share with it the memory that they do not change.  It never sees a byte of an image, so
 * that each child is as good as a decoder that was started anew.  It has no sandbox: each child closes its own.
 *
 * All children have the template's address space layout, stack canary and pointer guard.  So that no one can learn them step
 * by step, the template retires once a child has died, and after an hour or a thousand children.
 */
#ifndef TE_DECODER_TEMPLATE_H
#define TE_DECODER_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/message.h"

/* What a decoder is started with. */
typedef struct DecOptions
{
	uint64_t	memory;			/* bytes */
	uint64_t	file;			/* bytes */
	uint64_t	timeout;		/* seconds */
	bool		forked;			/* by the template */
	bool		trial;			/* its first child, which tries itself out and exits */
} DecOptions;

#define DEC_MB	((uint64_t) 1024 * 1024)

/*
 * Serve until it retires and the last child has ended.  Returns the exit code; or -1, in each child, which has a decoder's
 * descriptors, with its options set.  "parent" is the argument TE_ARG_PARENT, in which a child shows its server process.
 */
extern int	dec_template(char *parent, DecOptions *options);

/*
 * Fork a first child, which closes the sandbox and repeats the self-test.  Returns its exit status, or -1 if it did not end
 * in time; with options->trial set, in the child.  (For template.c.)
 */
extern int	dec_template_try_out(DecOptions *options);

/* In the first child, in its sandbox: does everything work as it did before the fork?  Returns the exit code. */
extern int	dec_template_trial(const TeHello *hello);

#endif							/* TE_DECODER_TEMPLATE_H */
