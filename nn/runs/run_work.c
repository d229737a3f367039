/* A run at work on arrays: rows are taken in blocks, and each size of block has its plan. */
#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/watch_private.h"
#include "run_private.h"
#include "../objectives/schedule.h"

/* The most images a call of a plan, and draws of all its images. Large images are taken in fewer, as many as have so many
 * pixels: a block must fit in memory, and be done before a user who wants to stop grows impatient. */
enum { BLOCK = 500, BLOCK_PIXELS = 1 << 23, MOST_ROWS = 4000, ROW_PIXELS = 1 << 25 };

/* What a watcher is told of work in a role. */
static const char *const doing[ELBO__ROLES] = {
    [ELBO__EVALUATE] = "evaluating",
    [ELBO__ENCODE] = "encoding",
    [ELBO__SEEN] = "looking at images",
    [ELBO__PRIOR] = "looking at the prior",
    [ELBO__DECODE] = "decoding",
    [ELBO__SAMPLE] = "sampling",
    [ELBO__RECONSTRUCT] = "reconstructing",
    [ELBO__BOUND] = "estimating the ELBO",
    [ELBO__LOG_PROB] = "estimating log p(x)",
};

static int64_t at_most(int64_t most, int64_t pixels_in_all, const elbo_run *run)
{
    const int64_t n = pixels_in_all / run->pixels;
    return n < 1 ? 1 : n < most ? n : most;
}

int64_t elbo__run_block(const elbo_run *run)
{
    return at_most(BLOCK, BLOCK_PIXELS, run);
}

/* One call on N images: what goes in, and the first row of what comes out. */
typedef struct {
    elbo__role role;
    const float *x, *z; /* (N, D), (N, Z), or NULL */
    const int *labels;  /* (N), or NULL            */
    int64_t n, seed;
    float *out; /* (N, width)              */
    int64_t width;
    float *second;          /* (N, width), or NULL: the second output of the plan */
    int64_t before, in_all; /* of a larger work on as many images; 0: this is all */
} job;

/* Whoever watches hears that `done` images of the job are behind us. */
static elbo_status watched(const job *j, int64_t done)
{
    const int64_t total = j->in_all ? j->in_all : j->n;
    return total ? elbo__watched(doing[j->role], j->before + done, total) : ELBO_OK;
}

static elbo_status check_job(const elbo_run *run, const job *j)
{
    if (j->n < 0)
        return elbo__fail(ELBO_INVALID, "%lld images", (long long)j->n);
    if (!elbo__run_takes_labels(run))
        return ELBO_OK;
    if (!j->labels)
        return elbo__fail(ELBO_INVALID, "model \"%s\" needs labels", run->model->name);
    for (int64_t i = 0; i < j->n; i++)
        if (j->labels[i] < 0 || j->labels[i] >= run->classes)
            return elbo__fail(ELBO_INVALID, "label %d is outside the classes 0 to %d", j->labels[i], run->classes - 1);
    return ELBO_OK;
}

static elbo_status bind(const elbo_run *run, const job *j, int64_t first, int64_t batch, elbo_plan *plan)
{
    elbo_status status = ELBO_OK;
    if (j->x)
        status = elbo_plan_bind(plan, "x",
                                elbo_tensor_of(ELBO_F32, ELBO_SHAPE(batch, run->pixels), j->x + first * run->pixels));
    if (status == ELBO_OK && j->z)
        status = elbo_plan_bind(plan, "z",
                                elbo_tensor_of(ELBO_F32, ELBO_SHAPE(batch, run->latent), j->z + first * run->latent));
    if (status == ELBO_OK && elbo__run_takes_labels(run))
        status = elbo_plan_bind(plan, "labels", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(batch), j->labels + first));
    return status;
}

/* Runs the plan for images first .. first + batch - 1; *planned holds its output until the next call. */
static elbo_status run_block(elbo_run *run, const job *j, int64_t first, int64_t batch, int64_t first_draw,
                             int64_t draws, elbo__planned **planned)
{
    elbo__work work = {.role = j->role, .batch = batch, .draws = draws};
    elbo_status status = elbo__run_plan(run, &work, planned);
    if (status == ELBO_OK)
        status = bind(run, j, first, batch, (*planned)->plan);
    if (status == ELBO_OK)
        status = elbo_plan_run(
            (*planned)->plan, run->params,
            (elbo_at){.seed = (uint64_t)j->seed, .first_row = (uint64_t)first, .first_draw = (uint64_t)first_draw});
    return status;
}

/* out (batch, width). A model's parts may disagree about how wide a code is; the caller's memory is as wide as the code. */
static elbo_status take_output(const elbo_run *run, const elbo_plan *plan, int output, int64_t batch, int64_t width,
                               float *out)
{
    elbo_tensor from = elbo_plan_output(plan, output);
    elbo_tensor to = elbo_tensor_of(ELBO_F32, from.layout.shape, out);
    if (elbo_shape_size(&from.layout.shape) != batch * width)
        return elbo__fail(ELBO_INVALID,
                          "model \"%s\": %s where (%lld, %lld) was expected; a code, its log-variances and "
                          "the prior are of one width",
                          run->model->name, elbo_shape_format(&from.layout.shape).text, (long long)batch,
                          (long long)width);
    elbo_tensor_copy(&to, &from);
    return ELBO_OK;
}

static elbo_status run_job(elbo_run *run, const job *j)
{
    const int64_t block = elbo__run_block(run);
    elbo_status status = check_job(run, j);
    for (int64_t first = 0; first < j->n && status == ELBO_OK; first += block) {
        const int64_t batch = j->n - first < block ? j->n - first : block;
        elbo__planned *planned;
        status = watched(j, first);
        if (status == ELBO_OK)
            status = run_block(run, j, first, batch, 0, 1, &planned);
        if (status != ELBO_OK)
            break;
        status = take_output(run, planned->plan, 0, batch, j->width, j->out + first * j->width);
        if (status == ELBO_OK && j->second && planned->outputs < 2)
            return elbo__fail(ELBO_INVALID, "model \"%s\": %s is no normal distribution", run->model->name,
                              j->role == ELBO__PRIOR ? "p(z)" : "q(z|x)");
        if (j->second && status == ELBO_OK)
            status = take_output(run, planned->plan, 1, batch, j->width, j->second + first * j->width);
    }
    return status == ELBO_OK ? watched(j, j->n) : status;
}

elbo_status elbo_run_encode(elbo_run *run, const float *x, const int *labels, int64_t n, float *z)
{
    return run_job(run, &(job){ELBO__ENCODE, .x = x, .labels = labels, .n = n, .out = z, .width = run->latent});
}

elbo_status elbo_run_posterior(elbo_run *run, const float *x, const int *labels, int64_t n, float *mean, float *logvar)
{
    return run_job(run, &(job){ELBO__ENCODE, .x = x, .labels = labels, .n = n, .out = mean, .width = run->latent,
                               .second = logvar});
}

elbo_status elbo_run_prior(elbo_run *run, const int *labels, int64_t n, float *mean, float *deviation)
{
    elbo_status status = run_job(
        run, &(job){ELBO__PRIOR, .labels = labels, .n = n, .out = mean, .width = run->latent, .second = deviation});
    for (int64_t i = 0; i < n * run->latent && status == ELBO_OK; i++)
        deviation[i] = expf(deviation[i] / 2);
    return status;
}

elbo_status elbo_run_seen(elbo_run *run, const float *x, const int *labels, int64_t n, int64_t seed, float *out)
{
    return run_job(
        run, &(job){ELBO__SEEN, .x = x, .labels = labels, .n = n, .seed = seed, .out = out, .width = run->pixels});
}

elbo_status elbo_run_decode(elbo_run *run, const float *z, const int *labels, int64_t n, float *x)
{
    return run_job(run, &(job){ELBO__DECODE, .z = z, .labels = labels, .n = n, .out = x, .width = run->pixels});
}

/* Rows of z (Z + 2, Z): the unit vectors, 0, and the sum of all. */
static void fill_directions(int64_t dims, float *z)
{
    for (int64_t i = 0; i < dims; i++) {
        z[i * dims + i] = 1;
        z[(dims + 1) * dims + i] = 1;
    }
}

/* all (Z + 2, D), decoded from such rows, as differences to that of 0; whether those of the unit vectors add up to that of
 * their sum, as far as rounding allows. */
static bool take_differences(int64_t dims, int64_t pixels, float *all)
{
    const float *zero = all + dims * pixels;
    double most = 0, off = 0;
    for (int64_t k = 0; k < pixels; k++) {
        double sum = 0;
        for (int64_t i = 0; i < dims; i++) {
            all[i * pixels + k] -= zero[k];
            sum += all[i * pixels + k];
            most = fmax(most, fabs(all[i * pixels + k]));
        }
        off = fmax(off, fabs(sum - (all[(dims + 1) * pixels + k] - zero[k])));
    }
    return off <= 1e-5 * (double)dims * (most + 1);
}

elbo_status elbo_run_directions(elbo_run *run, float *x)
{
    const int64_t dims = run->latent;
    float *z = elbo__calloc((size_t)dims + 2, (size_t)dims * sizeof *z);
    float *all = elbo__calloc((size_t)dims + 2, (size_t)run->pixels * sizeof *all);
    int *labels = elbo__calloc((size_t)dims + 2, sizeof *labels);
    elbo_status status = z && all && labels ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        fill_directions(dims, z);
        status = elbo_run_decode(run, z, labels, dims + 2, all);
    }
    if (status == ELBO_OK)
        status = elbo__check_finite(run, "what it decodes", all, (dims + 2) * run->pixels);
    if (status == ELBO_OK && !take_differences(dims, run->pixels, all))
        status = elbo__fail(ELBO_INVALID, "model \"%s\": its decoder is not linear", run->model->name);
    if (status == ELBO_OK)
        memcpy(x, all, (size_t)(dims * run->pixels) * sizeof *x);
    elbo__free(z);
    elbo__free(all);
    elbo__free(labels);
    return status;
}

elbo_status elbo_run_sample(elbo_run *run, const int *labels, int64_t n, int64_t seed, float *x)
{
    return run_job(run, &(job){ELBO__SAMPLE, .labels = labels, .n = n, .seed = seed, .out = x, .width = run->pixels});
}

elbo_status elbo_run_reconstruct(elbo_run *run, const float *x, const int *labels, int64_t n, int64_t seed, float *out)
{
    return run_job(run, &(job){ELBO__RECONSTRUCT, .x = x, .labels = labels, .n = n, .seed = seed, .out = out,
                               .width = run->pixels});
}

/* ---- log p(x|y) and the bound, from draws ------------------------------------------------------------------------ */

/* log(e^a + e^b) */
static double log_add(double a, double b)
{
    const double larger = a > b ? a : b, smaller = a > b ? b : a;
    return smaller == -INFINITY ? larger : larger + log1p(exp(smaller - larger));
}

/* A mean over draws that are taken in portions: `none` of no draws, what it becomes with n more of mean m, and the mean. */
typedef struct {
    elbo__role role;
    double none;
    double (*add)(double sum, double m, double n);
    double (*mean)(double sum, double n);
} average;

static double add_weights(double sum, double m, double n)
{
    return log_add(sum, m + log(n));
}

static double mean_weight(double sum, double n)
{
    return sum - log(n);
}

static double add_terms(double sum, double m, double n)
{
    return sum + m * n;
}

static double mean_term(double sum, double n)
{
    return sum / n;
}

static const average of_weights = {ELBO__LOG_PROB, -INFINITY, add_weights, mean_weight}; /* in logarithms */
static const average of_bounds = {ELBO__BOUND, 0, add_terms, mean_term};

/* sum[i] = the sum over the draws of image first + i, at most `most` at once */
static elbo_status sum_draws(elbo_run *run, const job *j, const average *a, int64_t first, int64_t batch, int draws,
                             int64_t most, double *sum)
{
    for (int64_t i = 0; i < batch; i++)
        sum[i] = a->none;
    for (int64_t k = 0; k < draws; k += most) {
        const int64_t portion = draws - k < most ? draws - k : most;
        elbo__planned *planned;
        elbo_status status = watched(j, first);
        if (status == ELBO_OK)
            status = run_block(run, j, first, batch, k, portion, &planned);
        if (status != ELBO_OK)
            return status;
        elbo_tensor mean = elbo_plan_output(planned->plan, 0);
        for (int64_t i = 0; i < batch; i++)
            sum[i] = a->add(sum[i], elbo_tensor_get(&mean, &i), (double)portion);
    }
    return ELBO_OK;
}

/* out (N): the mean over `draws` draws of each image */
static elbo_status average_draws(elbo_run *run, job j, const average *a, int draws, float *out)
{
    j.role = a->role;
    elbo_status status = check_job(run, &j);
    if (status == ELBO_OK && draws < 1)
        status = elbo__fail(ELBO_INVALID, "%d draws: at least 1", draws);
    if (status != ELBO_OK)
        return status;
    const int64_t most = at_most(MOST_ROWS, ROW_PIXELS, run), block_of_all = elbo__run_block(run);
    const int64_t block = most < draws ? 1 : most / draws < block_of_all ? most / draws : block_of_all;
    double sum[BLOCK];
    for (int64_t first = 0; first < j.n && status == ELBO_OK; first += block) {
        const int64_t batch = j.n - first < block ? j.n - first : block;
        status = sum_draws(run, &j, a, first, batch, draws, most, sum);
        for (int64_t i = 0; i < batch && status == ELBO_OK; i++)
            out[first + i] = (float)a->mean(sum[i], draws);
    }
    return status == ELBO_OK ? watched(&j, j.n) : status;
}

elbo_status elbo_run_log_prob(elbo_run *run, const float *x, const int *labels, int64_t n, int draws, int64_t seed,
                              float *out)
{
    return average_draws(run, (job){.x = x, .labels = labels, .n = n, .seed = seed}, &of_weights, draws, out);
}

elbo_status elbo_run_elbo(elbo_run *run, const float *x, const int *labels, int64_t n, int draws, int64_t seed,
                          float *out)
{
    return average_draws(run, (job){.x = x, .labels = labels, .n = n, .seed = seed}, &of_bounds, draws, out);
}

elbo_status elbo_run_classify(elbo_run *run, const float *x, int64_t n, int draws, int64_t seed, float *out)
{
    if (!elbo__run_takes_labels(run))
        return elbo__fail(ELBO_INVALID, "model \"%s\" takes no labels, so it cannot tell them apart", run->model->name);
    if (n < 0)
        return elbo__fail(ELBO_INVALID, "%lld images", (long long)n);
    float *column = elbo__calloc((size_t)n, sizeof *column);
    int *labels = elbo__calloc((size_t)n, sizeof *labels);
    elbo_status status = column && labels ? ELBO_OK : ELBO_NO_MEMORY;
    for (int label = 0; label < run->classes && status == ELBO_OK; label++) {
        for (int64_t i = 0; i < n; i++)
            labels[i] = label;
        status = average_draws(
            run, (job){.x = x, .labels = labels, .n = n, .seed = seed, .before = label * n, .in_all = run->classes * n},
            &of_bounds, draws, column);
        for (int64_t i = 0; i < n && status == ELBO_OK; i++)
            out[i * run->classes + label] = column[i];
    }
    elbo__free(column);
    elbo__free(labels);
    return status;
}

/* ---- metrics ----------------------------------------------------------------------------------------------------- */

elbo_status elbo__run_evaluate(elbo_run *run, const elbo__table *table, int64_t count, int64_t seed, elbo_figures *out)
{
    *out = (elbo_figures){.count = 0};
    const double beta = elbo_beta_at(run->options, INFINITY, 1); /* what a schedule ends with */
    const int64_t block = elbo__run_block(run);
    elbo_status status = ELBO_OK;
    for (int64_t first = 0; first < count && status == ELBO_OK; first += block) {
        const int64_t batch = count - first < block ? count - first : block;
        int32_t rows[BLOCK];
        for (int64_t i = 0; i < batch; i++)
            rows[i] = (int32_t)(first + i);
        elbo__work work = {ELBO__EVALUATE, batch, 1, table->count, table->images.dtype};
        elbo__planned *planned;
        status = elbo__watched(doing[ELBO__EVALUATE], first, count);
        if (status == ELBO_OK)
            status = elbo__run_plan(run, &work, &planned);
        if (status == ELBO_OK)
            status = elbo__table_bind(table, planned->plan, rows, batch);
        if (status == ELBO_OK)
            status = elbo_plan_set(planned->plan, "beta", beta);
        if (status == ELBO_OK)
            status = elbo_plan_set(planned->plan, "step", (double)run->steps);
        if (status == ELBO_OK)
            status = elbo_plan_run(planned->plan, run->params,
                                   (elbo_at){.seed = (uint64_t)seed, .first_row = (uint64_t)first});
        if (status == ELBO_OK)
            elbo__figures_add(out, planned, batch);
    }
    elbo__figures_divide(out, count);
    return status == ELBO_OK ? elbo__watched(doing[ELBO__EVALUATE], count, count) : status;
}

elbo_status elbo_run_evaluate(elbo_run *run, const elbo_images *images, int64_t seed, elbo_figures *out)
{
    *out = (elbo_figures){.count = 0};
    elbo__table table;
    elbo_status status = elbo__table_of(run, images, &table);
    if (status != ELBO_OK)
        return status;
    status = elbo__run_evaluate(run, &table, table.count, seed, out);
    elbo__table_free(&table);
    return status;
}
