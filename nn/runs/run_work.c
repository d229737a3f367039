/* A run at work on arrays: rows are taken in blocks, and each size of block has its plan. */
#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../../tensor/watch_private.h"
#include "run_private.h"
#include "../objectives/schedule.h"

/* The most images a call of a plan, and draws of all its images. Large images are taken in fewer, as many as have so
 * many pixels: a block must fit in memory, and be done before a user who wants to stop grows impatient. */
enum { BLOCK = 500, BLOCK_PIXELS = 1 << 23, MOST_ROWS = 4000, ROW_PIXELS = 1 << 25 };

/* Many draws come in portions of so many, of so many images that their rows make one product: a plan has up to 16
 * blocks in a loop, cut between images, and what a decoder makes of the rows of one should stay in a core's cache. */
enum { PORTION = 125, PORTION_IMAGES = 16 };

static int64_t at_most(int64_t most, int64_t pixels_in_all, const elbo_run *run)
{
    const int64_t n = pixels_in_all / run->pixels;
    return n < 1 ? 1 : n < most ? n : most;
}

static int64_t between(int64_t least, int64_t most, int64_t x)
{
    return x < least ? least : x > most ? most : x;
}

/* How many draws of an image a plan takes at once: a number that does not depend on how many images there are. */
static int64_t portion_of(const elbo_run *run, int64_t draws)
{
    return between(1, draws, at_most(PORTION * PORTION_IMAGES, ROW_PIXELS, run) / PORTION_IMAGES);
}

/* Of how many images. */
static int64_t images_for(const elbo_run *run, int64_t portion)
{
    return between(1, at_most(BLOCK, BLOCK_PIXELS, run), at_most(PORTION * PORTION_IMAGES, ROW_PIXELS, run) / portion);
}

int64_t elbo__run_block(const elbo_run *run, int64_t draws)
{
    return between(1, at_most(BLOCK, BLOCK_PIXELS, run), at_most(MOST_ROWS, ROW_PIXELS, run) / draws);
}

int64_t elbo__run_draws(const elbo_run *run)
{
    const elbo_value *draws = elbo_values_get(run->options, "draws", ELBO_INTEGER);
    return draws ? draws->integer : 1;
}

#define LAST_EPOCH 1e9 /* scalar "epoch" when the training is over: any schedule is at its end */

typedef elbo__piece piece;

/* One call on N images: what goes in, and what becomes of what comes out. */
typedef struct job {
    elbo_run *run;
    elbo__role role;
    const float *x, *z;                                       /* (N, D), (N, Z), or NULL                       */
    const int *labels;                                        /* (N), or NULL                                  */
    const elbo__table *table;                                 /* in place of x and labels, or NULL             */
    const int32_t *listed;                                    /* (N) rows of the table; NULL: the first ones   */
    int64_t n, draws, seed, round;                            /* draws = 0: one                                */
    int64_t before, in_all;                                   /* of a larger work on images; 0: this is all    */
    elbo_status (*take)(const struct job *j, const piece *p); /* NULL: take_rows                               */
    float *out, *second;                                      /* (N, width); second output of the plan or NULL */
    int64_t width;
    elbo__missing missing;          /* in x                   */
    double *sums;                   /* of take_mean: (batch)  */
    elbo_figures *figures;          /* of take_figures        */
    const elbo__question *question; /* of take_answer         */
    bool whole;                     /* all draws of an image in one piece */
} job;

/* Whoever watches hears that `done` images of the job are behind us. */
static elbo_status watched(const job *j, int64_t done)
{
    const int64_t total = j->in_all ? j->in_all : j->n;
    return total ? elbo__watched(elbo__roles[j->role].doing, j->before + done, total) : ELBO_OK;
}

static bool has_nan(const float *x, int64_t n)
{
    int found = 0; /* without a way out the loop is one of vectors */
    for (int64_t i = 0; i < n; i++)
        found |= isnan(x[i]);
    return found;
}

/* Whatever stands in x at a missing value is NaN. */
static elbo_status find_missing(job *j)
{
    j->missing = j->x && has_nan(j->x, j->n * j->run->pixels) ? ELBO__NAN_MISSING : ELBO__NONE_MISSING;
    return elbo__check_missing(j->run, j->missing);
}

static elbo_status check_job(const job *j)
{
    const elbo_run *run = j->run;
    if (j->n < 0)
        return elbo__fail(ELBO_INVALID, "%lld images", (long long)j->n);
    if (!elbo__run_takes_labels(run) || j->table)
        return ELBO_OK;
    if (!j->labels)
        return elbo__fail(ELBO_INVALID, "model \"%s\" needs labels", run->model->name);
    for (int64_t i = 0; i < j->n; i++)
        if (j->labels[i] < 0 || j->labels[i] >= run->classes)
            return elbo__fail(ELBO_INVALID, "label %d is outside the classes 0 to %d", j->labels[i], run->classes - 1);
    return ELBO_OK;
}

elbo_status elbo__run_scalars(const elbo_run *run, elbo_plan *plan)
{
    const struct {
        const char *name;
        double value;
    } scalars[] = {{"beta", elbo_beta_at(run->options, INFINITY, 1)},
                   {"step", (double)run->steps},
                   {"epoch", LAST_EPOCH},
                   {"dataset-size", (double)(run->images > 0 ? run->images : 1)}};
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0] && status == ELBO_OK; i++)
        status = elbo_plan_set(plan, scalars[i].name, scalars[i].value);
    return status;
}

/* Binds images first, ... of a data set. `rows` (batch) is borrowed. */
static elbo_status bind_table(const job *j, int64_t first, int64_t batch, int32_t *rows, elbo_plan *plan)
{
    for (int64_t i = 0; i < batch; i++)
        rows[i] = j->listed ? j->listed[first + i] : (int32_t)(first + i);
    return elbo__table_bind(j->table, plan, rows, batch);
}

static elbo_status bind_arrays(const job *j, int64_t first, int64_t batch, elbo_plan *plan)
{
    const elbo_run *run = j->run;
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

/* A model's parts may disagree about how wide a code is; the caller's memory is as wide as the code. */
elbo_status elbo__piece_rows(const elbo_run *run, const elbo__piece *p, int i, int64_t width, float *out)
{
    elbo_tensor from = elbo_plan_output(p->planned->plan, i);
    elbo_tensor to = elbo_tensor_of(ELBO_F32, from.layout.shape, out);
    if (elbo_shape_size(&from.layout.shape) != p->batch * width)
        return elbo__fail(ELBO_INVALID,
                          "model \"%s\": %s where (%lld, %lld) was expected; a code, its log-variances and "
                          "the prior are of one width",
                          run->model->name, elbo_shape_format(&from.layout.shape).text, (long long)p->batch,
                          (long long)width);
    elbo_tensor_copy(&to, &from);
    return ELBO_OK;
}

/* out (N, width) */
static elbo_status take_rows(const job *j, const piece *p)
{
    elbo_status status = elbo__piece_rows(j->run, p, 0, j->width, j->out + p->first * j->width);
    if (!j->second || status != ELBO_OK)
        return status;
    if (p->planned->outputs < 2)
        return elbo__fail(ELBO_INVALID, "model \"%s\": %s is no normal distribution", j->run->model->name,
                          j->role == ELBO__PRIOR ? "p(z)" : "q(z|x)");
    return elbo__piece_rows(j->run, p, 1, j->width, j->second + p->first * j->width);
}

static elbo_at place_of(const job *j, const piece *p)
{
    return (elbo_at){.seed = (uint64_t)j->seed,
                     .step = (uint64_t)j->round,
                     .first_row = (uint64_t)p->first,
                     .first_draw = (uint64_t)p->first_draw};
}

/* Binds what a plan may read; rows [BLOCK]. */
static elbo_status bind(const job *j, const piece *p, int32_t *rows, elbo_plan *plan)
{
    elbo_status status = j->table ? bind_table(j, p->first, p->batch, rows, plan)
                                  : bind_arrays(j, p->first, p->batch, plan);
    return status == ELBO_OK ? elbo__run_scalars(j->run, plan) : status;
}

/* What is the same for all draws: with the first portion, and again with the last, whose plan is another if it is
 * smaller. */
static elbo_status run_before(const job *j, const piece *p, int64_t portion)
{
    int32_t rows[BLOCK];
    if (!p->planned->before || (p->first_draw > 0 && p->draws == portion))
        return ELBO_OK;
    elbo_status status = bind(j, p, rows, p->planned->before);
    return status == ELBO_OK ? elbo__run_before(j->run, p->planned, place_of(j, p)) : status;
}

/* Runs the plan for a piece, and hands its outputs over. */
static elbo_status run_piece(const job *j, int64_t portion, piece p)
{
    elbo__work work = j->table
                          ? elbo__table_work(j->table, j->role, p.batch, p.draws)
                          : (elbo__work){.role = j->role, .batch = p.batch, .draws = p.draws, .missing = j->missing};
    work.cut = !j->whole && j->draws > 1;
    int32_t rows[BLOCK];
    elbo_status status = watched(j, p.first);
    if (status == ELBO_OK)
        status = elbo__run_plan(j->run, &work, &p.planned);
    if (status == ELBO_OK)
        status = run_before(j, &p, portion);
    if (status == ELBO_OK)
        status = bind(j, &p, rows, p.planned->plan);
    if (status == ELBO_OK)
        status = elbo_plan_run(p.planned->plan, j->run->params, place_of(j, &p));
    return status == ELBO_OK ? j->take(j, &p) : status;
}

/* The whole of a job: images in blocks, and their draws in portions where there are many; metrics are of all draws. */
static elbo_status run_job(job j)
{
    j.draws = j.draws ? j.draws : 1;
    j.take = j.take ? j.take : take_rows;
    const bool whole = j.whole || j.draws == 1;
    const int64_t most = whole ? j.draws : portion_of(j.run, j.draws);
    const int64_t block = whole ? elbo__run_block(j.run, j.draws) : images_for(j.run, most);
    elbo_status status = check_job(&j);
    if (status == ELBO_OK)
        status = find_missing(&j);
    for (int64_t first = 0; first < j.n && status == ELBO_OK; first += block)
        for (int64_t k = 0; k < j.draws && status == ELBO_OK; k += most)
            status = run_piece(&j, most,
                               (piece){.first = first,
                                       .batch = j.n - first < block ? j.n - first : block,
                                       .first_draw = k,
                                       .draws = j.draws - k < most ? j.draws - k : most});
    return status == ELBO_OK ? watched(&j, j.n) : status;
}

elbo_status elbo_run_encode(elbo_run *run, const float *x, const int *labels, int64_t n, float *z)
{
    return run_job((job){run, ELBO__ENCODE, .x = x, .labels = labels, .n = n, .out = z, .width = run->latent});
}

elbo_status elbo_run_posterior(elbo_run *run, const float *x, const int *labels, int64_t n, float *mean, float *logvar)
{
    return run_job((job){run, ELBO__ENCODE, .x = x, .labels = labels, .n = n, .out = mean, .width = run->latent,
                         .second = logvar});
}

elbo_status elbo_run_encode_images(elbo_run *run, const elbo_images *images, float *mean, float *logvar)
{
    elbo__table table;
    elbo_status status = elbo__table_of(run, images, &table);
    if (status == ELBO_OK)
        status = run_job((job){run, ELBO__ENCODE, .table = &table, .n = table.count, .out = mean, .width = run->latent,
                               .second = logvar});
    elbo__table_free(&table);
    return status;
}

elbo_status elbo_run_draw_codes(elbo_run *run, const elbo_images *images, int64_t seed, float *z)
{
    elbo__table table;
    elbo_status status = elbo__table_of(run, images, &table);
    if (status == ELBO_OK)
        status = run_job((job){run, ELBO__POSTERIOR_DRAWS, .table = &table, .n = table.count, .seed = seed, .out = z,
                               .width = run->latent});
    elbo__table_free(&table);
    return status;
}

elbo_status elbo_run_draw_prior(elbo_run *run, const int *labels, int64_t n, int64_t seed, float *z)
{
    return run_job(
        (job){run, ELBO__PRIOR_DRAWS, .labels = labels, .n = n, .seed = seed, .out = z, .width = run->latent});
}

bool elbo_run_has_normal_prior(const elbo_run *run)
{
    return run->normal_prior;
}

elbo_status elbo_run_prior(elbo_run *run, const int *labels, int64_t n, float *mean, float *deviation)
{
    elbo_status status = run_job(
        (job){run, ELBO__PRIOR, .labels = labels, .n = n, .out = mean, .width = run->latent, .second = deviation});
    for (int64_t i = 0; i < n * run->latent && status == ELBO_OK; i++)
        deviation[i] = expf(deviation[i] / 2);
    return status;
}

elbo_status elbo_run_seen(elbo_run *run, const float *x, const int *labels, int64_t n, int64_t seed, float *out)
{
    return run_job(
        (job){run, ELBO__SEEN, .x = x, .labels = labels, .n = n, .seed = seed, .out = out, .width = run->pixels});
}

elbo_status elbo_run_decode(elbo_run *run, const float *z, const int *labels, int64_t n, float *x)
{
    return run_job((job){run, ELBO__DECODE, .z = z, .labels = labels, .n = n, .out = x, .width = run->pixels});
}

elbo_status elbo__run_prior_density(elbo_run *run, const float *z, const int *labels, int64_t n, float *nats)
{
    return run_job((job){run, ELBO__PRIOR_DENSITY, .z = z, .labels = labels, .n = n, .out = nats, .width = 1});
}

elbo_status elbo_run_metric(elbo_run *run, const float *z, int64_t n, float *density, float *gradient)
{
    const int64_t width = 1 + run->latent;
    const size_t points = n > 0 ? (size_t)n : 0;
    float *both = elbo__calloc(points * (size_t)width, sizeof *both);
    int *labels = elbo__calloc(points, sizeof *labels); /* which the metric does not depend on */
    elbo_status status = ELBO_NO_MEMORY;
    if (both && labels)
        status = run_job((job){run, ELBO__METRIC, .z = z, .labels = labels, .n = n, .out = both, .width = width});
    for (int64_t i = 0; i < n && status == ELBO_OK; i++) {
        density[i] = both[i * width];
        memcpy(gradient + i * run->latent, both + i * width + 1, (size_t)run->latent * sizeof *gradient);
    }
    elbo__free(both);
    elbo__free(labels);
    return status;
}

elbo_status elbo_run_sample(elbo_run *run, const int *labels, int64_t n, int64_t seed, float *x)
{
    return run_job((job){run, ELBO__SAMPLE, .labels = labels, .n = n, .seed = seed, .out = x, .width = run->pixels});
}

elbo_status elbo_run_sample_at(elbo_run *run, const float *z, const int *labels, int64_t n, int64_t seed, float *x)
{
    return run_job((job){run, elbo__run_has_columns(run) ? ELBO__SIMULATE : ELBO__DECODE, .z = z, .labels = labels,
                         .n = n, .seed = seed, .out = x, .width = run->pixels});
}

elbo_status elbo_run_reconstruct(elbo_run *run, const float *x, const int *labels, int64_t n, int64_t seed, float *out)
{
    return run_job((job){run, ELBO__RECONSTRUCT, .x = x, .labels = labels, .n = n, .seed = seed, .out = out,
                         .width = run->pixels});
}

/* ---- log p(x|y) and the bound, from draws ------------------------------------------------------------------------ */

/* log(e^a + e^b) */
static double log_add(double a, double b)
{
    const double larger = a > b ? a : b, smaller = a > b ? b : a;
    return smaller == -INFINITY ? larger : larger + log1p(exp(smaller - larger));
}

/* out (N): the mean over all draws, which come in portions of which the plan gives the mean; for log p(x) it is one of
 * weights, in logarithms. */
static elbo_status take_mean(const job *j, const piece *p)
{
    const bool logs = j->role == ELBO__LOG_PROB, last = p->first_draw + p->draws == j->draws;
    const double portion = (double)p->draws, all = (double)j->draws;
    const elbo_tensor mean = elbo_plan_output(p->planned->plan, 0);
    for (int64_t i = 0; i < p->batch; i++) {
        const double m = elbo_tensor_get(&mean, &i), sum = logs ? m + log(portion) : m * portion;
        j->sums[i] = p->first_draw == 0 ? sum : logs ? log_add(j->sums[i], sum) : j->sums[i] + sum;
        if (last)
            j->out[p->first + i] = (float)(logs ? j->sums[i] - log(all) : j->sums[i] / all);
    }
    return ELBO_OK;
}

static elbo_status run_mean(job j)
{
    double sums[BLOCK];
    if (j.draws < 1)
        return elbo__fail(ELBO_INVALID, "%lld draws: at least 1", (long long)j.draws);
    j.take = take_mean;
    j.sums = sums;
    return run_job(j);
}

elbo_status elbo_run_log_prob(elbo_run *run, const float *x, const int *labels, int64_t n, int draws, int64_t seed,
                              float *out)
{
    return run_mean(
        (job){run, ELBO__LOG_PROB, .x = x, .labels = labels, .n = n, .draws = draws, .seed = seed, .out = out});
}

elbo_status elbo_run_elbo(elbo_run *run, const float *x, const int *labels, int64_t n, int draws, int64_t seed,
                          float *out)
{
    return run_mean((job){run, ELBO__ELBO, .x = x, .labels = labels, .n = n, .draws = draws, .seed = seed, .out = out});
}

/* The ELBO of n images, rows of x or the first ones of a table, with every label in turn; labels (m) has one for each
 * image that the graph sees, and is written to. */
static elbo_status run_classes(job j, int *labels, int64_t m, float *out)
{
    elbo_run *run = j.run;
    float *column = elbo__calloc((size_t)j.n, sizeof *column);
    elbo_status status = column ? ELBO_OK : ELBO_NO_MEMORY;
    j.out = column;
    j.in_all = run->classes * j.n;
    for (int label = 0; label < run->classes && status == ELBO_OK; label++) {
        for (int64_t i = 0; i < m; i++)
            labels[i] = label;
        j.before = label * j.n;
        status = run_mean(j);
        for (int64_t i = 0; i < j.n && status == ELBO_OK; i++)
            out[i * run->classes + label] = column[i];
    }
    elbo__free(column);
    return status;
}

static elbo_status check_classify(const elbo_run *run, int64_t n, int64_t most)
{
    if (!elbo__run_takes_labels(run))
        return elbo__fail(ELBO_INVALID, "model \"%s\" takes no labels, so it cannot tell them apart", run->model->name);
    return n >= 0 && n <= most ? ELBO_OK : elbo__fail(ELBO_INVALID, "%lld images", (long long)n);
}

elbo_status elbo_run_classify(elbo_run *run, const float *x, int64_t n, int draws, int64_t seed, float *out)
{
    elbo_status status = check_classify(run, n, INT64_MAX);
    if (status != ELBO_OK)
        return status;
    int *labels = elbo__calloc((size_t)n, sizeof *labels);
    status = labels
                 ? run_classes((job){run, ELBO__ELBO, .x = x, .labels = labels, .n = n, .draws = draws, .seed = seed},
                               labels, n, out)
                 : ELBO_NO_MEMORY;
    elbo__free(labels);
    return status;
}

elbo_status elbo_run_classify_images(elbo_run *run, const elbo_images *images, int64_t n, int draws, int64_t seed,
                                     float *out)
{
    elbo__table table;
    elbo_status status = check_classify(run, n, images->count);
    if (status != ELBO_OK)
        return status;
    status = elbo__table_of(run, images, &table);
    if (status != ELBO_OK)
        return status;
    /* the labels are this call's own: a copy, as the run takes any */
    status = run_classes((job){run, ELBO__ELBO, .table = &table, .n = n, .draws = draws, .seed = seed},
                         table.labels.data, table.count, out);
    elbo__table_free(&table);
    return status;
}

/* ---- other questions --------------------------------------------------------------------------------------------- */

static elbo_status take_answer(const job *j, const piece *p)
{
    return j->question->take(j->question->user, p);
}

elbo_status elbo__run_ask(elbo_run *run, const elbo__table *table, const elbo__question *question)
{
    return run_job((job){run, question->role, .table = table, .n = question->count, .draws = question->draws,
                         .seed = question->seed, .round = question->round, .take = take_answer, .question = question,
                         .whole = question->whole});
}

/* ---- metrics ----------------------------------------------------------------------------------------------------- */

static elbo_status take_figures(const job *j, const piece *p)
{
    elbo__figures_add(j->figures, p->planned, p->batch);
    return ELBO_OK;
}

elbo_status elbo__run_evaluate(elbo_run *run, const elbo__table *table, const int32_t *rows, int64_t count,
                               int64_t draws, int64_t seed, elbo_figures *out)
{
    *out = (elbo_figures){.count = 0};
    elbo_status status = run_job((job){run, ELBO__EVALUATE, .table = table, .listed = rows, .n = count, .draws = draws,
                                       .seed = seed, .take = take_figures, .figures = out, .whole = true});
    elbo__figures_divide(out, count);
    return status;
}

int64_t elbo__run_usual_draws(const elbo_run *run)
{
    const char *text = elbo_ini_get(&run->notes, "test-draws"); /* 0 stands for the others too */
    const long long draws = text ? elbo__read_integer(text, NULL) : 0;
    return draws >= 1 && draws <= 10000 ? draws : elbo__run_draws(run);
}

elbo_status elbo_run_evaluate(elbo_run *run, const elbo_images *images, int draws, int64_t seed, elbo_figures *out)
{
    *out = (elbo_figures){.count = 0};
    elbo__table table;
    if (draws < 0)
        return elbo__fail(ELBO_INVALID, "%d draws: at least 1, or 0", draws);
    elbo_status status = elbo__table_of(run, images, &table);
    if (status != ELBO_OK)
        return status;
    const int64_t usual = elbo__run_usual_draws(run);
    status = elbo__run_evaluate(run, &table, NULL, table.count, draws > 0 ? draws : usual, seed, out);
    elbo__table_free(&table);
    return status;
}
