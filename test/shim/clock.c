/*
 * clock.c
 *		A clock that jumps on demand: preloaded into the server.
 *
 * The file CLOCK_SHIFT holds an int64: the seconds by which the time of day is wrong.  It is mapped, so what is
 * written into it holds from the next look at the clock on.  The other clocks are left alone, as in a jump.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift;

/* Before main(), so that no signal handler is the first to come. */
__attribute__((constructor)) static void
map_shift(void)
{
	const char *name = getenv("CLOCK_SHIFT");
	int			fd = name != NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	void	   *mapped;

	if (fd < 0)
		return;
	mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
	if (mapped != MAP_FAILED)
		shift = mapped;
	close(fd);
}

static time_t
seconds(void)
{
	return shift != NULL ? (time_t) *shift : 0;
}

int
clock_gettime(clockid_t which, struct timespec *now)
{
	static int	(*real) (clockid_t, struct timespec *);
	int			result;

	if (real == NULL)
		*(void **) &real = dlsym(RTLD_NEXT, "clock_gettime");
	result = real(which, now);
	if (result == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
		now->tv_sec += seconds();
	return result;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;

	(void) zone;
	if (clock_gettime(CLOCK_REALTIME, &precise) != 0)
		return -1;
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *result)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return (time_t) -1;
	if (result != NULL)
		*result = now.tv_sec;
	return now.tv_sec;
}
