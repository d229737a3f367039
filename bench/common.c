#include "common.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_numbers(double *numbers, int n)
{
    qsort(numbers, (size_t)n, sizeof *numbers, by_value);
}

double quantile(const double *sorted, int n, double q)
{
    return sorted[(int)lround(q * (n - 1))];
}

void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(EXIT_FAILURE);
}

void must(elbo_status status)
{
    if (status != ELBO_OK)
        fail("%s", elbo_error());
}

void *must_have(void *block)
{
    if (!block)
        fail("out of memory");
    return block;
}

elbo_plan *must_compile(elbo_graph *g, elbo_var *const *outputs, int n)
{
    elbo_plan *plan = elbo_compile(g, outputs, n);
    if (!plan)
        must(elbo_graph_status(g));
    return must_have(plan);
}

int option_number(struct argp_state *state, const char *name, const char *text, int most)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (end == text || *end || errno || value < 1 || value > most)
        argp_error(state, "--%s: \"%s\" is not a number from 1 to %d", name, text, most);
    return (int)value;
}

uint32_t random_number(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}
