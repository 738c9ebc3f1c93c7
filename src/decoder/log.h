/*
 * log.h
 *		Words for the server, over the log pipe.
 */
#ifndef TE_DECODER_LOG_H
#define TE_DECODER_LOG_H

/* One line.  Never blocks: the pipe is non-blocking, and what does not fit is lost. */
extern void dec_log(const char *format,...) __attribute__((format(printf, 1, 2)));

#endif							/* TE_DECODER_LOG_H */
