/*
 * system_check.c
 *		What the kernel, or the container that the server runs in, does not let us do.
 *
 * Files are opened by openat2 and decoders are confined by seccomp.  An old kernel answers ENOSYS, and so
 * do gVisor before the end of 2026 and systemd's RestrictSUIDSGID; the filters of old container engines answer EPERM or
 * ENOSYS to system calls that they do not know.
 */
#include "postgres.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "system_check.h"

static bool
is_refused(long result)
{
	return result < 0 && (errno == ENOSYS || errno == EPERM);
}

const char *
te_system_missing(void)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC};
	uint32		action = SECCOMP_RET_KILL_PROCESS;
	long		fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	if (is_refused(fd))
		return errno == ENOSYS ?
			"The kernel lacks the system call openat2, or it is hidden: use Linux 5.6 or later, a container engine that knows it (Docker 20.10 or later), no older gVisor, and no RestrictSUIDSGID in the server's systemd unit." :
			"The container's seccomp profile does not permit the system call openat2: use a newer container engine (Docker 20.10 or later), or permit it.";
	if (fd >= 0)
		(void) close((int) fd);
	if (is_refused(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action)))
		return errno == ENOSYS ?
			"The kernel lacks seccomp, by which image decoders are confined: use one that is built with CONFIG_SECCOMP_FILTER." :
			"The container's seccomp profile does not permit the system call seccomp, by which image decoders are confined: permit it.";
	return NULL;
}

const char *
te_system_hint(const char *otherwise)
{
	const char *missing = te_system_missing();

	return missing != NULL ? missing : otherwise;
}

void
te_system_warn(void)
{
	const char *missing = te_system_missing();

	if (missing != NULL)
		ereport(WARNING,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("thumbexif cannot process images on this system"),
				 errhint("%s", missing)));
}
