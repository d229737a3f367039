/* The latency of one picture: z (1, 20) -> 400 -> 784 logits -> their means, by the VAE's decoder.
 *
 *     bench/decode --threads 1
 *
 * Compiles what `elbo sample` runs, for a batch of 1, times single runs after a warm-up, and prints one JSON line with
 * the median of their times and the 10th percentile, in microseconds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common.h"

enum { WARM_UP = 500, PIXELS = 784, LATENT = 20, MOST_RUNS = 10000000 };

typedef struct {
    int threads, runs;
} options;

/* p(x|z), and its mean, from fresh weights. */
static elbo_plan *compile_decode(elbo_params *params)
{
    elbo_graph *g = elbo_graph_new(params, ELBO_EVALUATE);
    elbo_in in = {.g = g,
                  .model = &elbo_model_vae,
                  .x = elbo_expand(elbo_constant(g, 0), ELBO_SHAPE(1, PIXELS)),
                  .image = ELBO_SHAPE(PIXELS),
                  .draws = 1};
    elbo_var *mean = elbo_model_decode(&in, elbo_input(g, "z", ELBO_F32, ELBO_SHAPE(1, LATENT)));
    elbo_plan *plan = must_compile(g, &mean, 1);
    elbo_graph_free(g);
    return plan;
}

static void measure(elbo_plan *plan, elbo_params *params, const options *o)
{
    float z[LATENT];
    double *times = must_have(calloc((size_t)o->runs, sizeof *times));
    for (int i = 0; i < LATENT; i++)
        z[i] = (float)(random_number() % 2001) / 1000 - 1;
    must(elbo_plan_bind(plan, "z", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(1, LATENT), z)));
    for (int i = -WARM_UP; i < o->runs; i++) {
        const double start = now();
        must(elbo_plan_run(plan, params, (elbo_at){.seed = 1}));
        if (i >= 0)
            times[i] = now() - start;
    }
    sort_numbers(times, o->runs);
    printf(
        "{\"model\": \"decode\", \"batch\": 1, \"threads\": %d, \"runs\": %d, \"median_us\": %.2f, \"p10_us\": %.2f}\n",
        o->threads, o->runs, 1e6 * quantile(times, o->runs, 0.5), 1e6 * quantile(times, o->runs, 0.1));
    free(times);
}

static error_t handle(int key, char *text, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 't': o->threads = option_number(state, "threads", text, elbo_threads()); return 0;
    case 'r': o->runs = option_number(state, "runs", text, MOST_RUNS); return 0;
    case ARGP_KEY_ARG: argp_error(state, "\"%s\": there is nothing to choose", text); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"threads", 't', "N", 0, "threads (1)", 0},
        {"runs", 'r', "N", 0, "decodes that are timed (20000)", 0},
        {0},
    };
    static const struct argp argp = {
        .options = rows,
        .parser = handle,
        .doc = "Times one decode of the VAE, batch 1, and prints one JSON line.",
    };
    options o = {.threads = 1, .runs = 20000};
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    elbo_set_threads(o.threads);
    elbo_params *params = must_have(elbo_params_new(ELBO_F32, 1));
    elbo_plan *plan = compile_decode(params);
    measure(plan, params, &o);
    elbo_plan_free(plan);
    elbo_params_free(params);
    return EXIT_SUCCESS;
}
