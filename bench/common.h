/* What the programs of this folder share: a clock, quantiles, ends with a message, numbers of a command line. */
#ifndef ELBO_BENCH_COMMON_H
#define ELBO_BENCH_COMMON_H

#include <argp.h>
#include <elbo.h>

double now(void); /* seconds since some moment */

void sort_numbers(double *numbers, int n);
double quantile(const double *sorted, int n, double q); /* q = 0.5: the median; q = 0.1: the 10th percentile */

/* Writes "PROGRAM: message" and ends the program. */
void fail(const char *format, ...) ELBO_PRINTF(1, 2) __attribute__((noreturn));

void must(elbo_status status); /* unless all went well, fails with the library's message          */
void *must_have(void *block);  /* `block`; fails when it is NULL, for want of memory              */

/* `g` compiled for `outputs` (n); fails with the message of the first error. */
elbo_plan *must_compile(elbo_graph *g, elbo_var *const *outputs, int n);

/* The value of option `name`, a whole number from 1 to `most`; ends the program with a hint when it is not. */
int option_number(struct argp_state *state, const char *name, const char *text, int most);

uint32_t random_number(void); /* below 2^31, the same series in every run */

#endif
