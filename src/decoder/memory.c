/*
 * memory.c
 *		Detects that the process runs out of memory, or that the mapped file cannot be read.
 *
 * When an allocation fails, GLib aborts, C++ code terminates, and other code dereferences
 * NULL: to the server this would look like a crash.  So wrappers of the allocator record a
 * failure, and a fatal signal after one becomes an exit code of its own.
 *
 * The file is mapped: if it is truncated, or its disk fails, reading it raises SIGBUS.
 */
#include "memory.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wire/decoder_args.h"

/* With less address space left, a fatal signal is attributed to lack of memory. */
#define NEARLY_FULL	((size_t) 8 * 1024 * 1024)

static volatile sig_atomic_t allocation_failed;
static uintptr_t map_start;
static uintptr_t map_end;

/* Not in tests under a sanitizer, which has its own allocator. */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);

/* What was allocated; that it could not be is noted. */
static void *
noted(void *result)
{
	if (result == NULL)
		allocation_failed = 1;
	return result;
}

__attribute__((visibility("default")))
void *
malloc(size_t size)
{
	return noted(__libc_malloc(size));
}

__attribute__((visibility("default")))
void *
calloc(size_t count, size_t size)
{
	return noted(__libc_calloc(count, size));
}

__attribute__((visibility("default")))
void *
realloc(void *pointer, size_t size)
{
	void	   *result = __libc_realloc(pointer, size);

	return size != 0 ? noted(result) : result;
}

__attribute__((visibility("default")))
void *
aligned_alloc(size_t alignment, size_t size)
{
	return noted(memalign(alignment, size));
}

/* libvips' memory for pixels */
__attribute__((visibility("default")))
int
posix_memalign(void **pointer, size_t alignment, size_t size)
{
	void	   *result;

	if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
		return EINVAL;
	result = aligned_alloc(alignment, size);
	if (result == NULL)
		return ENOMEM;
	*pointer = result;
	return 0;
}
#endif

static void
leave(const char *line, int code)
{
	ssize_t		ignored = write(TE_FD_LOG, line, strlen(line));

	(void) ignored;
	_exit(code);
}

/* Is the address space used up?  A mapping may have failed without our notice. */
static bool
is_full(void)
{
	return mmap(NULL, NEARLY_FULL, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				-1, 0) == MAP_FAILED;
}

/* A fatal signal.  SA_RESETHAND has removed the handler: raised again, the signal kills. */
static void
on_deadly_signal(int signum, siginfo_t *info, void *context)
{
	uintptr_t	address = (uintptr_t) info->si_addr;

	if (signum == SIGBUS && address >= map_start && address < map_end)
		leave("image file became shorter or could not be read\n", TE_EXIT_FILE);
	if (allocation_failed || is_full())
		leave("out of memory\n", TE_EXIT_MEMORY);
	raise(signum);
}

void
dec_memory_watch(const void *map, size_t size)
{
	static const int deadly[] = {SIGABRT, SIGBUS, SIGSEGV, SIGTRAP};
	struct sigaction action;

	map_start = (uintptr_t) map;
	map_end = map_start + size;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_deadly_signal;
	action.sa_flags = SA_SIGINFO | SA_RESETHAND | SA_NODEFER;
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		sigaction(deadly[i], &action, NULL);
}

void
dec_memory_reset(void)
{
	allocation_failed = 0;
}

bool
dec_memory_failed(void)
{
	return allocation_failed != 0;
}
