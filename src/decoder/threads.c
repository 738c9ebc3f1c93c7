/*
 * threads.c
 *		Starts all threads of a decoder in advance, and hands them out in pthread_create().
 *
 * The functions with the C library's names override these for all libraries in the process.  A
 * thread whose start function returns runs the destructors of its thread-specific values, as at
 * its exit, and waits to be used again; its pthread_t is reused only after it has been joined or
 * detached, as the C library's are.
 */
#include "threads.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Not in tests under a sanitizer, which has to see the threads start and end. */
#if !defined(__SANITIZE_ADDRESS__)

#define EXPORT		__attribute__((visibility("default")))
#define MAX_KEYS	256			/* of thread-specific values; PTHREAD_KEYS_MAX is 1024, libraries use some ten */

typedef enum State
{
	MISSING,					/* not started yet */
	IDLE,
	BUSY,
	DONE						/* waits to be joined */
} State;

typedef struct Worker
{
	pthread_t	thread;
	pthread_cond_t wake;		/* signals a change of state */
	State		state;
	bool		started;		/* the C library has finished starting the thread */
	bool		detached;
	void	   *(*start) (void *);
	void	   *argument;
	void	   *result;
	sigjmp_buf	end;			/* where pthread_exit() goes */
} Worker;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Worker workers[DEC_THREADS];
static bool all_started;
static unsigned changes;		/* how often a thread has begun or ended work */

static struct
{
	pthread_key_t key;
	void		(*destructor) (void *);
}			keys[MAX_KEYS];
static int	nkeys;

/* The C library's function of that name. */
#define REAL(name) \
	static __typeof__(&name) real; \
	if (real == NULL) \
		real = (__typeof__(real)) dlsym(RTLD_NEXT, #name)

static int
real_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start) (void *), void *argument)
{
	REAL(pthread_create);
	return real(thread, attributes, start, argument);
}

/* The worker with that pthread_t, or NULL.  The lock must be held. */
static Worker *
find_worker(pthread_t thread)
{
	for (int i = 0; i < DEC_THREADS; i++)
	{
		if (workers[i].state != MISSING && pthread_equal(workers[i].thread, thread))
			return &workers[i];
	}
	return NULL;
}

/* Run the destructors of thread-specific values, as pthread_exit() does. */
static void
destroy_values(void)
{
	for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS; round++)
	{
		bool		any = false;

		for (int i = 0; i < nkeys; i++)
		{
			void		(*destructor) (void *) = keys[i].destructor;
			void	   *value = destructor ? pthread_getspecific(keys[i].key) : NULL;

			if (value == NULL)
				continue;
			any = true;
			pthread_setspecific(keys[i].key, NULL);
			destructor(value);
		}
		if (!any)
			return;
	}
}

static void *
work(void *argument)
{
	Worker	   *worker = argument;

	pthread_mutex_lock(&lock);
	worker->started = true;
	pthread_cond_broadcast(&worker->wake);
	for (;;)
	{
		while (worker->state != BUSY)
			pthread_cond_wait(&worker->wake, &lock);
		pthread_mutex_unlock(&lock);

		if (sigsetjmp(worker->end, 0) == 0)
			worker->result = worker->start(worker->argument);
		destroy_values();

		pthread_mutex_lock(&lock);
		worker->state = worker->detached ? IDLE : DONE;
		changes++;
		pthread_cond_broadcast(&worker->wake);
	}
	return NULL;
}

/* Start another thread, if the limit allows.  The lock must be held.  0 or an error number. */
static int
add_worker(Worker **added)
{
	for (int i = 0; i < DEC_THREADS && !all_started; i++)
	{
		int			rc;

		if (workers[i].state != MISSING)
			continue;
		pthread_cond_init(&workers[i].wake, NULL);
		rc = real_create(&workers[i].thread, NULL, work, &workers[i]);
		if (rc == 0)
			workers[i].state = IDLE;
		*added = &workers[i];
		return rc;
	}
	return EAGAIN;
}

EXPORT int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start) (void *), void *argument)
{
	Worker	   *worker = NULL;
	int			detached = PTHREAD_CREATE_JOINABLE;
	int			rc = 0;

	if (attributes != NULL)
		pthread_attr_getdetachstate(attributes, &detached);
	pthread_mutex_lock(&lock);
	for (int i = 0; i < DEC_THREADS && worker == NULL; i++)
	{
		if (workers[i].state == IDLE)
			worker = &workers[i];
	}
	if (worker == NULL)
		rc = add_worker(&worker);
	if (rc == 0)
	{
		worker->start = start;
		worker->argument = argument;
		worker->result = NULL;
		worker->detached = detached == PTHREAD_CREATE_DETACHED;
		worker->state = BUSY;
		changes++;
		*thread = worker->thread;
		pthread_cond_broadcast(&worker->wake);
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

EXPORT int
pthread_join(pthread_t thread, void **result)
{
	Worker	   *worker;

	pthread_mutex_lock(&lock);
	worker = find_worker(thread);
	if (worker == NULL)
	{
		REAL(pthread_join);
		pthread_mutex_unlock(&lock);
		return real(thread, result);
	}
	while (worker->state == BUSY)
		pthread_cond_wait(&worker->wake, &lock);
	if (result != NULL)
		*result = worker->result;
	worker->state = IDLE;
	pthread_mutex_unlock(&lock);
	return 0;
}

EXPORT int
pthread_detach(pthread_t thread)
{
	Worker	   *worker;

	pthread_mutex_lock(&lock);
	worker = find_worker(thread);
	if (worker == NULL)
	{
		REAL(pthread_detach);
		pthread_mutex_unlock(&lock);
		return real(thread);
	}
	worker->detached = true;
	if (worker->state == DONE)
		worker->state = IDLE;
	pthread_mutex_unlock(&lock);
	return 0;
}

EXPORT __attribute__((noreturn))
void
pthread_exit(void *result)
{
	Worker	   *worker;

	pthread_mutex_lock(&lock);
	worker = find_worker(pthread_self());
	pthread_mutex_unlock(&lock);
	if (worker != NULL)
	{
		worker->result = result;
		siglongjmp(worker->end, 1);
	}
	else
	{
		REAL(pthread_exit);
		real(result);
	}
	__builtin_unreachable();
}

EXPORT int
pthread_key_create(pthread_key_t *key, void (*destructor) (void *))
{
	int			rc;

	REAL(pthread_key_create);
	rc = real(key, destructor);
	if (rc != 0)
		return rc;
	pthread_mutex_lock(&lock);
	if (nkeys < MAX_KEYS)
	{
		keys[nkeys].destructor = destructor;
		keys[nkeys].key = *key;
		nkeys++;
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

EXPORT int
pthread_key_delete(pthread_key_t key)
{
	REAL(pthread_key_delete);
	pthread_mutex_lock(&lock);
	for (int i = 0; i < nkeys; i++)
	{
		if (keys[i].key == key)
			keys[i].destructor = NULL;
	}
	pthread_mutex_unlock(&lock);
	return real(key);
}

/* Limit the number of processors in the set. */
static void
limit_cpu_set(size_t size, cpu_set_t *set)
{
	int			count = 0;

	for (size_t i = 0; i < size * 8; i++)
	{
		if (CPU_ISSET_S(i, size, set) && ++count > DEC_PROCESSORS)
			CPU_CLR_S(i, size, set);
	}
}

EXPORT int
sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	int			rc;

	REAL(sched_getaffinity);
	rc = real(pid, size, set);
	if (rc >= 0)
		limit_cpu_set(size, set);
	return rc;
}

EXPORT int
pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set)
{
	int			rc;

	REAL(pthread_getaffinity_np);
	rc = real(thread, size, set);
	if (rc == 0)
		limit_cpu_set(size, set);
	return rc;
}

bool
dec_threads_fill(void)
{
	int			rc = 0;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < DEC_THREADS && rc == 0; i++)
	{
		Worker	   *ignored;

		if (workers[i].state == MISSING)
			rc = add_worker(&ignored);
	}
	for (int i = 0; i < DEC_THREADS && rc == 0; i++)
	{
		while (!workers[i].started)
			pthread_cond_wait(&workers[i].wake, &lock);
	}
	all_started = rc == 0;
	pthread_mutex_unlock(&lock);
	errno = rc;
	return all_started;
}

pid_t
dec_threads_fork(void)
{
	static unsigned rested;		/* "changes" when they were last seen to rest */
	pid_t		pid;

	pthread_mutex_lock(&lock);
	while (rested != changes)
	{
		rested = changes;
		pthread_mutex_unlock(&lock);
		if (!dec_threads_rest())
		{
			rested--;
			errno = EAGAIN;
			return -1;
		}
		pthread_mutex_lock(&lock);
	}
	pid = fork();
	pthread_mutex_unlock(&lock);	/* in the child, too */
	return pid;
}

bool
dec_threads_forked(void)
{
	int			rc = 0;

	for (int i = 0; i < DEC_THREADS && rc == 0; i++)
	{
		workers[i].started = false;
		if (workers[i].state == MISSING)
			continue;
		pthread_cond_init(&workers[i].wake, NULL);
		rc = real_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	errno = rc;
	return rc == 0;
}

#else

bool
dec_threads_fill(void)
{
	return true;
}

pid_t
dec_threads_fork(void)
{
	return fork();
}

bool
dec_threads_forked(void)
{
	return true;
}

#endif
