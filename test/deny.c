/*
 * deny.c
 *		deny ERRNO SYSCALL COMMAND...: run the command where a system call fails with that error, as in a container whose filter
 *		does not know the call.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int			error;

	if (argc < 4 || filter == NULL)
		return 2;
	error = strcmp(argv[1], "EPERM") == 0 ? EPERM : ENOSYS;
	if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(error), seccomp_syscall_resolve_name(argv[2]), 0) < 0 ||
		seccomp_load(filter) < 0)
		return 2;
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
