/*
 * template_trial.c
 *		The template's first child, which tries out whether decoders can be forked with these libraries.
 */
#include "template.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "image/image.h"
#include "threads.h"
#include "wire/clock.h"
#include "wire/decoder_args.h"

/* Time for it. */
#define TRIAL_SECONDS	20

int
dec_template_trial(const TeHello *hello)
{
	TeHello		again = {0};

	img_self_test(&again);
	return again.can_read == hello->can_read && again.can_write == hello->can_write &&
		strcmp(again.self_test, hello->self_test) == 0 ? TE_EXIT_NORMAL : TE_EXIT_START;
}

int
dec_template_try_out(DecOptions *options)
{
	struct timespec pause = {.tv_nsec = 2000000};
	time_t		until = te_now_ms() / 1000 + TRIAL_SECONDS;
	int			status = -1;
	pid_t		parent = getpid();
	pid_t		pid = dec_threads_fork();

	if (pid == 0)
	{
		options->memory = 1024 * DEC_MB;
		options->file = DEC_MB;
		options->timeout = TRIAL_SECONDS;
		options->forked = options->trial = true;
		if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
			_exit(TE_EXIT_START);
		return -1;
	}
	while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0)
	{
		status = -1;
		if (te_now_ms() / 1000 >= until)
		{
			(void) kill(pid, SIGKILL);
			(void) waitpid(pid, NULL, 0);
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return status;
}
