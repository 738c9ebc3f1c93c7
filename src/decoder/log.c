/*
 * log.c
 *		Writes messages to the log pipe, which the server reads.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wire/decoder_args.h"

void
dec_log(const char *format,...)
{
	char		line[512];
	va_list		args;
	ssize_t		ignored;

	va_start(args, format);
	vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	strcat(line, "\n");
	ignored = write(TE_FD_LOG, line, strlen(line));
	(void) ignored;
}
