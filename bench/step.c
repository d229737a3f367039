/* The speed of a training step.
 *
 *     bench/step vae --batch 128 --threads 2
 *
 * Builds the graph that `elbo train MODEL` trains with (default options: 784-400-20 on MNIST, Adam; images gathered as
 * bytes by a shuffled index), with the check that leaves out a step whose gradient is not finite; times single steps
 * after a warm-up, and prints one JSON line:
 *
 *     images_per_s       at the median of the step times
 *     images_per_s_p10   at their 10th percentile: what a step takes when nothing else disturbs it
 *     gflops             of the products alone (2 M N K each), at the median
 *     fma_peak_gflops    of the same number of threads doing nothing but fused multiply-adds, measured between blocks
 *                        of steps, at the 10th percentile of its times as well
 *     fraction_of_peak   of the products, at the 10th percentile, to that
 *     loss               of the last step, a mean over its images
 *     compile_ms         what it took to make the plan of the graph, once
 *     finite_check       whether a step with a gradient that may not be finite updates nothing
 *     draws              of z, for each image
 *     parameters         numbers that are learned
 *     allocations        by the library, in all of the timed steps
 *
 * Or, with --turns, for each line of the input, which is a number of steps: their median in us; in the end the loss.
 *
 * Rates of different programs compare only when they were measured side by side on an idle machine.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "images.h"
#include "limits.h"
#include "workloads.h"

enum { WARM_UP = 20, BLOCK = 20, WATCHED = 50, MOST_STEPS = 1000000, MOST_BATCH = 65536 };

typedef struct {
    const elbo_model *model;
    const char *data;
    int batch, threads, steps, draws;
    double beta; /* weight of the KL term */
    bool finite_check, plan, turns;
} options;

/* ---- the library's allocations, counted -------------------------------------------------------------------------- */

/* In the timed steps alone: what they work on lies where the standard allocator has put it. */

static long allocations;

static void *allocate(size_t bytes, void *user)
{
    enum { LINE = 64 };
    (void)user;
#pragma omp atomic
    allocations++;
    return aligned_alloc(LINE, (bytes + LINE) / LINE * LINE);
}

static void release(void *block, void *user)
{
    (void)user;
    free(block);
}

/* ---- the step ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const options *o;
    const images *images;
    elbo_params *params;
    elbo_plan *plan;
    double compile_s;
    int loss;      /* which output                                         */
    int64_t first; /* row of images->order that the next batch begins with */
    uint64_t step;
} training;

/* The graph of a run's training step (nn/runs/run_plans.c), from what the library offers to everyone. */
static elbo_in build_step(const options *o, const images *im, elbo_params *params)
{
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *rows = elbo_input(g, "rows", ELBO_I32, ELBO_SHAPE(o->batch));
    elbo_var *pixels = elbo_gather(elbo_input(g, "images", ELBO_U8, ELBO_SHAPE(im->count, im->dims)), rows);
    elbo_in in = {.g = g,
                  .model = o->model,
                  .x = elbo_scale(elbo_cast(pixels), 1.0 / 255),
                  .image = im->image,
                  .draws = o->draws};
    if (elbo_model_takes_labels(o->model, NULL))
        in.y = elbo_one_hot(elbo_gather(elbo_input(g, "labels", ELBO_I32, ELBO_SHAPE(im->count)), rows), im->classes);
    elbo_model_train(&in, &(elbo_optim){.name = "adam", .skip_nonfinite = o->finite_check});
    return in;
}

static training compile_step(const options *o, const images *im)
{
    training tr = {.o = o, .images = im, .params = must_have(elbo_params_new(ELBO_F32, 1))};
    elbo_in in = build_step(o, im, tr.params);
    elbo_var *outputs[ELBO_MAX_METRICS];
    for (int i = 0; i < in.n_metrics; i++) {
        outputs[i] = in.metrics[i].value;
        if (strcmp(in.metrics[i].name, "loss") == 0)
            tr.loss = i;
    }
    elbo_plan_free(must_compile(in.g, outputs, in.n_metrics)); /* makes the initial weights, which is not to be timed */
    const double start = now();
    tr.plan = must_compile(in.g, outputs, in.n_metrics);
    tr.compile_s = now() - start;
    elbo_graph_free(in.g);
    must(elbo_plan_bind(tr.plan, "images", im->pixels));
    must(elbo_plan_bind(tr.plan, "labels", im->labels));
    must(elbo_plan_set(tr.plan, "lr", 1e-3));
    must(elbo_plan_set(tr.plan, "lr-factor", 1));
    must(elbo_plan_set(tr.plan, "beta", o->beta));
    must(elbo_plan_set(tr.plan, "epoch", 1));
    must(elbo_plan_set(tr.plan, "dataset-size", (double)im->count));
    return tr;
}

/* One step on the next batch; the seconds it took. */
static double time_step(training *tr)
{
    const int batch = tr->o->batch;
    if (tr->first + batch > tr->images->count)
        tr->first = 0;
    const double start = now();
    tr->step++;
    must(elbo_plan_bind(tr->plan, "rows", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(batch), tr->images->order + tr->first)));
    must(elbo_plan_set(tr->plan, "step", (double)tr->step));
    must(elbo_plan_run(tr->plan, tr->params, (elbo_at){.seed = 1, .step = tr->step, .first_row = (uint64_t)tr->first}));
    const double seconds = now() - start;
    tr->first += batch;
    return seconds;
}

/* Of the last step; what computes no number is not worth timing. */
static double loss_of(const training *tr)
{
    const elbo_tensor output = elbo_plan_output(tr->plan, tr->loss);
    const double loss = elbo_tensor_get(&output, NULL);
    if (!isfinite(loss))
        fail("the loss is %f after %llu steps", loss, (unsigned long long)tr->step);
    return loss;
}

static long long learned_numbers(const elbo_params *params)
{
    long long sum = 0;
    for (int i = 0; i < elbo_params_count(params); i++) {
        const elbo_shape shape = elbo_params_shape(params, i);
        sum += elbo_params_trained(params, i) ? elbo_shape_size(&shape) : 0;
    }
    return sum;
}

/* ---- the measurement --------------------------------------------------------------------------------------------- */

/* Blocks of steps in turn with the arithmetic peak, so that both see the same machine. */
static void measure(training *tr)
{
    enum { ROUNDS = 200000, SAMPLES = 8 }; /* of a millisecond or less: some of them meet no disturbance */
    const options *o = tr->o;
    const int samples = (o->steps + BLOCK - 1) / BLOCK * SAMPLES;
    double *step_times = must_have(calloc((size_t)o->steps, sizeof *step_times));
    double *fma_times = must_have(calloc((size_t)samples, sizeof *fma_times));
    for (int i = 0; i < WARM_UP; i++)
        time_step(tr);
    elbo_set_allocator(allocate, release, NULL);
    for (int i = 0; i < o->steps; i++) {
        for (int k = 0; k < SAMPLES && i % BLOCK == 0; k++) {
            const double start = now();
            fma_run(o->threads, ROUNDS);
            fma_times[i / BLOCK * SAMPLES + k] = now() - start;
        }
        step_times[i] = time_step(tr);
    }
    elbo_set_allocator(NULL, NULL, NULL);
    sort_numbers(step_times, o->steps);
    sort_numbers(fma_times, samples);
    const double median = quantile(step_times, o->steps, 0.5), fast = quantile(step_times, o->steps, 0.1);
    const double peak = fma_flops(o->threads, ROUNDS) / quantile(fma_times, samples, 0.1);
    const double flops = elbo_plan_product_flops(tr->plan);
    printf("{\"model\": \"%s\", \"batch\": %d, \"threads\": %d, \"images_per_s\": %.0f, \"images_per_s_p10\": %.0f, "
           "\"gflops\": %.1f, \"fma_peak_gflops\": %.1f, \"fraction_of_peak\": %.3f, \"loss\": %.3f, "
           "\"compile_ms\": %.2f, \"finite_check\": %s, \"draws\": %d, \"parameters\": %lld, "
           "\"allocations\": %ld}\n",
           o->model->name, o->batch, o->threads, o->batch / median, o->batch / fast, flops / median * 1e-9, peak * 1e-9,
           flops / fast / peak, loss_of(tr), 1e3 * tr->compile_s, o->finite_check ? "true" : "false", o->draws,
           learned_numbers(tr->params), allocations);
    free(step_times);
    free(fma_times);
}

/* Whoever has another build beside this one asks both in turn, so that they see the same machine (bench/beside): a line
 * of the input says how many steps. The first step of a turn finds the caches as the other left them, and comes before
 * those. */
static void take_turns(training *tr)
{
    enum { MOST = 1000 };
    double times[MOST];
    char line[32];
    for (int i = 0; i < WARM_UP; i++)
        time_step(tr);
    while (fgets(line, sizeof line, stdin)) {
        const int n = atoi(line);
        if (n < 1 || n > MOST)
            fail("a turn of %d steps: 1 to %d", n, MOST);
        time_step(tr);
        for (int i = 0; i < n; i++)
            times[i] = time_step(tr);
        sort_numbers(times, n);
        printf("%.2f\n", 1e6 * quantile(times, n, 0.5));
        fflush(stdout);
    }
    printf("%.6g\n", loss_of(tr));
}

/* The plan, and where its time goes, to stderr. */
static void describe(training *tr)
{
    must(elbo_plan_watch(tr->plan, true));
    for (int i = 0; i < WATCHED; i++)
        time_step(tr);
    char *text = elbo_plan_describe(tr->plan);
    fputs(must_have(text), stderr);
    elbo_release(text);
}

/* ---- the command line -------------------------------------------------------------------------------------------- */

/* The first of that name; NULL: there is none */
static const elbo_model *model_of(const char *name)
{
    int i = 0;
    while (workload(i) && strcmp(workload(i)->name, name) != 0)
        i++;
    return workload(i);
}

static const elbo_model *find_model(struct argp_state *state, const char *name)
{
    char names[1024] = "";
    size_t length = 0;
    const elbo_model *found = model_of(name), *other;
    for (int i = 0; !found && (other = workload(i)); i++)
        if (length < sizeof names && model_of(other->name) == other)
            length += (size_t)snprintf(names + length, sizeof names - length, " %s", other->name);
    if (!found)
        argp_error(state, "no model \"%s\"; there are%s", name, names);
    return found;
}

/* Fills in what the model has defaults for: the number of draws, unless one was given, and beta. */
static void settle(struct argp_state *state, options *o)
{
    elbo_values *values = must_have(elbo_model_values(o->model));
    const elbo_value *draws = elbo_values_get(values, "draws", ELBO_INTEGER);
    const elbo_value *beta = elbo_values_get(values, "beta", ELBO_NUMBER);
    if (o->draws && !draws)
        argp_error(state, "--draws: model \"%s\" takes no number of draws", o->model->name);
    if (!o->draws)
        o->draws = draws ? (int)draws->integer : 1;
    o->beta = beta ? beta->number : 1;
    elbo_values_free(values);
}

enum { NO_FINITE_CHECK = 256, PLAN, DRAWS, TURNS };

static error_t handle(int key, char *text, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 'b': o->batch = option_number(state, "batch", text, MOST_BATCH); return 0;
    case 't': o->threads = option_number(state, "threads", text, elbo_threads()); return 0;
    case 's': o->steps = option_number(state, "steps", text, MOST_STEPS); return 0;
    case 'd': o->data = text; return 0;
    case DRAWS: o->draws = option_number(state, "draws", text, MOST_BATCH); return 0;
    case NO_FINITE_CHECK: o->finite_check = false; return 0;
    case PLAN: o->plan = true; return 0;
    case TURNS: o->turns = true; return 0;
    case ARGP_KEY_ARG:
        if (o->model)
            argp_error(state, "\"%s\": one model at a time", text);
        o->model = find_model(state, text);
        return 0;
    case ARGP_KEY_END:
        if (!o->model)
            argp_error(state, "a model is missing, as in `step vae'");
        settle(state, o);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option rows[] = {
        {"batch", 'b', "N", 0, "images in a step (128)", 0},
        {"threads", 't', "N", 0, "threads (as many as there are processors)", 0},
        {"steps", 's', "N", 0, "steps that are timed (400)", 0},
        {"draws", DRAWS, "K", 0, "draws of z for each image (what the model asks for: 50 for iwae, else 1)", 0},
        {"data", 'd', "DIR", 0, "a folder with IDX files (data/mnist, where that is; else made-up images)", 0},
        {"no-finite-check", NO_FINITE_CHECK, NULL, 0, "update whatever the gradient is", 0},
        {"plan", PLAN, NULL, 0, "then write the plan, and where its time goes, to stderr", 0},
        {"turns", TURNS, NULL, 0, "for each line of the input, a number of steps: print their median in us", 0},
        {0},
    };
    static const struct argp argp = {
        .options = rows,
        .parser = handle,
        .args_doc = "MODEL",
        .doc = "Times the training steps of a model and prints one JSON line, or a line for each of its turns.",
    };
    options o = {.batch = 128, .threads = elbo_threads(), .steps = 400, .finite_check = true};
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    images im = images_find(o.data);
    if (im.count < o.batch)
        fail("a batch of %d from %lld images", o.batch, (long long)im.count);
    elbo_set_threads(o.threads);
    training tr = compile_step(&o, &im);
    if (o.turns)
        take_turns(&tr);
    else
        measure(&tr);
    if (o.plan)
        describe(&tr);
    elbo_plan_free(tr.plan);
    elbo_params_free(tr.params);
    images_free(&im);
    return EXIT_SUCCESS;
}
