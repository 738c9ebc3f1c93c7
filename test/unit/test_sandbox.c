/*
 * test_sandbox.c
 *		Tries each call that a decoder must not make, within the sandbox.
 *
 * Every attempt is made by a child of its own that closes the sandbox first.  The list
 * of the sandbox says what is expected, so a rule that is taken away or added
 * is noticed by the calls that are named here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "decoder/sandbox.h"
#include "wire/decoder_args.h"
#include "wire/message.h"
#include "test/unit/tap.h"

#define MB			(1024 * 1024)
#define ALIVE		100			/* exit code of a child whose call came back */
#define ALL_CALLS	480			/* more than there are */

/* The kernel lets these two through whatever the filter: they work only where a probe put them. */
#define UPROBE_CALL(number)	((number) == 335 || (number) == 336)

typedef void (*Attempt) (const long *call);

/* Run it in a child.  Its wait status. */
static int
run_child(Attempt attempt, const long *call)
{
	pid_t		pid = fork();
	int			status;

	if (pid == 0)
	{
		alarm(120);				/* for calls that would wait */
		attempt(call);
		_exit(ALIVE);
	}
	waitpid(pid, &status, 0);
	return status;
}

static bool
was_killed(int status, int signum)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == signum;
}

/* A call came back: with which errno, 0 for success; -1 if it did not. */
static int
came_back(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) >= ALIVE ? WEXITSTATUS(status) - ALIVE : -1;
}

static void
close_sandbox(void)
{
	if (dec_sandbox_filter() != NULL)
		_exit(1);
}

/* call: number and six arguments */
static void
make_call(const long *call)
{
	long		rc;

	close_sandbox();
	rc = syscall(call[0], call[1], call[2], call[3], call[4], call[5], call[6]);
	_exit(ALIVE + (rc < 0 ? errno : 0));
}

static const SandboxRule *
find_rule(long number)
{
	int			count;
	const SandboxRule *rules = dec_sandbox_rules(&count);

	for (int i = 0; i < count; i++)
	{
		if (rules[i].syscall == number)
			return &rules[i];
	}
	return NULL;
}

typedef struct Call
{
	const char *what;
	long		call[7];
} Call;

/* Each of these calls kills the process. */
static void
all_kill(const Call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		int			status = run_child(make_call, calls[i].call);

		if (!ok(was_killed(status, SIGSYS), "kills: %s", calls[i].what))
			fprintf(stderr, "# %s: wait status 0x%x\n", calls[i].what, status);
	}
}

/* The most harmful calls, by name: network, processes, memory, limits. */
static void
test_forbidden(void)
{
	static char stack[4096];
	static char *const none[] = {NULL};
	long		page = (long) mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const Call	calls[] = {
		{"socket", {SYS_socket, AF_INET, SOCK_STREAM, 0}},
		{"socket of the local kind", {SYS_socket, AF_UNIX, SOCK_STREAM, 0}},
		{"socketpair", {SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (long) stack}},
		{"connect", {SYS_connect, 0, (long) stack, 16}},
		{"bind", {SYS_bind, 0, (long) stack, 16}},
		{"sendto", {SYS_sendto, 0, (long) stack, 1, 0, 0, 0}},
		{"sendmsg to another descriptor", {SYS_sendmsg, 4, (long) stack, 0}},
		{"recvmsg from another descriptor", {SYS_recvmsg, 4, (long) stack, 0}},
		{"execve", {SYS_execve, (long) "/bin/true", (long) none, (long) none}},
		{"execveat", {SYS_execveat, AT_FDCWD, (long) "/bin/true", (long) none, (long) none, 0}},
		{"clone of a process", {SYS_clone, SIGCHLD, 0, 0, 0, 0}},
		{"clone of a vfork kind", {SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0}},
		{"clone into a new user namespace", {SYS_clone, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_NEWUSER, 0, 0, 0, 0}},
		{"clone of a thread", {SYS_clone, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, 0, 0, 0, 0}},
		{"clone3", {SYS_clone3, (long) stack, 64}},
		{"unshare", {SYS_unshare, CLONE_NEWUSER}},
		{"kill the parent", {SYS_kill, getpid(), 0}},
		{"kill the group", {SYS_kill, 0, 0}},
		{"tkill", {SYS_tkill, getpid(), 0}},
		{"tgkill the parent", {SYS_tgkill, getpid(), getpid(), 0}},
		{"pidfd_open", {SYS_pidfd_open, getpid(), 0}},
		{"ptrace", {SYS_ptrace, 16, getpid(), 0, 0}},
		{"read the parent's memory", {SYS_process_vm_readv, getpid(), 0, 0, 0, 0, 0}},
		{"attach shared memory", {SYS_shmat, 0, 0, 0}},
		{"get shared memory", {SYS_shmget, 1, 4096, 0600}},
		{"executable mapping", {SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
		{"executable and writable mapping", {SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
		{"mapping made executable", {SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC}},
		{"pkey_mprotect", {SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_EXEC, -1}},
		{"outlive the parent", {SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0}},
		{"another seccomp filter", {SYS_prctl, PR_SET_SECCOMP, 2, 0, 0, 0}},
		{"prctl with the upper half set", {SYS_prctl, PR_SET_NAME | (long) (UINT64_C(1) << 31), 0, 0, 0, 0}},
		{"setrlimit", {SYS_setrlimit, RLIMIT_CPU, (long) stack}},
		{"prlimit64", {SYS_prlimit64, 0, RLIMIT_CPU, 0, 0}},
		{"bpf", {SYS_bpf, 0, (long) stack, 0}},
		{"keyctl", {SYS_keyctl, 0, 0, 0, 0, 0}},
		{"setuid", {SYS_setuid, 0}},
		{"reading the clock of others", {SYS_perf_event_open, (long) stack, 0, 0, 0, 0}},
	};

	all_kill(calls, sizeof(calls) / sizeof(calls[0]));
	munmap((void *) page, 4096);
}

/* The same for files and descriptors. */
static void
test_forbidden_files(void)
{
	static char buffer[4096];
	const Call	calls[] = {
		{"memfd_create", {SYS_memfd_create, (long) "x", 0}},
		{"unlink", {SYS_unlinkat, AT_FDCWD, (long) "/nowhere", 0}},
		{"rename", {SYS_renameat2, AT_FDCWD, (long) "/nowhere", AT_FDCWD, (long) "/nowhere", 0}},
		{"mkdir", {SYS_mkdirat, AT_FDCWD, (long) "/nowhere/x", 0700}},
		{"ftruncate", {SYS_ftruncate, 0, 0}},
		{"fcntl", {SYS_fcntl, 0, F_SETFL, 0}},
		{"ioctl", {SYS_ioctl, 0, 0x5412, (long) buffer}},
		{"openat2", {SYS_openat2, AT_FDCWD, (long) "/etc/passwd", (long) buffer, 24}},
		{"open by handle", {SYS_open_by_handle_at, 0, 0, 0}},
		{"io_uring", {SYS_io_uring_setup, 1, (long) buffer}},
	};

	all_kill(calls, sizeof(calls) / sizeof(calls[0]));
}

/* What a library may try, and goes on without. */
static void
test_refused(void)
{
	static char buffer[4096];
	const struct
	{
		const char *what;
		int			error;
		long		call[7];
	}			calls[] = {
		{"open a file", EACCES, {SYS_openat, AT_FDCWD, (long) "/proc/self/maps", O_RDONLY, 0}},
		{"create a file", EACCES, {SYS_openat, AT_FDCWD, (long) "/tmp/thumbexif-sandbox", O_WRONLY | O_CREAT, 0600}},
		{"stat by path", EACCES, {SYS_newfstatat, AT_FDCWD, (long) "/", (long) buffer, 0}},
		{"stat a path past AT_EMPTY_PATH", EACCES, {SYS_newfstatat, AT_FDCWD, (long) "/", (long) buffer, AT_EMPTY_PATH}},
		{"statx", EACCES, {SYS_statx, AT_FDCWD, (long) "/", 0, 0, (long) buffer}},
		{"ask for access", EACCES, {SYS_faccessat, AT_FDCWD, (long) "/", 0}},
		{"read a link", EACCES, {SYS_readlinkat, AT_FDCWD, (long) "/proc/self/exe", (long) buffer, 4096}},
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		is_int(came_back(run_child(make_call, calls[i].call)), calls[i].error, calls[i].what);
}

/* Every number there is: what the list does not name, kills. */
static void
test_all_numbers(void)
{
	int			tried = 0;
	int			alive = 0;

	for (long number = 0; number < ALL_CALLS; number++)
	{
		const SandboxRule *rule = find_rule(number);
		long		call[7] = {number};
		int			status;

		if (UPROBE_CALL(number) || (rule != NULL && rule->error == 0 && rule->argument < 0))
			continue;			/* the latter: allowed whatever its arguments */
		if (rule != NULL && rule->error == 0)
		{
			/* an argument that its condition refuses */
			call[1 + rule->argument] = (long) (~rule->value & rule->mask);
			if (rule->value == SANDBOX_SELF)
				call[1 + rule->argument] = getpid();
		}
		status = run_child(make_call, call);
		tried++;
		if (rule != NULL && rule->error != 0 ? came_back(status) == rule->error : was_killed(status, SIGSYS))
			continue;
		alive++;
		fprintf(stderr, "# system call %ld: wait status 0x%x\n", number, status);
	}
	ok(tried > 350, "all system calls are tried");
	is_int(alive, 0, "those that the list does not name kill");
}

static void
make_allowed_calls(const long *unused)
{
	int			fd = memfd_create("x", 0);

	close_sandbox();
	if (write(fd, "x", 1) != 1 || lseek(fd, 0, SEEK_END) != 1 ||
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ||
		prctl(PR_SET_NAME, "x") != 0 ||
		close(fd) != 0)
		_exit(1);
}

static void *
try_socket(void *barrier)
{
	pthread_barrier_wait(barrier);
	syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
	return NULL;
}

/* A thread that was there before. */
static void
call_from_older_thread(const long *unused)
{
	pthread_t	thread;
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, try_socket, &barrier);
	close_sandbox();
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
}

static void
abort_inside(const long *unused)
{
	signal(SIGABRT, SIG_DFL);
	close_sandbox();
	abort();
}

static void
test_whole(void)
{
	is_int(came_back(run_child(make_allowed_calls, NULL)), 0, "what is needed works");
	ok(was_killed(run_child(call_from_older_thread, NULL), SIGSYS),
	   "a thread that was there before is inside too, and takes all with it");
	ok(was_killed(run_child(abort_inside, NULL), SIGABRT), "abort() dies of its own signal");
}

static void
close_limits(uint64_t cpu_seconds)
{
	if (dec_sandbox_limits(64 * MB, cpu_seconds) != NULL)
		_exit(1);
}

static void
exhaust_memory(const long *megabytes)
{
	close_limits(10);
	if (mmap(NULL, megabytes[0] * MB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		_exit(ALIVE + errno);
}

static void
exhaust_processor(const long *unused)
{
	signal(SIGXCPU, SIG_DFL);
	close_limits(1);
	for (;;)
		__asm__ volatile ("");
}

static void
exhaust_file(const long *unused)
{
	int			fd = memfd_create("x", 0);

	signal(SIGXFSZ, SIG_DFL);
	close_limits(10);
	if (pwrite(fd, "x", 1, TE_MAX_THUMBNAIL - 1) != 1)
		_exit(1);
	_exit(pwrite(fd, "x", 1, TE_MAX_THUMBNAIL) < 0 ? ALIVE + errno : ALIVE);
}

static void
exhaust_descriptors(const long *unused)
{
	close_limits(10);
	for (int i = 0; i < 1000; i++)
	{
		if (dup(0) < 0)
			_exit(ALIVE + errno);
	}
}

static void
no_core(const long *unused)
{
	struct rlimit limit;

	close_limits(10);
	_exit(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 ? ALIVE : 1);
}

static void
test_limits(void)
{
	is_int(came_back(run_child(exhaust_memory, (const long[]) {60})), 0, "memory up to the limit");
	is_int(came_back(run_child(exhaust_memory, (const long[]) {65})), ENOMEM, "not beyond it");
	ok(was_killed(run_child(exhaust_processor, NULL), SIGXCPU), "processor time is limited");
	ok(was_killed(run_child(exhaust_file, NULL), SIGXFSZ), "the size of a file written is");
	is_int(came_back(run_child(exhaust_descriptors, NULL)), EMFILE, "so are descriptors");
	is_int(came_back(run_child(no_core, NULL)), 0, "no core file");
}

int
main(void)
{
	test_forbidden();
	test_forbidden_files();
	test_refused();
	test_all_numbers();
	test_whole();
	test_limits();
	return done_testing();
}
