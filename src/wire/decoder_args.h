/*
 * decoder_args.h
 *		Arguments, descriptors and exit codes of a decoder process and of an opener.
 */
#ifndef TE_WIRE_DECODER_ARGS_H
#define TE_WIRE_DECODER_ARGS_H

/* Their descriptors: 0 and 1 are /dev/null, anything above TE_FD_SOCKET is closed. */
#define TE_FD_LOG		2		/* a non-blocking pipe: lines of text */
#define TE_FD_SOCKET	3		/* SOCK_SEQPACKET, see message.h and opening.h */

/* Their arguments, in this order behind the program's name, all but the first decimal. */
typedef enum TeArgument
{
	TE_ARG_VERSION = 1,			/* TE_VERSION: both must be of one build */
	TE_ARG_PARENT,				/* process id of the server process, of seven digits */
	TE_ARG_MEMORY,				/* MB it may use; from here on for a decoder only */
	TE_ARG_FILE,				/* MB of the largest file it is given */
	TE_ARG_TIMEOUT,				/* seconds that one image may take */
	TE_ARGUMENTS				/* argc */
} TeArgument;

#define TE_OPENER_ARGUMENTS	TE_ARG_MEMORY	/* argc of an opener */
#define TE_TEMPLATE_ARGUMENTS	TE_ARG_MEMORY	/* argc of a decoder that is to be the template, see template.h */

/* Their exit codes.  Anything else, such as 127 for a missing library, is an unknown failure. */
typedef enum TeExit
{
	TE_EXIT_NORMAL = 0,			/* end of file or used up: pending requests can be sent to another */
	TE_EXIT_START = 3,			/* could not start: the log says why */
	TE_EXIT_PROTOCOL = 4,		/* the server sent an invalid request */
	TE_EXIT_MEMORY = 5,			/* ran out of memory while it processed an image */
	TE_EXIT_FILE = 6			/* the image file was truncated, or could not be read, meanwhile */
} TeExit;

#endif							/* TE_WIRE_DECODER_ARGS_H */
