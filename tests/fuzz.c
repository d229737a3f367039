/* Tries the planner on random graphs (fuzz_graph.h).
 *
 *     tests/fuzz                        2,000 graphs, the same in every run
 *     tests/fuzz --graphs N --seed S    N graphs, seeds S, S + 1, ...
 *     tests/fuzz --one S                prints the graph of seed S and tries it
 *
 * A graph that goes wrong is made smaller and printed; the exit status is then 1. With OMP_WAIT_POLICY=passive many
 * threads on few processors take less time. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_graph.h"

enum { EXIT_USAGE = 64, MOST_REPORTS = 5 };

static volatile uint64_t current;

/* A crash should at least say of which graph. */
static void say_which(int signal_)
{
    char text[] = "\nfuzz: crashed on seed 00000000000000000000\n";
    char *digit = text + sizeof text - 3;
    for (uint64_t seed = current; seed; seed /= 10)
        *digit-- = (char)('0' + seed % 10);
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    signal(signal_, SIG_DFL);
    raise(signal_);
}

static bool try_seed(uint64_t seed, bool print, fuzz_stats *stats)
{
    char why[FUZZ_WHY] = "";
    current = seed;
    fuzz_program p = fuzz_generate(seed);
    if (print)
        fuzz_print(&p, stdout);
    fuzz_outcome outcome = fuzz_try(&p, FUZZ_AS_IT_IS, stats, why);
    if (outcome == FUZZ_FINE)
        return true;
    printf("seed %" PRIu64 ": %s\n", seed, outcome == FUZZ_WRONG ? why : "the lines do not fit together again");
    if (outcome == FUZZ_WRONG) {
        fuzz_shrink(&p);
        (void)fuzz_try(&p, FUZZ_AS_IT_IS, NULL, why);
        printf("made smaller: %s\n", why);
        fuzz_print(&p, stdout);
    }
    fflush(stdout);
    return false;
}

static void print_summary(const fuzz_stats *s, uint64_t failures)
{
    double n = s->graphs ? (double)s->graphs : 1;
    printf("fuzz: %" PRId64 " graphs, %" PRIu64 " went wrong; on average %.1f nodes in %.1f loops and %.1f blocks\n",
           s->graphs, failures, (double)s->nodes / n, (double)s->loops / n, (double)s->blocks / n);
    printf("fuzz: graphs by stages:");
    for (int i = 0; i < 8; i++)
        printf(" %d%s: %" PRId64, i, i < 7 ? "" : "+", s->with_stages[i]);
    printf("; %" PRId64 " numbers compared, %.2f %% of them loosely\n", s->elements,
           100 * (double)s->loose / (s->elements ? (double)s->elements : 1));
}

int main(int argc, char **argv)
{
    uint64_t graphs = 2000, seed = 1, failures = 0;
    bool one = false;
    for (int i = 1; i < argc; i += 2) {
        char *end = NULL;
        uint64_t value = i + 1 < argc ? strtoull(argv[i + 1], &end, 10) : 0;
        bool number = end && *argv[i + 1] && !*end;
        if (number && strcmp(argv[i], "--graphs") == 0)
            graphs = value;
        else if (number && strcmp(argv[i], "--seed") == 0)
            seed = value;
        else if (number && strcmp(argv[i], "--one") == 0) {
            one = true;
            graphs = 1;
            seed = value;
        } else {
            fprintf(stderr, "usage: fuzz [--graphs N] [--seed S] [--one S]\n");
            return EXIT_USAGE;
        }
    }
    signal(SIGSEGV, say_which);
    signal(SIGABRT, say_which);
    signal(SIGFPE, say_which);
    fuzz_stats stats = {0};
    for (uint64_t i = 0; i < graphs && failures < MOST_REPORTS; i++)
        failures += !try_seed(seed + i, one, &stats);
    print_summary(&stats, failures);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
