/*
 * child_end.c
 *		Notices and reaps child processes that have ended, also those that the template has for this process.
 */
#include "postgres.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child_end.h"
#include "wire/template.h"

/*
 * Read what the template says about the end of a decoder.  False if it has not ended.
 */
static bool
read_end(int template_sock, int flags, TeChildEnd *end)
{
	TeTemplateMessage message;
	ssize_t		length;

	do
		length = recv(template_sock, &message, sizeof(message), MSG_DONTWAIT | flags);
	while (length < 0 && errno == EINTR);

	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	end->has_status = length == sizeof(message) && message.magic == TE_TEMPLATE_MAGIC &&
		message.event == TE_TEMPLATE_ENDED;
	end->status = end->has_status ? message.value : 0;
	end->template_lost = !end->has_status;
	return true;
}

bool
te_child_has_ended(pid_t pid, int template_sock)
{
	siginfo_t	info = {0};
	TeChildEnd	ignored;

	if (template_sock >= 0)
		return read_end(template_sock, MSG_PEEK, &ignored);
	return waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

void
te_child_kill(pid_t pid, int template_sock)
{
	/* Before the look, after which the template may die and the launcher reap its decoder. */
	int			fd = (int) syscall(SYS_pidfd_open, pid, 0);

	if (!te_child_has_ended(pid, template_sock))
	{
		if (fd >= 0)
			(void) syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
		else
			(void) kill(pid, SIGKILL);
	}
	if (fd >= 0)
		close(fd);
}

bool
te_child_reap(pid_t pid, int template_sock, TeChildEnd *end)
{
	pid_t		rc;

	if (template_sock >= 0)
	{
		if (!read_end(template_sock, 0, end))
			return false;
		close(template_sock);
		return true;
	}
	rc = waitpid(pid, &end->status, WNOHANG);
	end->has_status = rc == pid;
	end->template_lost = false;
	return rc == pid || (rc < 0 && errno != EINTR);
}
