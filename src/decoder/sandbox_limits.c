/*
 * sandbox_limits.c
 *		Resource limits of a decoder: memory, processor time, output.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "wire/decoder_args.h"
#include "wire/fdpass.h"
#include "wire/message.h"

/* Our four descriptors, those of the requests of one message, and room for a library's dup. */
#define MAX_DESCRIPTORS (TE_FD_SOCKET + 1 + TE_MAX_FDS + 10)

/* Bytes of address space in use, 0 on failure. */
static uint64_t
address_space(void)
{
	char		line[128];
	int			fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t		length;

	if (fd < 0)
		return 0;
	length = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (length <= 0)
		return 0;
	line[length] = '\0';
	return strtoull(line, NULL, 10) * (uint64_t) sysconf(_SC_PAGESIZE);
}

/* Make the OOM killer prefer a decoder to the server.  A failure does no harm. */
static void
volunteer_for_oom_killer(void)
{
	int			fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	ssize_t		ignored;

	if (fd < 0)
		return;
	ignored = write(fd, "800", 3);
	(void) ignored;
	close(fd);
}

/* Set the soft limit, and the hard limit that much higher, but never raise the hard limit. */
static int
lower(int resource, rlim_t max, rlim_t grace)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return -1;
	if (limit.rlim_max > max + grace)
		limit.rlim_max = max + grace;
	limit.rlim_cur = max < limit.rlim_max ? max : limit.rlim_max;
	return setrlimit(resource, &limit);
}

const char *
dec_sandbox_limits(uint64_t memory, uint64_t cpu_seconds)
{
	uint64_t	used = address_space();

	volunteer_for_oom_killer();

	if (used == 0)
		return "/proc/self/statm";
	if (lower(RLIMIT_AS, used + memory, 0) < 0)
		return "RLIMIT_AS";
	/* hard limit above the soft one, so that it gets SIGXCPU (reported as a timeout) and not SIGKILL */
	if (lower(RLIMIT_CPU, cpu_seconds, 1) < 0)
		return "RLIMIT_CPU";
	if (lower(RLIMIT_FSIZE, TE_MAX_THUMBNAIL, 0) < 0)
		return "RLIMIT_FSIZE";
	if (lower(RLIMIT_NOFILE, MAX_DESCRIPTORS, 0) < 0)
		return "RLIMIT_NOFILE";
	if (lower(RLIMIT_CORE, 0, 0) < 0)
		return "RLIMIT_CORE";
	return NULL;
}
