/*
 * log.h
 *		Messages to the server, over the log pipe.
 */
#ifndef TE_DECODER_LOG_H
#define TE_DECODER_LOG_H

/* Write one line.  Never blocks: a line that does not fit into the pipe is lost. */
extern void dec_log(const char *format,...) __attribute__((format(printf, 1, 2)));

#endif							/* TE_DECODER_LOG_H */
