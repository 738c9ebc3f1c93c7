/*
 * sandbox.h
 *		Resource limits and the system call filter of a decoder.
 *
 * Both functions must be called, in this order, after the libraries are warmed up.
 * Each returns NULL, or the name of what failed with errno set; then the process must exit.
 */
#ifndef TE_DECODER_SANDBOX_H
#define TE_DECODER_SANDBOX_H

#include <stdint.h>

/*
 * Set limits: memory bytes beyond what is mapped now, processor time of the whole
 * lifetime, size of a written file, descriptors, no core file.
 */
extern const char *dec_sandbox_limits(uint64_t memory, uint64_t cpu_seconds);

/* Allow the system calls in the list only, for all threads. */
extern const char *dec_sandbox_filter(void);

/* One rule of the list.  A call that no rule allows kills the process. */
typedef struct SandboxRule
{
	int			syscall;
	int			error;			/* 0: allowed; else the call fails with this errno */
	int			argument;		/* number of the argument that is checked, -1: none */
	uint64_t	mask;			/* (argument & mask) must be value, or the call is not allowed */
	uint64_t	value;			/* SANDBOX_SELF: our process id */
	const char *reason;
} SandboxRule;

#define SANDBOX_SELF UINT64_MAX

/* The list, for the tests. */
extern const SandboxRule *dec_sandbox_rules(int *count);

#endif							/* TE_DECODER_SANDBOX_H */
