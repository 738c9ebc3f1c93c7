/*
 * sandbox.h
 *		What a decoder can no longer do once it has seen its first byte of a picture.
 *
 * Both functions must be called, in this order, after the libraries are warm.
 * Each returns NULL, or the name of what failed with errno set; then the process must end.
 */
#ifndef TE_DECODER_SANDBOX_H
#define TE_DECODER_SANDBOX_H

#include <stdint.h>

/*
 * Limits of the kernel: memory bytes beyond what is mapped now, processor time of
 * the whole life, size of a file written, descriptors, no core file.
 */
extern const char *dec_sandbox_limits(uint64_t memory, uint64_t cpu_seconds);

/* System calls: those in the list, and no other, for all threads, for ever. */
extern const char *dec_sandbox_filter(void);

/* One line of the list.  Anything that no line allows kills the process. */
typedef struct SandboxRule
{
	int			syscall;
	int			error;			/* 0: allowed; otherwise it fails with this errno and does no harm */
	int			argument;		/* number of the argument that is looked at, -1: none */
	uint64_t	mask;			/* (argument & mask) must be value, or the call is not allowed */
	uint64_t	value;			/* SANDBOX_SELF: our process id */
	const char *reason;
} SandboxRule;

#define SANDBOX_SELF UINT64_MAX

/* The list, for the test that walks it. */
extern const SandboxRule *dec_sandbox_rules(int *count);

#endif							/* TE_DECODER_SANDBOX_H */
