#include "run_job.h"

#include <math.h>

#include "../../tensor/watch_private.h"
#include "../objectives/schedule.h"

/* The most images a call of a plan, and draws of all its images. Large images are taken in fewer, as many as have so
 * many pixels: a block must fit in memory, and be done before a user who wants to stop grows impatient. */
enum { BLOCK = ELBO__BLOCK, BLOCK_PIXELS = 1 << 23, MOST_ROWS = 4000, ROW_PIXELS = 1 << 25 };

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

/* Whoever watches hears that `done` images of the job are behind us. */
static elbo_status watched(const elbo__job *j, int64_t done)
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
static elbo_status find_missing(elbo__job *j)
{
    j->missing = j->x && has_nan(j->x, j->n * j->run->pixels) ? ELBO__NAN_MISSING : ELBO__NONE_MISSING;
    return elbo__check_missing(j->run, j->missing);
}

static elbo_status check_job(const elbo__job *j)
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
static elbo_status bind_table(const elbo__job *j, int64_t first, int64_t batch, int32_t *rows, elbo_plan *plan)
{
    for (int64_t i = 0; i < batch; i++)
        rows[i] = j->listed ? j->listed[first + i] : (int32_t)(first + i);
    return elbo__table_bind(j->table, plan, rows, batch);
}

static elbo_status bind_arrays(const elbo__job *j, int64_t first, int64_t batch, elbo_plan *plan)
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
static elbo_status take_rows(const elbo__job *j, const elbo__piece *p)
{
    elbo_status status = elbo__piece_rows(j->run, p, 0, j->width, j->out + p->first * j->width);
    if (!j->second || status != ELBO_OK)
        return status;
    if (p->planned->outputs < 2)
        return elbo__fail(ELBO_INVALID, "model \"%s\": %s is no normal distribution", j->run->model->name,
                          j->role == ELBO__PRIOR ? "p(z)" : "q(z|x)");
    return elbo__piece_rows(j->run, p, 1, j->width, j->second + p->first * j->width);
}

static elbo_at place_of(const elbo__job *j, const elbo__piece *p)
{
    return (elbo_at){.seed = (uint64_t)j->seed,
                     .step = (uint64_t)j->round,
                     .first_row = (uint64_t)p->first,
                     .first_draw = (uint64_t)p->first_draw};
}

/* Binds what a plan may read; rows [BLOCK]. */
static elbo_status bind(const elbo__job *j, const elbo__piece *p, int32_t *rows, elbo_plan *plan)
{
    elbo_status status = j->table ? bind_table(j, p->first, p->batch, rows, plan)
                                  : bind_arrays(j, p->first, p->batch, plan);
    return status == ELBO_OK ? elbo__run_scalars(j->run, plan) : status;
}

/* What is the same for all draws: with the first portion, and again with the last, whose plan is another if it is
 * smaller. */
static elbo_status run_before(const elbo__job *j, const elbo__piece *p, int64_t portion)
{
    int32_t rows[BLOCK];
    if (!p->planned->before || (p->first_draw > 0 && p->draws == portion))
        return ELBO_OK;
    elbo_status status = bind(j, p, rows, p->planned->before);
    return status == ELBO_OK ? elbo__run_before(j->run, p->planned, place_of(j, p)) : status;
}

/* Runs the plan for a piece, and hands its outputs over. */
static elbo_status run_piece(const elbo__job *j, int64_t portion, elbo__piece p)
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

elbo_status elbo__run_job(elbo__job j)
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
                               (elbo__piece){.first = first,
                                             .batch = j.n - first < block ? j.n - first : block,
                                             .first_draw = k,
                                             .draws = j.draws - k < most ? j.draws - k : most});
    return status == ELBO_OK ? watched(&j, j.n) : status;
}
