/* How long it takes to make a plan, which should grow as the graph does.
 *
 *     bench/compile             of 25, 50, 100, 200 and 400 dense layers with Adam
 *     bench/compile 100 1000    of so many
 *
 * A line for each: the layers (32 units, batch 16, rectifiers, with the finite check), the milliseconds for the
 * graph and for the plan, the least of some trials each, and the microseconds of both for a layer. */
#include <stdio.h>
#include <stdlib.h>

#include "common.h"

enum { UNITS = 32, BATCH = 16, TRIALS = 5, MOST_LAYERS = 100000 };

typedef struct {
    double graph_s, plan_s;
} spent;

static elbo_graph *build(elbo_params *params, int layers)
{
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(BATCH, UNITS)), *h = x;
    for (int i = 0; i < layers; i++) {
        char name[32];
        snprintf(name, sizeof name, "layer%d", i + 1);
        h = elbo_relu(elbo_linear(h, name, UNITS));
    }
    elbo_minimise(elbo_mean_all(elbo_square(elbo_sub(h, x))), NULL, 0,
                  &(elbo_optim){.name = "adam", .skip_nonfinite = true});
    return g;
}

static spent compile(int layers)
{
    elbo_params *params = must_have(elbo_params_new(ELBO_F32, 1));
    elbo_graph *g = build(params, layers);
    elbo_plan_free(must_compile(g, NULL, 0)); /* makes the initial weights, which is not to be timed */
    elbo_graph_free(g);
    const double start = now();
    g = build(params, layers);
    const double built = now();
    elbo_plan *plan = must_compile(g, NULL, 0);
    const spent s = {.graph_s = built - start, .plan_s = now() - built};
    elbo_plan_free(plan);
    elbo_graph_free(g);
    elbo_params_free(params);
    return s;
}

static void report(int layers)
{
    spent least = compile(layers);
    for (int i = 1; i < TRIALS; i++) {
        const spent s = compile(layers);
        least.graph_s = s.graph_s < least.graph_s ? s.graph_s : least.graph_s;
        least.plan_s = s.plan_s < least.plan_s ? s.plan_s : least.plan_s;
    }
    printf("%6d layers  graph %8.2f ms  plan %8.2f ms  %7.1f us a layer\n", layers, 1e3 * least.graph_s,
           1e3 * least.plan_s, 1e6 * (least.graph_s + least.plan_s) / layers);
}

int main(int argc, char **argv)
{
    static const int usual[] = {25, 50, 100, 200, 400};
    for (int i = 1; i < argc; i++) {
        const long layers = strtol(argv[i], NULL, 10);
        if (layers < 1 || layers > MOST_LAYERS)
            fail("\"%s\" is not a number of layers from 1 to %d", argv[i], MOST_LAYERS);
        report((int)layers);
    }
    for (size_t i = 0; argc == 1 && i < sizeof usual / sizeof *usual; i++)
        report(usual[i]);
    return EXIT_SUCCESS;
}
