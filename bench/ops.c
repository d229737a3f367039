/* The speed of single operations beside what limits it.
 *
 *     bench/ops                           all of them
 *     bench/ops product softmax           those whose names begin so
 *
 * A line for each: the median time of one run; operations or bytes a second at that; the limit, measured in turn with
 * it, and the fraction of it. Products and convolutions are limited by fused multiply-adds, the rest by the bandwidth
 * of a copy whose source and target together are as large as what the operation reads and writes.
 */
#include "ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "limits.h"

static char **wanted; /* beginnings of names, then NULL; NULL: everything */
static int printed;

static bool is_wanted(const char *name)
{
    for (char **word = wanted; word && *word; word++)
        if (strncmp(*word, name, strlen(*word)) == 0)
            return true;
    return !wanted;
}

float *ops_numbers(size_t n)
{
    enum { LINE = 64 };
    float *numbers = must_have(aligned_alloc(LINE, (n * sizeof *numbers + LINE) / LINE * LINE));
    for (size_t i = 0; i < n; i++)
        numbers[i] = 0.25f + (float)(random_number() % 1792) / 1024;
    return numbers;
}

/* ---- contenders -------------------------------------------------------------------------------------------------- */

enum { TURNS = 25 };

typedef struct {
    void (*run)(void *what);
    void *what;
    int runs;            /* in a turn              */
    double times[TURNS]; /* seconds for one, sorted */
} contender;

static double take_turn(const contender *c)
{
    const double start = now();
    for (int i = 0; i < c->runs; i++)
        c->run(c->what);
    return (now() - start) / c->runs;
}

/* Each in turn, so that all see the same machine; in turns long enough for the clock. */
static void race(contender *contenders, int n)
{
    const double turn = 2e-4;
    for (contender *c = contenders; c < contenders + n; c++)
        for (c->runs = 1; c->runs < 1 << 20 && take_turn(c) * c->runs < turn; c->runs *= 2)
            continue;
    for (int i = 0; i < TURNS; i++)
        for (contender *c = contenders; c < contenders + n; c++)
            c->times[i] = take_turn(c);
    for (contender *c = contenders; c < contenders + n; c++)
        sort_numbers(c->times, TURNS);
}

static double median(const contender *c)
{
    return quantile(c->times, TURNS, 0.5);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

typedef struct {
    int threads;
    size_t bytes; /* copied: half of what is read and written */
    float *to, *from;
} copying;

enum { FMA_ROUNDS = 20000 };

static void multiply_and_add(void *threads)
{
    fma_run(*(int *)threads, FMA_ROUNDS);
}

static void copy(void *what)
{
    const copying *c = what;
    copy_run(c->threads, c->to, c->from, c->bytes);
}

/* ---- the report -------------------------------------------------------------------------------------------------- */

static void print_head(void)
{
    printf("%-16s %-36s %7s %11s %8s %-8s %8s %9s %11s\n", "operation", "shape", "threads", "median us", "rate", "",
           "limit", "fraction", "BLIS us");
}

void ops_time(const ops_case *c)
{
    if (!is_wanted(c->name))
        return;
    int threads = c->threads;
    copying copied = {.threads = c->threads, .bytes = c->limit == MEMORY ? (size_t)c->amount / 2 : 0};
    copied.to = ops_numbers(copied.bytes / sizeof(float));
    copied.from = ops_numbers(copied.bytes / sizeof(float));
    contender contenders[3] = {
        {.run = c->run, .what = c->what}, {.run = copy, .what = &copied}, {.run = c->other, .what = c->what}};
    if (c->limit == ARITHMETIC)
        contenders[1] = (contender){.run = multiply_and_add, .what = &threads};
    race(contenders, c->other ? 3 : 2);
    const double limited = c->limit == ARITHMETIC ? fma_flops(threads, FMA_ROUNDS) : 2.0 * (double)copied.bytes;
    const double rate = c->amount / median(&contenders[0]), limit = limited / median(&contenders[1]);
    if (printed++ == 0)
        print_head();
    printf("%-16s %-36s %7d %11.2f %8.1f %-8s %8.1f %9.2f", c->name, c->shape, threads, 1e6 * median(&contenders[0]),
           1e-9 * rate, c->limit == ARITHMETIC ? "GFLOP/s" : "GB/s", 1e-9 * limit, rate / limit);
    if (c->other)
        printf(" %11.2f", 1e6 * median(&contenders[2]));
    putchar('\n');
    fflush(stdout);
    free(copied.to);
    free(copied.from);
}

/* ---- the command line -------------------------------------------------------------------------------------------- */

static error_t handle(int key, char *text, struct argp_state *state)
{
    int *threads = state->input;
    switch (key) {
    case 't': *threads = option_number(state, "threads", text, elbo_threads()); return 0;
    case ARGP_KEY_ARGS: wanted = state->argv + state->next; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"threads", 't', "N", 0, "threads of what runs as a graph (1); the rest is single calls of kernels", 0},
        {0},
    };
    static const struct argp argp = {
        .options = rows,
        .parser = handle,
        .args_doc = "[NAME...]",
        .doc = "Times operations (those whose names begin with NAME) beside what limits them, and prints a table.",
    };
    int threads = 1;
    argp_parse(&argp, argc, argv, 0, NULL, &threads);
    elbo_set_threads(threads);
    ops_products();
    ops_kernels();
    ops_graphs(threads);
    if (printed == 0)
        fail("no operation is named so; without a name all of them run");
    return EXIT_SUCCESS;
}
