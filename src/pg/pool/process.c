/*
 * process.c
 *		Starting, listening to and ending a decoder or opener process.
 *
 * posix_spawn does not copy the server's page tables, as fork would, and the child never runs
 * as a server process with access to shared memory.  If there is a template (wire/template.h), it
 * forks the decoders of all server processes; all the rest is the same for them.
 *
 * Every child is reaped before this process exits.  If the postmaster is process 1, as in
 * containers, it inherits orphaned processes, takes the death of an unknown process by a
 * signal for a crash of one of its children, and restarts all sessions.
 */
#include "postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"

#include "pg/base/clock.h"
#include "pg/base/module_folder.h"
#include "pg/shared/decoder_slot.h"
#include "pg/shared/handover.h"
#include "process.h"
#include "template.h"
#include "wire/decoder_args.h"
#include "wire/fdpass.h"
#include "wire/template.h"

static const struct
{
	const char *file;
	const char *name;			/* in messages */
	const char *resource_hint;	/* hint if a resource is exhausted */
}			programs[] = {
	[TE_PROGRAM_DECODER] = {"thumbexif-decoder", "image decoder", "Raise \"max_files_per_process\" or lower \"thumbexif.decoders\"."},
	[TE_PROGRAM_TEMPLATE] = {"thumbexif-decoder", "image decoder", "Raise \"max_files_per_process\"."},
	[TE_PROGRAM_OPENER] = {"thumbexif-opener", "image opener", "Raise \"max_files_per_process\"."},
};

/* Time for a process that is exiting before it is killed. */
#define EXIT_TIMEOUT_MS		100

const char *
te_process_file(TeProgram program)
{
	static char paths[lengthof(programs)][MAXPGPATH];
	char	   *path = paths[program];

	if (path[0] == '\0')
		snprintf(path, MAXPGPATH, "%s/%s", te_module_folder(), programs[program].file);
	return path;
}

/*
 * Wait for a child to end, until that time at most.  False if it has not; its status may be
 * unknown.
 */
static bool
reap(TeProcess *process, int64 until_ms)
{
	long		sleep_us = 100;

	for (;;)
	{
		if (te_child_reap(process->pid, process->template_sock, &process->end))
			return true;
		if (te_now_ms() >= until_ms)
			return false;
		pg_usleep(sleep_us);
		sleep_us = Min(sleep_us * 2, 5000);
	}
}

/* Reserve two descriptors with fd.c, before they are opened.  False with errno if it refuses. */
static bool
reserve_descriptors(void)
{
	if (AcquireExternalFD())
	{
		if (AcquireExternalFD())
			return true;
		ReleaseExternalFD();
	}
	errno = EMFILE;
	return false;
}

/* Release the reserved descriptors, keeping errno. */
static void
release_descriptors(void)
{
	int			save_errno = errno;

	ReleaseExternalFD();
	ReleaseExternalFD();
	errno = save_errno;
}

/*
 * Open socket and log pipe: this process's ends go to *process.  On failure errno is set and
 * nothing is open.
 */
static bool
open_channels(TeProcess *process, int *child_sock, int *child_log)
{
	int			socks[2];
	int			pipes[2];

	if (!reserve_descriptors())
		return false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) < 0)
	{
		release_descriptors();
		return false;
	}
	if (fcntl(socks[0], F_SETFL, O_NONBLOCK) < 0 ||
		pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0)
	{
		int			save_errno = errno;

		close(socks[0]);
		close(socks[1]);
		errno = save_errno;
		release_descriptors();
		return false;
	}
	process->sock = socks[0];
	process->log = pipes[0];
	*child_sock = socks[1];
	*child_log = pipes[1];
	return true;
}

static void
close_channels(TeProcess *process)
{
	close(process->sock);
	close(process->log);
	process->sock = process->log = -1;
	release_descriptors();
	if (process->template_sock >= 0)
		ReleaseExternalFD();	/* whoever has reaped it has closed it */
	process->template_sock = -1;
}

/* Start the program with the child's descriptors.  Returns 0 or an error number. */
static int
run_program(TeProcess *process, TeProgram program, int child_sock, int child_log, char **argv)
{
	static char *const environment[] = {"LC_ALL=C", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t	signals;
	pid_t		pid;
	int			rc;

	rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attributes);
	if (rc != 0)
	{
		posix_spawn_file_actions_destroy(&actions);
		return rc;
	}

	if ((rc = posix_spawn_file_actions_adddup2(&actions, child_log, TE_FD_LOG)) == 0 &&
		(rc = posix_spawn_file_actions_adddup2(&actions, child_sock, TE_FD_SOCKET)) == 0 &&
		(rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)) == 0 &&
		(rc = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)) == 0 &&
		(rc = posix_spawn_file_actions_addclosefrom_np(&actions, TE_FD_SOCKET + 1)) == 0 &&
		(rc = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) == 0)
	{
		sigemptyset(&signals);
		posix_spawnattr_setsigmask(&attributes, &signals);
		sigfillset(&signals);
		posix_spawnattr_setsigdefault(&attributes, &signals);
		rc = posix_spawn(&pid, te_process_file(program), &actions, &attributes, argv, environment);
		if (rc == 0)
			process->pid = pid;
	}

	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

void
te_process_start_failed(TeProgram program, int error)
{
	const char *file = te_process_file(program);
	const char *name = programs[program].name;

	errno = error;
	if (error == ENOENT || error == EACCES || error == ENOEXEC || error == ENOTDIR)
		ereport(ERROR,
				(errcode(error == ENOENT ? ERRCODE_UNDEFINED_FILE : ERRCODE_SYSTEM_ERROR),
				 errmsg("could not start %s \"%s\": %m", name, file),
				 errhint("Reinstall thumbexif: the program must be in the directory of the module, and the server must be allowed to execute it.")));
	if (error == EMFILE)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not start an %s: no file descriptor left", name),
				 errhint("%s", programs[program].resource_hint)));
	ereport(ERROR,
			(errcode(error == EAGAIN || error == ENOMEM || error == ENFILE ?
					 ERRCODE_INSUFFICIENT_RESOURCES : ERRCODE_SYSTEM_ERROR),
			 errmsg("could not start %s \"%s\": %m", name, file),
			 errhint("Lower \"thumbexif.decoders\", or raise the system's limits of processes, memory and open files.")));
}

int
te_process_start(TeProcess *process, TeProgram program, int child, const int *numbers, int count)
{
	char		version[] = TE_VERSION;
	char		name[sizeof("thumbexif-decoder")];
	char		texts[TE_ARGUMENTS][16];
	char	   *argv[TE_ARGUMENTS + 1] = {name, version};
	int			child_sock;
	int			child_log;
	int			error;

	Assert(TE_ARG_PARENT + 1 + count <= TE_ARGUMENTS);
	te_decoder_slot_reap(0);

	strlcpy(name, programs[program].file, sizeof(name));
	for (int i = TE_ARG_PARENT; i <= TE_ARG_PARENT + count; i++)
	{
		snprintf(texts[i], sizeof(texts[i]), i == TE_ARG_PARENT ? "%07d" : "%d",
				 i == TE_ARG_PARENT ? MyProcPid : numbers[i - TE_ARG_PARENT - 1]);
		argv[i] = texts[i];
	}

	memset(process, 0, sizeof(*process));
	process->child = child;
	process->template_sock = -1;
	if (!open_channels(process, &child_sock, &child_log))
	{
		error = errno;
		te_decoder_slot_free(child);
		return error;
	}
	if (program == TE_PROGRAM_DECODER)
		process->pid = te_template_fork(child_sock, child_log, numbers, &process->template_sock);
	if (process->pid < 0)
	{
		/* no decoder but ours may have them */
		close(child_sock);
		close(child_log);
		close_channels(process);
		if (!open_channels(process, &child_sock, &child_log))
		{
			error = errno;
			te_decoder_slot_free(child);
			return error;
		}
	}
	error = process->pid > 0 ? 0 : run_program(process, program, child_sock, child_log, argv);
	close(child_sock);
	close(child_log);
	if (error == 0)
		te_decoder_slot_fill(child, process->pid, process->template_sock);
	else
	{
		close_channels(process);
		te_decoder_slot_free(child);
	}
	return error;
}

bool
te_process_take_over(TeProcess *process, int child, pid_t pid, const int *fds)
{
	TeTemplateMessage message = {TE_TEMPLATE_MAGIC, TE_TEMPLATE_MOVED, MyProcPid};

	memset(process, 0, sizeof(*process));
	if (!reserve_descriptors())
	{
		te_handover_drop(fds);
		return false;
	}
	if (!AcquireExternalFD())
	{
		release_descriptors();
		te_handover_drop(fds);
		return false;
	}
	process->pid = pid;
	process->child = child;
	process->sock = fds[TE_HANDOVER_SOCKET];
	process->log = fds[TE_HANDOVER_LOG];
	process->template_sock = fds[TE_HANDOVER_TEMPLATE];
	/* if it is lost, we are not told that an idle decoder has ended, and notice it when we need it */
	(void) te_send(process->template_sock, &message, sizeof(message), NULL, 0);
	te_decoder_slot_fill(child, pid, process->template_sock);
	return true;
}

void
te_process_leave(TeProcess *process)
{
	close(process->template_sock);
	close_channels(process);
	process->pid = 0;
}

/* Keep the end of the text, with non-printable characters replaced by question marks. */
static void
append_stderr(TeProcess *process, const char *text, int length)
{
	int			capacity = TE_LOG_TEXT - 1;
	int			surplus;

	if (length > capacity)
	{
		text += length - capacity;
		length = capacity;
	}
	surplus = process->stderr_length + length - capacity;
	if (surplus > 0)
	{
		memmove(process->stderr_tail, process->stderr_tail + surplus, process->stderr_length - surplus);
		process->stderr_length -= surplus;
	}
	for (int i = 0; i < length; i++)
	{
		char		c = text[i];

		if (c == '\n')
			c = ' ';
		else if (c < ' ' || c > '~')
			c = '?';
		process->stderr_tail[process->stderr_length++] = c;
	}
	process->stderr_tail[process->stderr_length] = '\0';
}

void
te_process_read_stderr(TeProcess *process)
{
	char		buffer[4096];
	ssize_t		length;

	/* A pipe holds 64 kB; the limit stops a process that writes without end. */
	for (int i = 0; i < 16; i++)
	{
		length = read(process->log, buffer, sizeof(buffer));
		if (length <= 0)
			break;
		append_stderr(process, buffer, (int) length);
	}
}

void
te_process_kill(TeProcess *process)
{
	if (te_decoder_slot_hold(process->child) != TE_SLOT_REAPED)
		te_child_kill(process->pid, process->template_sock);
}

/* End a process.  False if it still exists at that time. */
static bool
end_process(TeProcess *process, bool kill_it, int64 until_ms)
{
	int64		exit_until_ms = Min(te_now_ms() + EXIT_TIMEOUT_MS, until_ms);

	if (te_decoder_slot_hold(process->child) == TE_SLOT_REAPED)
		return true;
	if (reap(process, kill_it ? 0 : exit_until_ms))
		return true;
	te_child_kill(process->pid, process->template_sock);
	return reap(process, until_ms);
}

void
te_process_end(TeProcess *process, bool kill_it, int64 until_ms)
{
	if (end_process(process, kill_it, until_ms))
		te_decoder_slot_free(process->child);
	else
		te_decoder_slot_abandon(process->child);
	process->pid = 0;
	te_process_read_stderr(process);
	while (process->stderr_length > 0 && process->stderr_tail[process->stderr_length - 1] == ' ')
		process->stderr_tail[--process->stderr_length] = '\0';
	close_channels(process);
}
