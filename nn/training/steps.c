/* The steps of an epoch. A step that comes to something that is not finite is left out, at no cost for those that do
 * not: every so often weights and moments are remembered, and from there the steps up to the bad one are made again,
 * to the same bits, since all that a step depends on is known. */
#include <float.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../objectives/schedule.h"
#include "../runs/nonfinite.h"
#include "batches.h"
#include "train_private.h"

enum { REMEMBERED = 64, MOST_IN_A_ROW = 10 };

double elbo__training_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void elbo__training_tick(elbo__training *t)
{
    const double now = elbo__training_now();
    t->seconds += now - t->clock;
    t->epoch_seconds += now - t->clock;
    t->clock = now;
}

int64_t elbo__steps_of_epoch(const elbo__training *t)
{
    return (t->count + t->how.batch_size - 1) / t->how.batch_size;
}

/* ---- what is told ------------------------------------------------------------------------------------------------ */

bool elbo__training_report(const elbo__training *t, const elbo_epoch *finished)
{
    if (!t->how.progress)
        return true;
    const int64_t n = t->count;
    const double rate = (double)t->epoch_images / (t->epoch_seconds + elbo__training_now() - t->clock);
    elbo_progress progress = {
        .epoch = finished ? finished->epoch : t->at.epoch,
        .epochs = t->how.epochs,
        .step = (t->at.first + t->how.batch_size - 1) / t->how.batch_size,
        .steps = elbo__steps_of_epoch(t),
        .images_per_s = finished ? finished->images_per_s : rate,
        .means = finished ? finished->train : t->at.sums,
        .finished = finished,
    };
    if (finished)
        progress.step = progress.steps;
    else
        elbo__figures_divide(&progress.means, t->at.counted);
    const int64_t left = (t->how.epochs - progress.epoch) * n + (finished ? 0 : n - t->at.first);
    progress.seconds_left = (double)left / progress.images_per_s;
    return t->how.progress(t->how.user, &progress);
}

void elbo__training_warn(const elbo__training *t, char *message)
{
    if (t->how.warning)
        t->how.warning(t->how.user, message ? message : "out of memory");
    elbo__free(message);
}

/* ---- one step ---------------------------------------------------------------------------------------------------- */

/* The order of the epoch depends on seed and epoch alone. */
static void shuffle(elbo__training *t)
{
    if (t->ordered == t->at.epoch)
        return;
    elbo_shuffled_rows(t->count, t->run->seed, t->at.epoch, t->order);
    for (int64_t i = 0; i < t->count; i++)
        t->order[i] = t->rows[t->order[i]];
    t->ordered = t->at.epoch;
}

elbo__work elbo__step_work(const elbo__training *t, int64_t batch, elbo_accumulation accumulation, int64_t update)
{
    elbo__work work = elbo__table_work(&t->train, ELBO__STEP, batch, t->draws);
    work.moving = elbo_moving(&t->run->turns, update);
    work.accumulation = accumulation;
    return work;
}

/* What a batch is to its update: all of it, one of several, or the last of them, as that of the epoch is. */
static elbo_accumulation part_of(const elbo__training *t, int64_t batch)
{
    const int64_t number = t->at.first / t->how.batch_size + 1;
    if (t->how.accumulate == 1)
        return ELBO_ACCUMULATE_NONE;
    return number % t->how.accumulate == 0 || t->at.first + batch == t->count ? ELBO_ACCUMULATE_LAST
                                                                              : ELBO_ACCUMULATE_MORE;
}

enum { SCALARS = 8 };

/* The numbers that a step reads; schedules go by its middle. */
static void scalars_of(elbo__training *t, int64_t batch, elbo__scalar *out)
{
    static const char *const names[SCALARS] = {
        "lr", "lr-factor", "beta", "step", "epoch", "dataset-size", "accumulate-share", "accumulate-total"};
    const double steps = (double)elbo__steps_of_epoch(t), epochs = (double)t->how.epochs;
    const double factor = elbo_lr_factor(t->values, ((double)t->at.step + 0.5) / steps, epochs, t->at.drops);
    t->at.lr = t->how.lr * factor;
    t->at.beta = elbo_beta_at(t->run->options, (double)t->at.step / steps, epochs);
    const double now[SCALARS] = {t->at.lr,
                                 factor,
                                 t->at.beta,
                                 (double)(t->at.updates + 1),
                                 (double)t->at.step / steps,
                                 (double)t->count,
                                 (double)batch,
                                 (double)(t->at.accumulated + batch)};
    for (int i = 0; i < SCALARS; i++)
        out[i] = (elbo__scalar){names[i], now[i]};
}

/* The batch that comes next, with all that its step depends on. */
typedef struct {
    int64_t batch;
    elbo__work work;
    elbo__scalar scalars[SCALARS];
    elbo_at at;
} next_step;

static void find_next(elbo__training *t, next_step *out)
{
    shuffle(t);
    const int64_t left = t->count - t->at.first;
    out->batch = left < t->how.batch_size ? left : t->how.batch_size;
    out->work = elbo__step_work(t, out->batch, part_of(t, out->batch), t->at.updates + 1);
    scalars_of(t, out->batch, out->scalars);
    out->at = (elbo_at){
        .seed = (uint64_t)t->run->seed, .step = (uint64_t)t->at.step + 1, .first_row = (uint64_t)t->at.first};
}

/* What became of a step: weights were updated; it left itself out; its loss is not finite. */
typedef enum { UPDATED, LEFT_OUT, NOT_FINITE } outcome;

/* Adds the metrics of a step to the epoch's, if it is one of them. */
static outcome count_step(elbo__training *t, const elbo__planned *planned, int64_t batch)
{
    elbo_figures step = {.count = 0};
    elbo__figures_add(&step, planned, 1);
    if (elbo_figures_get(&step, "skipped") > 0)
        return LEFT_OUT;
    for (int i = 0; i < step.count; i++)
        if (!isfinite(step.at[i].value))
            return NOT_FINITE;
    elbo__figures_add(&t->at.sums, planned, batch);
    t->at.counted += batch;
    return UPDATED;
}

/* The state after a step that moved no weight. */
static void pass_over(elbo__training *t, int64_t batch)
{
    t->at.step++;
    t->at.first += batch;
    t->at.skipped++;
    t->at.in_a_row++;
}

/* Makes the next step. *finite = false: its loss is not, and the state is that before it. */
static elbo_status make_step(elbo__training *t, bool *finite)
{
    elbo_run *run = t->run;
    elbo__planned *planned;
    next_step next;
    find_next(t, &next);
    elbo_status status = elbo__run_plan(run, &next.work, &planned);
    if (status == ELBO_OK)
        status = elbo__table_bind(&t->train, planned->plan, t->order + t->at.first, next.batch);
    for (int i = 0; i < SCALARS && status == ELBO_OK; i++)
        status = elbo_plan_set(planned->plan, next.scalars[i].name, next.scalars[i].value);
    if (status == ELBO_OK)
        status = elbo_plan_run(planned->plan, run->params, next.at);
    if (status != ELBO_OK)
        return status;
    const outcome came = count_step(t, planned, next.batch);
    *finite = came != NOT_FINITE;
    if (came == LEFT_OUT)
        pass_over(t, next.batch);
    if (came == LEFT_OUT && (t->at.in_a_row == MOST_IN_A_ROW || (t->at.first == t->count && t->at.counted == 0)))
        return elbo__fail(ELBO_INVALID,
                          "epoch %lld, step %lld: a gradient is not finite, as before in %lld steps; " ELBO__ADVICE,
                          (long long)t->at.epoch, (long long)t->at.step, (long long)t->at.in_a_row - 1);
    if (came == UPDATED) {
        const bool waits = next.work.accumulation == ELBO_ACCUMULATE_MORE;
        t->at.step++;
        t->at.first += next.batch;
        t->at.in_a_row = 0;
        t->at.accumulated = waits ? t->at.accumulated + next.batch : 0;
        t->at.updates += !waits;
    }
    t->epoch_images += next.batch;
    run->steps = t->at.updates;
    return ELBO_OK;
}

/* ---- what is not finite ------------------------------------------------------------------------------------------ */

void elbo__params_take(elbo_params *to, const elbo_params *from)
{
    for (int i = 0; i < elbo_params_slab_count(from); i++) {
        const elbo_tensor slab = elbo_params_slab(from, i), target = elbo_params_slab(to, i);
        memcpy(target.data, slab.data, (size_t)slab.layout.shape.dim[0] * elbo_dtype_size(slab.dtype));
    }
    elbo_params_touch(to);
}

/* Whether any weight, moment or accumulated gradient is not finite. */
static bool is_spoilt(const elbo_params *params)
{
    int bad = 0;
    for (int s = 0; s < elbo_params_slab_count(params) && !bad; s++) {
        const elbo_tensor slab = elbo_params_slab(params, s);
        const float *x = slab.data;
        for (int64_t i = 0; i < slab.layout.shape.dim[0]; i++)
            bad |= !(fabsf(x[i]) <= FLT_MAX);
    }
    return bad;
}

elbo_status elbo__remember(elbo__training *t)
{
    if (is_spoilt(t->run->params))
        return elbo__fail(ELBO_INVALID, "the weights are not finite");
    elbo__params_take(t->good, t->run->params);
    t->good_at = t->at;
    return ELBO_OK;
}

/* Back to the moment that was remembered. */
static void go_back(elbo__training *t)
{
    elbo__params_take(t->run->params, t->good);
    t->at = t->good_at;
    t->run->steps = t->at.updates;
}

static elbo_status repeat_until(elbo__training *t, int64_t step)
{
    elbo_status status = ELBO_OK;
    bool finite = true;
    while (t->at.step < step && status == ELBO_OK && finite)
        status = make_step(t, &finite);
    return status;
}

/* The error of a training that cannot go on: what the next step comes to. */
static elbo_status give_up(elbo__training *t)
{
    next_step next;
    char *where = NULL;
    find_next(t, &next);
    elbo_status status = elbo__run_find_nonfinite(t->run,
                                                  &(elbo__questioned){&next.work, &t->train, t->order + t->at.first,
                                                                      next.at, next.scalars, SCALARS, t->how.debug_nan},
                                                  &where);
    if (status == ELBO_OK) {
        char row[48] = "";
        if (t->at.in_a_row > 0)
            elbo__print(row, sizeof row, ", as were the %lld before", (long long)t->at.in_a_row);
        status = elbo__fail(ELBO_INVALID, "epoch %lld, step %lld%s: not finite: %s; " ELBO__ADVICE,
                            (long long)t->at.epoch, (long long)t->at.step + 1, row, where);
    }
    elbo__free(where);
    return status;
}

/* The state is that before the step which is left out. */
static elbo_status leave_out(elbo__training *t)
{
    next_step next;
    find_next(t, &next);
    const bool all_of_epoch = t->at.counted == 0 && t->at.first + next.batch == t->count;
    if (t->how.debug_nan || all_of_epoch || t->at.in_a_row + 1 == MOST_IN_A_ROW)
        return give_up(t);
    pass_over(t, next.batch);
    return elbo__remember(t);
}

/* Leaves out the first step since the remembered moment after which a weight is not finite; else the next one, if
 * `loss`: then it is that one's loss that is not. */
static elbo_status recover(elbo__training *t, bool loss)
{
    const int64_t last = t->at.step;
    bool finite = true;
    elbo_status status = ELBO_OK;
    go_back(t);
    while (t->at.step < last && status == ELBO_OK && finite) {
        const int64_t before = t->at.step;
        status = make_step(t, &finite);
        if (status == ELBO_OK && finite && is_spoilt(t->run->params)) {
            go_back(t);
            status = repeat_until(t, before);
            return status == ELBO_OK ? leave_out(t) : status;
        }
    }
    if (status != ELBO_OK)
        return status;
    return loss || !finite ? leave_out(t) : elbo__fail(ELBO_INVALID, "the weights are not finite");
}

/* ---- an epoch ---------------------------------------------------------------------------------------------------- */

/* Remembers this moment, or finds out since when it is not worth remembering. */
static elbo_status remember_or_recover(elbo__training *t)
{
    return is_spoilt(t->run->params) ? recover(t, false) : elbo__remember(t);
}

static elbo_status one_step(elbo__training *t)
{
    bool finite = true;
    elbo_status status = make_step(t, &finite);
    if (status == ELBO_OK && !finite)
        status = recover(t, true);
    if (status == ELBO_OK && (t->at.first == t->count || t->at.step - t->good_at.step >= REMEMBERED))
        status = remember_or_recover(t);
    return status;
}

/* A checkpoint now and then. */
static elbo_status save_sometimes(elbo__training *t)
{
    if (elbo__training_now() - t->saved < 60 * t->how.checkpoint_every || t->at.first == t->count)
        return ELBO_OK;
    elbo_status status = remember_or_recover(t);
    return status == ELBO_OK ? elbo__checkpoint_write(t) : status;
}

elbo_status elbo__train_epoch(elbo__training *t, bool *go_on)
{
    elbo_status status = elbo__remember(t);
    while (t->at.first < t->count && status == ELBO_OK && *go_on) {
        status = one_step(t);
        if (status == ELBO_OK)
            *go_on = elbo__training_report(t, NULL);
        if (status == ELBO_OK && *go_on)
            status = save_sometimes(t);
    }
    elbo__training_tick(t);
    if (status == ELBO_OK && !*go_on)
        status = remember_or_recover(t); /* the weights that are left are finite */
    return status;
}
