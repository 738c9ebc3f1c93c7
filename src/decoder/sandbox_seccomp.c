/*
 * sandbox_seccomp.c
 *		The system calls that a decoder may make.
 *
 * Any other call kills the whole process.  The tests walk the same list.
 */
#include "sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "wire/decoder_args.h"

#define INT_MASK		UINT64_C(0xffffffff)

#define ALLOW(name, reason) \
	{SCMP_SYS(name), 0, -1, 0, 0, reason}
#define ALLOW_IF(name, argument, mask, value, reason) \
	{SCMP_SYS(name), 0, argument, mask, value, reason}
#define REFUSE(name, error, reason) \
	{SCMP_SYS(name), error, -1, 0, 0, reason}

static const SandboxRule rules[] = {
	/* Requests and replies. */
	ALLOW_IF(recvmsg, 0, INT_MASK, TE_FD_SOCKET, "requests, from our socket only"),
	ALLOW_IF(sendmsg, 0, INT_MASK, TE_FD_SOCKET, "replies, to our socket only"),
	ALLOW(write, "the thumbnail, and the log"),
	ALLOW(close, "descriptors of a request that is done"),
	ALLOW(lseek, "the size of the image file"),
	ALLOW(pread64, "the start of the image file"),
	ALLOW(read, "a library that reads a descriptor it opened during the warm-up"),
	ALLOW(dup, "libvips, of descriptors it has"),

	/* Memory: never executable. */
	ALLOW_IF(mmap, 2, PROT_EXEC, 0, "the image file, and memory"),
	ALLOW_IF(mprotect, 2, PROT_EXEC, 0, "memory of malloc"),
	ALLOW(munmap, "memory freed"),
	ALLOW(mremap, "realloc of large blocks"),
	ALLOW(madvise, "memory freed"),
	ALLOW(brk, "malloc"),

	/* Threads: no new ones, see threads.h. */
	ALLOW(futex, "locks"),
	ALLOW_IF(prctl, 0, INT_MASK, PR_SET_NAME, "name of a thread"),
	ALLOW(sched_yield, "spinning locks"),
	ALLOW(sched_getaffinity, "libraries that count processors"),
	ALLOW(gettid, "locks that know their owner"),
	ALLOW(getpid, "abort"),
	ALLOW(exit, "end of a thread"),
	ALLOW(exit_group, "end of the process"),

	/* Signals: only to ourselves. */
	ALLOW(rt_sigaction, "handlers, abort"),
	ALLOW(rt_sigprocmask, "abort, and libraries that block signals for a while"),
	ALLOW(rt_sigreturn, "end of a handler"),
	ALLOW(sigaltstack, "end of a thread"),
	ALLOW(restart_syscall, "a wait that a stop and continue interrupted"),
	ALLOW_IF(tgkill, 0, INT_MASK, SANDBOX_SELF, "abort: to die by the signal it names"),

	/* Time, random numbers, system information. */
	ALLOW(clock_gettime, "time, without the vDSO"),
	ALLOW(clock_nanosleep, "short waits of thread pools"),
	ALLOW(gettimeofday, "time, without the vDSO"),
	ALLOW(getrandom, "seeds of hash tables and of malloc"),
	ALLOW(sysinfo, "glibc's count of memory pages, for qsort"),

	/* Files: nothing can be opened, but a library that tries may go on. */
	REFUSE(open, EACCES, "glibc looks for /proc/sys/vm/overcommit_memory and the like"),
	REFUSE(openat, EACCES, "as open"),
	REFUSE(access, EACCES, "as open"),
	REFUSE(faccessat, EACCES, "as open"),
	REFUSE(faccessat2, EACCES, "as open"),
	REFUSE(stat, EACCES, "as open"),
	REFUSE(lstat, EACCES, "as open"),
	REFUSE(newfstatat, EACCES, "as open; fstat too, for it can name a path"),
	REFUSE(statx, EACCES, "as open"),
	REFUSE(statfs, EACCES, "as open"),
	REFUSE(readlink, EACCES, "as open"),
	REFUSE(readlinkat, EACCES, "as open"),
	ALLOW(fstat, "the size of a descriptor"),
};

#define RULES ((int) (sizeof(rules) / sizeof(rules[0])))

const SandboxRule *
dec_sandbox_rules(int *count)
{
	*count = RULES;
	return rules;
}

static int
add_rule(scmp_filter_ctx filter, const SandboxRule *rule)
{
	uint32_t	action = rule->error != 0 ? SCMP_ACT_ERRNO(rule->error) : SCMP_ACT_ALLOW;
	uint64_t	value = rule->value;

	if (rule->argument < 0)
		return seccomp_rule_add(filter, action, rule->syscall, 0);

	if (value == SANDBOX_SELF)
		value = (uint64_t) getpid();
	return seccomp_rule_add(filter, action, rule->syscall, 1,
							SCMP_CMP64((unsigned) rule->argument, SCMP_CMP_MASKED_EQ,
									   rule->mask, value));
}

const char *
dec_sandbox_filter(void)
{
	scmp_filter_ctx filter;
	int			rc = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return "no_new_privs";

	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (filter == NULL)
	{
		errno = ENOMEM;
		return "seccomp_init";
	}

	/* For all threads: some run already. */
	rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	for (int i = 0; i < RULES && rc == 0; i++)
		rc = add_rule(filter, &rules[i]);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);

	if (rc != 0)
	{
		errno = -rc;
		return "seccomp filter";
	}
	return NULL;
}
