/* The speed of a training step.
 *
 *     bench/step vae --batch 128 --threads 2
 *
 * Builds the graph that `elbo train MODEL` trains with (default options: 784-400-20 on MNIST, Adam; images gathered as
 * bytes by a shuffled index), times single steps after a warm-up, and prints one JSON line:
 *
 *     images_per_s       at the median of the step times
 *     images_per_s_p10   at their 10th percentile: what a step takes when nothing else disturbs it
 *     gflops             of the products alone (2 M N K each), at the median
 *     fma_peak_gflops    of the same number of threads doing nothing but fused multiply-adds, measured between blocks of
 *                        steps, at the 10th percentile of its times as well
 *     fraction_of_peak   of the products, at the 10th percentile, to that
 *     loss               of the last step, in nats per image
 *
 * Rates of different programs compare only when they were measured side by side on an idle machine.
 */
#include <elbo.h>

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WARM_UP = 20, BLOCK = 20, MOST_STEPS = 1000000, MOST_BATCH = 65536, SYNTHETIC = 60000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *must_have(void *block)
{
    if (!block) {
        fprintf(stderr, "step: out of memory\n");
        exit(EXIT_FAILURE);
    }
    return block;
}

/* Ends the program with the library's message unless all went well. */
static void must(elbo_status status)
{
    if (status == ELBO_OK)
        return;
    fprintf(stderr, "step: %s\n", elbo_error());
    exit(EXIT_FAILURE);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The q-th part of n sorted times: q = 0.5 is their median. */
static double quantile(const double *sorted, int n, double q)
{
    return sorted[(int)lround(q * (n - 1))];
}

/* ---- the arithmetic peak ------------------------------------------------------------------------------------------- */

/* Independent sums enough to keep three pipes of latency four busy, and few enough for sixteen registers: each a variable
 * of its own, so that no optimiser is needed to keep them out of memory. */
#define EACH_SUM(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
enum { SUMS = 12 };
#define START(i) vector x##i = a * (float)i;
#define MULTIPLY_ADD(i) x##i = x##i * a + b;
#define ADD_UP(i) all += x##i;

/* x <- x a + b on SUMS vectors, `rounds` times; returns the sum of all numbers in them. a and b are read at run time and
 * every x starts elsewhere, so that the compiler can leave nothing out. This file is compiled with -ffp-contract=fast. */
#define FMA_LOOP(name, bytes, target)                                                                                  \
    target static double name(int64_t rounds, const volatile float *factors)                                           \
    {                                                                                                                  \
        typedef float vector __attribute__((vector_size(bytes)));                                                      \
        const vector a = (vector){0} + factors[0], b = (vector){0} + factors[1];                                       \
        EACH_SUM(START)                                                                                                \
        for (int64_t r = 0; r < rounds; r++) {                                                                         \
            EACH_SUM(MULTIPLY_ADD)                                                                                     \
        }                                                                                                              \
        vector all = {0};                                                                                              \
        EACH_SUM(ADD_UP)                                                                                               \
        double sum = 0;                                                                                                \
        for (size_t lane = 0; lane < sizeof all / sizeof(float); lane++)                                               \
            sum += all[lane];                                                                                          \
        return sum;                                                                                                    \
    }

FMA_LOOP(fma_16, 16, )
#ifdef __x86_64__
FMA_LOOP(fma_32, 32, __attribute__((target("avx2,fma"))))
FMA_LOOP(fma_64, 64, __attribute__((target("avx512f"))))
#endif

typedef struct {
    double (*loop)(int64_t rounds, const volatile float *factors);
    int lanes;
} fma_kernel;

static fma_kernel widest(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f"))
        return (fma_kernel){fma_64, 16};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (fma_kernel){fma_32, 8};
#endif
    return (fma_kernel){fma_16, 4};
}

/* Seconds for `rounds` rounds on every thread at once. x a + b with a = 1/2 and b = 1 ends at 2, exactly, from anywhere:
 * another sum means that the loop did not do its work. */
static double time_fma(fma_kernel kernel, int threads, int64_t rounds)
{
    static const volatile float factors[2] = {0.5f, 1.0f};
    double sum = 0;
    const double start = now();
#pragma omp parallel num_threads(threads) reduction(+ : sum)
    sum += kernel.loop(rounds, factors);
    const double seconds = now() - start;
    if (sum != 2.0 * SUMS * kernel.lanes * threads) {
        fprintf(stderr, "step: the FMA loop came to %g\n", sum);
        exit(EXIT_FAILURE);
    }
    return seconds;
}

/* ---- the images ---------------------------------------------------------------------------------------------------- */

typedef struct {
    elbo_tensor images; /* (N, D) u8    */
    elbo_tensor labels; /* (N) i32      */
    elbo_shape image;   /* of one row   */
    int32_t *order;     /* (N) shuffled */
    int64_t count, pixels;
    int classes;
} table;

static uint32_t next_number(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

/* Digits are mostly black: four pixels of five are 0. */
static table make_images(void)
{
    const elbo_shape shape = ELBO_SHAPE(SYNTHETIC, 784);
    table t = {
        .images = elbo_tensor_new(ELBO_U8, shape), .image = ELBO_SHAPE(28, 28), .count = SYNTHETIC, .classes = 10};
    t.labels = elbo_tensor_new(ELBO_I32, ELBO_SHAPE(SYNTHETIC));
    uint8_t *pixels = must_have(t.images.data);
    int32_t *labels = must_have(t.labels.data);
    for (int64_t i = 0; i < elbo_shape_size(&shape); i++) {
        const uint32_t number = next_number();
        pixels[i] = (uint8_t)(number % 5 ? 0 : number >> 8);
    }
    for (int64_t i = 0; i < SYNTHETIC; i++)
        labels[i] = (int32_t)(i % t.classes);
    return t;
}

static table read_images(const char *folder)
{
    elbo_images read;
    must(elbo_images_load(folder, "train", 10, &read));
    if (read.images.dtype != ELBO_U8 || !read.labels.data) {
        fprintf(stderr, "step: %s: expected images of bytes, with labels\n", folder);
        exit(EXIT_FAILURE);
    }
    table t = {.images = read.images, .count = read.count, .classes = read.classes};
    t.image = ELBO_SHAPE(read.channels * read.height, read.width);
    t.images.layout = elbo_layout_of(&ELBO_SHAPE(read.count, read.channels * read.height * read.width));
    t.labels = elbo_tensor_new(ELBO_I32, ELBO_SHAPE(read.count));
    must_have(t.labels.data);
    elbo_tensor_copy(&t.labels, &read.labels);
    elbo_tensor_free(&read.labels);
    return t;
}

/* From `folder`, or from data/mnist where that is, or made up. */
static table find_images(const char *folder)
{
    static const char *const usual = "data/mnist";
    if (!folder && access(usual, F_OK) != 0)
        fprintf(stderr, "step: there is no %s here: made-up images\n", usual);
    table t = folder ? read_images(folder) : access(usual, F_OK) == 0 ? read_images(usual) : make_images();
    t.pixels = t.images.layout.shape.dim[1];
    t.order = must_have(malloc((size_t)t.count * sizeof *t.order));
    for (int64_t i = 0; i < t.count; i++) {
        const int64_t other = next_number() % (i + 1);
        t.order[i] = t.order[other];
        t.order[other] = (int32_t)i;
    }
    return t;
}

/* ---- the step ------------------------------------------------------------------------------------------------------ */

typedef struct {
    elbo_params *params;
    elbo_plan *plan;
    int loss; /* which output */
    const table *images;
    int64_t batch, first; /* row of images->order that the next batch begins with */
    uint64_t step;
} training;

/* The graph of a run's training step (nn/run_plans.c), from what the library offers to everyone. */
static training compile_step(const elbo_model *model, const table *t, int64_t batch)
{
    training tr = {.params = elbo_params_new(ELBO_F32, 1), .images = t, .batch = batch};
    elbo_graph *g = elbo_graph_new(must_have(tr.params), ELBO_TRAIN);
    elbo_var *rows = elbo_input(g, "rows", ELBO_I32, ELBO_SHAPE(batch));
    elbo_var *pixels = elbo_gather(elbo_input(g, "images", ELBO_U8, ELBO_SHAPE(t->count, t->pixels)), rows);
    elbo_in in = {.g = g, .model = model, .x = elbo_scale(elbo_cast(pixels), 1.0 / 255), .image = t->image, .draws = 1};
    if (model->flags & ELBO_NEEDS_LABELS)
        in.y = elbo_one_hot(elbo_gather(elbo_input(g, "labels", ELBO_I32, ELBO_SHAPE(t->count)), rows), t->classes);
    elbo_model_train(&in, &(elbo_optim){.name = "adam"});
    elbo_var *outputs[ELBO_MAX_METRICS];
    for (int i = 0; i < in.n_metrics; i++) {
        outputs[i] = in.metrics[i].value;
        if (strcmp(in.metrics[i].name, "loss") == 0)
            tr.loss = i;
    }
    tr.plan = elbo_compile(g, outputs, in.n_metrics);
    if (!tr.plan)
        must(elbo_graph_status(g) != ELBO_OK ? elbo_graph_status(g) : ELBO_NO_MEMORY);
    elbo_graph_free(g);
    must(elbo_plan_bind(tr.plan, "images", t->images));
    must(elbo_plan_bind(tr.plan, "labels", t->labels));
    must(elbo_plan_set(tr.plan, "lr", 1e-3));
    must(elbo_plan_set(tr.plan, "beta", 1));
    return tr;
}

/* One step on the next batch; the seconds it took. */
static double time_step(training *tr)
{
    if (tr->first + tr->batch > tr->images->count)
        tr->first = 0;
    const double start = now();
    tr->step++;
    must(elbo_plan_bind(tr->plan, "rows",
                        elbo_tensor_of(ELBO_I32, ELBO_SHAPE(tr->batch), tr->images->order + tr->first)));
    must(elbo_plan_set(tr->plan, "step", (double)tr->step));
    must(elbo_plan_run(tr->plan, tr->params, (elbo_at){.seed = 1, .step = tr->step, .first_row = (uint64_t)tr->first}));
    const double seconds = now() - start;
    tr->first += tr->batch;
    return seconds;
}

static double loss_of(const training *tr)
{
    const elbo_tensor loss = elbo_plan_output(tr->plan, tr->loss);
    return elbo_tensor_get(&loss, NULL);
}

/* ---- the measurement ----------------------------------------------------------------------------------------------- */

/* Blocks of steps in turn with the arithmetic peak, so that both see the same machine. */
static void measure(const elbo_model *model, training *tr, int steps, int threads)
{
    enum { ROUNDS = 200000, SAMPLES = 8 }; /* of a millisecond or less: some of them meet no disturbance */
    const fma_kernel kernel = widest();
    const double flops = elbo_plan_product_flops(tr->plan);
    const int samples = (steps + BLOCK - 1) / BLOCK * SAMPLES;
    double *step_times = must_have(calloc((size_t)steps, sizeof *step_times));
    double *fma_times = must_have(calloc((size_t)samples, sizeof *fma_times));
    for (int i = 0; i < WARM_UP; i++)
        time_step(tr);
    for (int i = 0; i < steps; i++) {
        for (int k = 0; k < SAMPLES && i % BLOCK == 0; k++)
            fma_times[i / BLOCK * SAMPLES + k] = time_fma(kernel, threads, ROUNDS);
        step_times[i] = time_step(tr);
    }
    const double loss = loss_of(tr);
    if (!isfinite(loss)) {
        fprintf(stderr, "step: the loss is %f after %llu steps\n", loss, (unsigned long long)tr->step);
        exit(EXIT_FAILURE);
    }
    qsort(step_times, (size_t)steps, sizeof *step_times, by_value);
    qsort(fma_times, (size_t)samples, sizeof *fma_times, by_value);
    const double median = quantile(step_times, steps, 0.5), fast = quantile(step_times, steps, 0.1);
    const double peak = 2.0 * SUMS * kernel.lanes * threads * ROUNDS / quantile(fma_times, samples, 0.1);
    printf("{\"model\": \"%s\", \"batch\": %lld, \"threads\": %d, \"images_per_s\": %.0f, \"images_per_s_p10\": %.0f, "
           "\"gflops\": %.1f, \"fma_peak_gflops\": %.1f, \"fraction_of_peak\": %.3f, \"loss\": %.3f}\n",
           model->name, (long long)tr->batch, threads, (double)tr->batch / median, (double)tr->batch / fast,
           flops / median * 1e-9, peak * 1e-9, flops / fast / peak, loss);
    free(step_times);
    free(fma_times);
}

/* ---- the command line ---------------------------------------------------------------------------------------------- */

typedef struct {
    const elbo_model *model;
    const char *data;
    int batch, threads, steps;
} options;

static int number(struct argp_state *state, const char *name, const char *text, int most)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (end == text || *end || errno || value < 1 || value > most)
        argp_error(state, "--%s: \"%s\" is not a number from 1 to %d", name, text, most);
    return (int)value;
}

static error_t handle(int key, char *text, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case 'b': o->batch = number(state, "batch", text, MOST_BATCH); return 0;
    case 't': o->threads = number(state, "threads", text, elbo_threads()); return 0;
    case 's': o->steps = number(state, "steps", text, MOST_STEPS); return 0;
    case 'd': o->data = text; return 0;
    case ARGP_KEY_ARG:
        if (o->model)
            argp_error(state, "\"%s\": one model at a time", text);
        o->model = elbo_model_find(text);
        if (!o->model)
            argp_error(state, "%s", elbo_error());
        return 0;
    case ARGP_KEY_END:
        if (!o->model)
            argp_error(state, "a model is missing, as in `step vae'");
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
        {"data", 'd', "DIR", 0, "a folder with IDX files (data/mnist, where that is; else made-up images)", 0},
        {0},
    };
    static const struct argp argp = {
        .options = rows,
        .parser = handle,
        .args_doc = "MODEL",
        .doc = "Times the training steps of a model and prints one JSON line.",
    };
    options o = {.batch = 128, .threads = elbo_threads(), .steps = 400};
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    table images = find_images(o.data);
    if (images.count < o.batch) {
        fprintf(stderr, "step: a batch of %d from %lld images\n", o.batch, (long long)images.count);
        return EXIT_FAILURE;
    }
    elbo_set_threads(o.threads);
    training tr = compile_step(o.model, &images, o.batch);
    measure(o.model, &tr, o.steps, o.threads);
    elbo_plan_free(tr.plan);
    elbo_params_free(tr.params);
    elbo_tensor_free(&images.images);
    elbo_tensor_free(&images.labels);
    free(images.order);
    return EXIT_SUCCESS;
}
