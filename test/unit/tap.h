/*
 * tap.h
 *		Functions that print TAP.  Included once, by a test's only file.
 */
#ifndef TEST_TAP_H
#define TEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int	tap_tests;
static int	tap_failures;

/* One test, with a description as for printf.  Returns what it was given. */
static bool
__attribute__((format(printf, 2, 3), unused))
ok(bool passed, const char *format,...)
{
	va_list		args;

	printf("%sok %d - ", passed ? "" : "not ", ++tap_tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	if (!passed)
		tap_failures++;
	return passed;
}

/* Two numbers are equal; the difference goes to stderr. */
static bool
__attribute__((unused))
is_int(long long got, long long expected, const char *what)
{
	if (!ok(got == expected, "%s", what))
		fprintf(stderr, "# %s: got %lld, expected %lld\n", what, got, expected);
	return got == expected;
}

/* Two texts are equal; NULL equals only NULL. */
static bool
__attribute__((unused))
is_text(const char *got, const char *expected, const char *what)
{
	bool		same = got && expected ? strcmp(got, expected) == 0 : got == expected;

	if (!ok(same, "%s", what))
		fprintf(stderr, "# %s: got \"%s\", expected \"%s\"\n", what,
				got ? got : "(null)", expected ? expected : "(null)");
	return same;
}

/* The plan, at the end.  Returns the exit status. */
static int
__attribute__((unused))
done_testing(void)
{
	printf("1..%d\n", tap_tests);
	return tap_failures ? 1 : 0;
}

#endif							/* TEST_TAP_H */
