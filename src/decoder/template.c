/*
 * template.c
 *		The template: forks decoders for server processes, and keeps them until these have taken note of their end.
 */
#include "template.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libraries.h"
#include "log.h"
#include "serve.h"
#include "threads.h"
#include "wire/clock.h"
#include "wire/decoder_args.h"
#include "wire/fdpass.h"
#include "wire/template.h"

/* After this time, or so many decoders, it retires, so that nobody can study its address space for long. */
#define LIFE_SECONDS	3600
#define MAX_FORKS		1000

/* Decoders at the same time, if there are descriptors for them; more than thumbexif.max_decoders can be. */
#define MAX_CHILDREN	1100

/* Descriptors for other things. */
#define SPARE_FILES		16

/* Time until it accepts connections again, when it could not. */
#define ACCEPT_SECONDS	1

typedef struct Child			/* a decoder, or a connection that has not asked for one yet */
{
	int			sock;			/* connection to its server process, -1 = closed */
	pid_t		server_process;
	pid_t		pid;			/* 0 = not asked for */
	bool		ended;
} Child;

static Child children[MAX_CHILDREN];
static int	nchildren;
static int	max_children = MAX_CHILDREN;
static int	forks;				/* so far */
static int	listener = -1;		/* -1 = retired */
static time_t started;
static time_t accept_after;
static pid_t template_pid;

static void
on_signal(int signum)
{
	(void) signum;				/* it interrupts ppoll() */
}

/* Let SIGCHLD arrive only while the template waits. */
static void
watch_children(void)
{
	struct sigaction action;
	sigset_t	signals;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	sigaction(SIGCHLD, &action, NULL);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* Only the server's user may connect. */
static int
open_listener(void)
{
	struct sockaddr_un address;
	socklen_t	length = te_template_address(&address);
	int			sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t		mask = umask(0177);
	int			rc = -1;

	if (sock >= 0)
	{
		(void) unlink(address.sun_path);	/* an earlier one's */
		rc = bind(sock, (struct sockaddr *) &address, length);
		if (rc == 0)
			rc = listen(sock, MAX_CHILDREN);
	}
	umask(mask);
	if (rc == 0)
		return sock;
	if (sock >= 0)
		close(sock);
	return -1;
}

static void
retire(const char *why, bool death)
{
	TeTemplateMessage message = {TE_TEMPLATE_MAGIC, TE_TEMPLATE_RETIRED, death};

	if (listener < 0)
		return;
	dec_log("retired: %s", why);
	close(listener);
	listener = -1;
	(void) te_send(TE_FD_SOCKET, &message, sizeof(message), NULL, 0);
}

/* --- the end of a decoder */

/*
 * Did the end tell nothing to somebody who tries to take over decoders?  TE_EXIT_MEMORY may: it is also what a decoder makes of
 * a wrong address or a broken stack when its memory is full.
 */
static bool
is_harmless(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == TE_EXIT_NORMAL || WEXITSTATUS(status) == TE_EXIT_FILE;
	return WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM ||
		WTERMSIG(status) == SIGQUIT || WTERMSIG(status) == SIGXCPU;
}

static void
tell(const Child *child, TeTemplateEvent event, int value)
{
	TeTemplateMessage message = {TE_TEMPLATE_MAGIC, event, value};

	(void) te_send(child->sock, &message, sizeof(message), NULL, 0);
}

/* If the decoder has ended, tell its server process; without one, reap it. */
static void
note_end(Child *child)
{
	siginfo_t	info = {0};
	int			status;

	if (child->pid == 0 || (child->ended && child->sock >= 0))
		return;
	if (!child->ended)
	{
		if (waitid(P_PID, child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != child->pid)
			return;
		child->ended = true;
		/* as waitpid() would return it */
		status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 : info.si_status & 0x7f;
		if (!is_harmless(status))
			retire("a decoder has died", true);
		if (child->sock >= 0)
		{
			tell(child, TE_TEMPLATE_ENDED, status);
			(void) kill(child->server_process, SIGCHLD);
			return;
		}
	}
	(void) waitpid(child->pid, &status, WNOHANG);
	child->pid = 0;
}

/* The server process has closed the connection. */
static void
disconnect(Child *child)
{
	close(child->sock);
	child->sock = -1;
	if (child->pid != 0 && !child->ended)
		(void) kill(child->pid, SIGKILL);
	note_end(child);
}

static void
forget_reaped(void)
{
	int			kept = 0;

	for (int i = 0; i < nchildren; i++)
	{
		note_end(&children[i]);
		if (children[i].pid != 0 || children[i].sock >= 0)
			children[kept++] = children[i];
	}
	nchildren = kept;
}

/* --- the start of a decoder */

/* In the child: its descriptors, signals and name. */
static bool
become_decoder(const int *fds, char *parent, pid_t server_process)
{
	sigset_t	none;

	if (dup2(fds[1], TE_FD_LOG) < 0 || dup2(fds[0], TE_FD_SOCKET) < 0)
		return false;
	closefrom(TE_FD_SOCKET + 1);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dec_show_server_process(parent, server_process);
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == template_pid;
}

static bool
is_valid(const TeTemplateRequest *request, ssize_t length, const int *fds, int nfds)
{
	int			type;
	socklen_t	size = sizeof(type);

	return length == sizeof(*request) && request->magic == TE_TEMPLATE_MAGIC && nfds == 2 &&
		getsockopt(fds[0], SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET &&
		request->memory > 0 && request->file > 0 && request->timeout > 0 &&
		strncmp(request->version, TE_VERSION, sizeof(request->version)) == 0;
}

/* Would a decoder be the same if it were started anew?  Retires if not. */
static bool
is_current(const TeTemplateRequest *request)
{
	if (!dec_libraries_is_program(&request->program))
		retire("the program has been replaced", false);
	else if (dec_libraries_changed())
		retire("a library has been replaced", false);
	return listener >= 0;
}

/* Does another server process have the connection now, and the decoder? */
static bool
is_move(Child *child, const void *message, ssize_t length)
{
	TeTemplateMessage move;

	if (length != sizeof(move) || child->pid == 0)
		return false;
	memcpy(&move, message, sizeof(move));
	if (move.magic != TE_TEMPLATE_MAGIC || move.event != TE_TEMPLATE_MOVED || move.value <= 0)
		return false;
	child->server_process = move.value;
	return true;
}

/* Read the request of a connection and fork.  True in the child. */
static bool
serve(Child *child, char *parent, DecOptions *options)
{
	TeTemplateRequest request;
	int			fds[TE_MAX_FDS];
	int			nfds;
	ssize_t		length = te_receive(child->sock, &request, sizeof(request), fds, &nfds);
	pid_t		pid = 0;

	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	if (nfds == 0 && is_move(child, &request, length))
		return false;
	if (length <= 0 || child->pid != 0)
	{
		while (length > 0 && nfds > 0)
			close(fds[--nfds]);
		disconnect(child);
		return false;
	}
	if (is_valid(&request, length, fds, nfds) && is_current(&request))
	{
		pid = dec_threads_fork();
		if (pid == 0)
		{
			if (!become_decoder(fds, parent, child->server_process))
				_exit(TE_EXIT_START);
			options->memory = request.memory * DEC_MB;
			options->file = request.file * DEC_MB;
			options->timeout = request.timeout;
			options->forked = true;
			return true;
		}
	}
	while (nfds > 0)
		close(fds[--nfds]);
	child->pid = pid > 0 ? pid : 0;
	tell(child, TE_TEMPLATE_STARTED, child->pid);
	if (child->pid != 0 && ++forks >= MAX_FORKS)
		retire("it has made as many decoders as it may", false);
	return false;
}

/* One for which there is no room is closed, so that its server process need not wait for an answer. */
static void
accept_connection(void)
{
	struct ucred peer;
	socklen_t	length = sizeof(peer);
	int			sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (sock < 0)
	{
		accept_after = te_now_ms() / 1000 + ACCEPT_SECONDS; /* the connection still waits, and would wake us at once */
		return;
	}
	if (nchildren >= max_children ||
		getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.uid != geteuid())
	{
		close(sock);
		return;
	}
	children[nchildren++] = (Child) {.sock = sock, .server_process = peer.pid};
}

static void
watch(struct pollfd *entry, int fd)
{
	entry->fd = fd;
	entry->events = POLLIN;
	entry->revents = 0;
}

/* Exits if the launcher has gone, and the decoders go too. */
static void
read_launcher(void)
{
	TeTemplateMessage message;
	ssize_t		length = recv(TE_FD_SOCKET, &message, sizeof(message), MSG_DONTWAIT);

	if (length == sizeof(message) && message.event == TE_TEMPLATE_RETIRE)
		retire("it did not answer in time", false);
	else if (length >= 0 || (errno != EAGAIN && errno != EINTR))
		_exit(TE_EXIT_NORMAL);
}

/* The time until there is something to do that no event announces. */
static struct timespec
time_left(void)
{
	time_t		until = te_now_ms() / 1000 < accept_after ? accept_after : started + LIFE_SECONDS;
	time_t		left = until - te_now_ms() / 1000;

	/* retired, it waits for events only */
	return (struct timespec)
	{
		.tv_sec = listener < 0 ? LIFE_SECONDS : left > 0 ? left : 0
	};
}

/* Wait for something to do, and do it.  True in a child. */
static bool
serve_once(char *parent, DecOptions *options)
{
	static struct pollfd fds[MAX_CHILDREN + 2];
	struct timespec left = time_left();
	int			count = nchildren;
	sigset_t	none;

	watch(&fds[0], TE_FD_SOCKET);
	watch(&fds[1], te_now_ms() / 1000 >= accept_after ? listener : -1);
	for (int i = 0; i < count; i++)
		watch(&fds[i + 2], children[i].sock);
	sigemptyset(&none);
	if (ppoll(fds, (nfds_t) count + 2, &left, &none) > 0)
	{
		if (fds[0].revents != 0)
			read_launcher();
		for (int i = 0; i < count; i++)
		{
			if (fds[i + 2].revents != 0 && serve(&children[i], parent, options))
				return true;
		}
		if (fds[1].revents != 0 && listener >= 0)
			accept_connection();
	}
	forget_reaped();
	if (te_now_ms() / 1000 - started >= LIFE_SECONDS)
		retire("an hour is over", false);
	return false;
}

int
dec_template(char *parent, DecOptions *options)
{
	struct rlimit files;
	int			status;

	template_pid = getpid();
	started = te_now_ms() / 1000;
	if (!dec_libraries_note() || !dec_threads_rest())
	{
		dec_log("the libraries do not come to rest");
		return TE_EXIT_START;
	}
	status = dec_template_try_out(options);
	if (options->trial)
		return -1;
	if (status != 0)
	{
		dec_log("decoders cannot be forked with these libraries (status %d)", status);
		return TE_EXIT_START;
	}

	/* one descriptor for each decoder */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
	{
		files.rlim_cur = files.rlim_max;
		(void) setrlimit(RLIMIT_NOFILE, &files);
		if (files.rlim_cur < MAX_CHILDREN + SPARE_FILES)
			max_children = (int) files.rlim_cur - SPARE_FILES;
	}
	watch_children();
	listener = open_listener();
	if (listener < 0)
	{
		dec_log("cannot listen at \"%s\": %s", TE_TEMPLATE_SOCKET, strerror(errno));
		return TE_EXIT_START;
	}
	while (listener >= 0 || nchildren > 0)
	{
		if (serve_once(parent, options))
			return -1;
	}
	return TE_EXIT_NORMAL;
}
