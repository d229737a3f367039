/* What comes after the steps of an epoch: figures of images that had no part in them, and which model to keep. */
#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../objectives/schedule.h"
#include "../evaluation/latent_use.h"
#include "train_private.h"

/* ---- weights ----------------------------------------------------------------------------------------------------- */

/* out <- average / (1 - d^t) for what is trained, and what is not as it is. */
static void average(const elbo__training *t, elbo_params *out)
{
    const elbo_params *params = t->run->params;
    int slab = 0;
    elbo__params_take(out, params);
    for (int i = 1; i < elbo_params_slab_count(params); i++)
        slab = strcmp(elbo_params_slab_name(params, i), ELBO_AVERAGE) == 0 ? i : slab;
    const double share = -expm1((double)t->at.updates * log(t->how.ema));
    const elbo_tensor from = elbo_params_slab(params, slab), to = elbo_params_slab(out, 0);
    for (int64_t k = 0; k < from.layout.shape.dim[0] && slab > 0; k++)
        ((float *)to.data)[k] = (float)(((const float *)from.data)[k] / share);
    for (int i = 0; i < elbo_params_count(params) && slab > 0; i++) {
        const elbo_tensor state = elbo_params_tensor(params, i), kept = elbo_params_tensor(out, i);
        if (!elbo_params_trained(params, i))
            elbo_tensor_copy(&kept, &state);
    }
    elbo_params_touch(out);
}

void elbo__weights_take(elbo_params *to, const elbo_params *from)
{
    const elbo_tensor slab = elbo_params_slab(from, 0), target = elbo_params_slab(to, 0);
    memcpy(target.data, slab.data, (size_t)slab.layout.shape.dim[0] * elbo_dtype_size(slab.dtype));
    elbo_params_touch(to);
}

elbo_params *elbo__kept_weights(const elbo__training *t)
{
    return t->best ? t->best : t->averaged ? t->averaged : t->run->params;
}

/* ---- figures ----------------------------------------------------------------------------------------------------- */

/* Figures of `count` images of a table, which must be finite: weights that are need not mean a model that is. */
static elbo_status measure(const elbo__training *t, elbo_params *weights, const elbo__table *table, const int32_t *rows,
                           int64_t count, const char *images, elbo_figures *out)
{
    elbo_params *own = t->run->params;
    t->run->params = weights;
    elbo_status status = elbo__run_evaluate(t->run, table, rows, count, t->test_draws, t->run->seed, out);
    t->run->params = own;
    for (int i = 0; i < out->count && status == ELBO_OK; i++)
        if (!isfinite(out->at[i].value))
            status = elbo__fail(ELBO_INVALID, "epoch %lld: %s of the %s images is %s; " ELBO__ADVICE,
                                (long long)t->at.epoch, out->at[i].name, images, elbo__not_finite(out->at[i].value));
    return status;
}

static elbo_status measure_test(const elbo__training *t, elbo_params *weights, elbo_figures *out)
{
    return measure(t, weights, &t->test, NULL, t->test.count, "test", out);
}

/* Where nothing else is measured, a block of the training images must do, whose figures are not kept. That they are
 * not finite is no surprise where a step of theirs was left out, unless those before it were, too. */
static elbo_status measure_some(const elbo__training *t, elbo_params *weights)
{
    elbo_figures unused;
    const int64_t block = elbo__run_block(t->run, t->test_draws);
    if (t->at.skipped > 0 && t->at.in_a_row < 2)
        return ELBO_OK;
    return measure(t, weights, &t->train, t->rows, t->count < block ? t->count : block, "training", &unused);
}

/* ---- the choice -------------------------------------------------------------------------------------------------- */

/* What makes a model better than another, the more the better: of the images held out, else of those of training. */
static double goodness(const elbo_epoch *e)
{
    const elbo_figures *f = e->val.count ? &e->val : &e->train;
    return e->val.count && elbo_figures_has(f, "elbo") ? elbo_figures_get(f, "elbo") : -f->at[0].value;
}

/* Whether the model of this epoch is to be kept. Without images held out the last one is: the loss in training, and
 * that of test images even more so, would choose in favour of themselves. */
static bool choose(elbo__training *t, const elbo_epoch *e)
{
    const double figure = goodness(e);
    if (t->held && t->at.kept && figure <= t->at.kept_figure)
        return false;
    t->at.kept = e->epoch;
    t->at.kept_figure = figure;
    return true;
}

static void watch_plateau(elbo__training *t, const elbo_epoch *e)
{
    const double figure = goodness(e);
    if (t->at.plateau && figure <= t->at.plateau_figure) {
        if (e->epoch - t->at.plateau < t->how.lr_patience || strcmp(t->how.lr_schedule, "plateau") != 0)
            return;
        t->at.drops++;
    } else {
        t->at.plateau_figure = figure;
    }
    t->at.plateau = e->epoch;
}

/* ---- the end of an epoch ----------------------------------------------------------------------------------------- */

static elbo_epoch epoch_of(const elbo__training *t)
{
    elbo_epoch e = {
        .epoch = t->at.epoch,
        .step = t->at.step,
        .images_per_s = (double)t->epoch_images / t->epoch_seconds,
        .lr = t->at.lr,
        .beta = t->at.beta,
        .skipped = t->at.skipped,
        .train = t->at.sums,
    };
    elbo__figures_divide(&e.train, t->at.counted);
    return e;
}

static void begin_next(elbo__training *t)
{
    t->at.epoch++;
    t->at.first = t->at.counted = t->at.skipped = 0;
    t->at.sums = (elbo_figures){.count = 0};
    t->epoch_seconds = 0;
    t->epoch_images = 0;
}

/* All figures of the epoch; *is_new: its model is kept. */
static elbo_status measure_epoch(elbo__training *t, elbo_epoch *e, bool *is_new)
{
    const bool asked = t->how.test_every > 0 && e->epoch % t->how.test_every == 0;
    if (t->averaged)
        average(t, t->averaged);
    elbo_params *weights = t->averaged ? t->averaged : t->run->params;
    elbo_status status = ELBO_OK;
    if (t->held)
        status = measure(t, weights, &t->train, t->rows + t->count, t->held, "validation", &e->val);
    if (status != ELBO_OK)
        return status;
    *is_new = choose(t, e);
    watch_plateau(t, e);
    t->at.over = t->held && e->epoch - t->at.kept >= t->how.patience;
    e->over = t->at.over || e->epoch == t->how.epochs;
    if (t->best && *is_new)
        elbo__params_take(t->best, weights);
    if (t->test.count && (asked || (e->over && *is_new)))
        return measure_test(t, weights, &e->test);
    return t->held ? ELBO_OK : measure_some(t, weights);
}

/* Posterior collapse: the decoder ignores most of z, and q(z|x) of those dimensions is the prior. After few updates it
 * may just not have learned yet. */
static elbo_status note_latent_use(elbo__training *t)
{
    enum { LOOKED_AT = 1000, ENOUGH_UPDATES = 1000 };
    elbo_latent_use use;
    elbo_params *own = t->run->params;
    if (!elbo_run_has_prior(t->run))
        return ELBO_OK;
    t->run->params = elbo__kept_weights(t);
    elbo_status status = elbo_run_latent_use(t->run, t->train_images, LOOKED_AT, &use);
    t->run->params = own;
    if (status != ELBO_OK && status != ELBO_STOPPED) /* no reason to lose an epoch */
        elbo__training_warn(t, elbo__format("the active units are not known: %s", elbo_error()));
    if (status != ELBO_OK)
        return status;
    char *text = elbo__format("%lld", (long long)use.active);
    status = text ? elbo_run_note(t->run, ELBO__ACTIVE_UNITS, text) : ELBO_NO_MEMORY;
    elbo__free(text);
    const bool few = use.active == 0 || use.active * 10 < use.latent;
    if (status == ELBO_OK && few && t->at.updates >= ENOUGH_UPDATES)
        elbo__training_warn(t, elbo__format("posterior collapse: of %lld latent dimensions %lld are in use; a smaller "
                                            "beta, a beta-schedule or free-bits may help",
                                            (long long)use.latent, (long long)use.active));
    elbo_latent_use_free(&use);
    return status;
}

/* The test images by the model that is kept, where that is one of an earlier epoch; its figures are notes. */
static elbo_status measure_kept(elbo__training *t, const elbo_epoch *e)
{
    elbo_epoch kept = {.epoch = t->at.kept};
    if (!e->over || t->at.kept == e->epoch || !t->test.count)
        return ELBO_OK;
    elbo_status status = measure_test(t, elbo__kept_weights(t), &kept.test);
    return status == ELBO_OK ? elbo__note_epoch(t->run, &kept) : status;
}

/* The numbered picture is of the epoch's own weights, all else of those that are kept. */
static elbo_status write_files(elbo__training *t, int64_t epoch, bool is_new)
{
    elbo_params *own = t->run->params;
    t->run->params = t->averaged ? t->averaged : own;
    elbo_status status = elbo__save_numbered(&t->saver, epoch);
    t->run->params = elbo__kept_weights(t);
    if (status == ELBO_OK)
        status = elbo__save_epoch(&t->saver, is_new);
    t->run->params = own;
    return status;
}

/* Where no checkpoint could be written there may yet be room for the model, which is smaller. */
static bool keep_model(elbo__training *t)
{
    elbo_params *own = t->run->params;
    t->run->params = elbo__kept_weights(t);
    const bool kept = elbo__save_model(&t->saver) == ELBO_OK;
    t->run->params = own;
    return kept;
}

static elbo_status save(elbo__training *t, const elbo_epoch *e, bool is_new)
{
    if (!t->saver.folder)
        return ELBO_OK;
    elbo_status status = elbo__save_rows(&t->saver, e);
    if (status == ELBO_OK)
        status = elbo__checkpoint_write(t);
    if (status == ELBO_OK) {
        status = write_files(t, e->epoch, is_new);
        return status == ELBO_OK && is_new ? elbo__save_events_picture(&t->saver, e->step) : status;
    }
    double seconds;
    char *reason = elbo__strdup(elbo_error());
    const bool cut = elbo__cut_rows(&t->saver, e->epoch, &seconds) == ELBO_OK, kept = keep_model(t);
    if (reason && !(cut && kept))
        (void)elbo__fail(status, "%s", reason); /* the failure that led here */
    if (kept)
        elbo__folder_keep(t->saver.folder, status);
    elbo__free(reason);
    return status;
}

elbo_status elbo__save_again(elbo__training *t)
{
    if (t->averaged)
        average(t, t->averaged);
    elbo_status status = write_files(t, t->at.epoch - 1, true);
    return status == ELBO_OK ? elbo__save_events_picture(&t->saver, t->at.step) : status;
}

elbo_status elbo__finish_epoch(elbo__training *t, elbo_epoch *out)
{
    const elbo__state before = t->at;
    bool is_new = false;
    *out = epoch_of(t);
    elbo_status status = measure_epoch(t, out, &is_new);
    if (status == ELBO_OK && is_new)
        status = elbo__note_epoch(t->run, out);
    if (status == ELBO_OK)
        status = measure_kept(t, out);
    if (status == ELBO_OK && out->over && note_latent_use(t) == ELBO_STOPPED)
        status = ELBO_STOPPED;
    if (status == ELBO_STOPPED)
        t->at = before; /* to be done again when the training goes on */
    if (status != ELBO_OK)
        return status;
    elbo__training_tick(t);
    out->seconds = t->seconds;
    out->kept = t->at.kept;
    if (out->skipped > 0)
        elbo__training_warn(t, elbo__format("epoch %lld: %lld of %lld steps were left out, for they were not finite",
                                            (long long)out->epoch, (long long)out->skipped,
                                            (long long)elbo__steps_of_epoch(t)));
    begin_next(t);
    status = save(t, out, is_new || out->over);
    if (status != ELBO_STOPPED)
        return status;
    out->over = false; /* pictures are missing, which are drawn when the training goes on */
    return ELBO_OK;
}

/* Figures of a fitted model; where a watcher wants no more there are none, and the model is saved all the same. */
static elbo_status measure_fitted(elbo__training *t, const elbo__table *table, const char *images, elbo_figures *out)
{
    elbo_status status = ELBO_STOPPED;
    if (!t->saver.stopped)
        status = measure(t, t->run->params, table, NULL, table->count, images, out);
    if (status != ELBO_STOPPED)
        return status;
    t->saver.stopped = true;
    *out = (elbo_figures){.count = 0};
    return ELBO_OK;
}

elbo_status elbo__fit_epoch(elbo__training *t, elbo_epoch *out)
{
    t->at.beta = elbo_beta_at(t->run->options, INFINITY, 1);
    t->at.lr = t->how.lr;
    t->at.kept = t->at.epoch;
    elbo_status status = t->run->model->fit(t->run, t->train_images);
    elbo_params_touch(t->run->params);
    elbo__training_tick(t);
    t->epoch_images = t->count;
    if (status == ELBO_OK)
        status = measure_fitted(t, &t->train, "training", &t->at.sums);
    t->at.counted = 1;
    *out = epoch_of(t);
    out->over = true;
    out->kept = t->at.epoch;
    if (status == ELBO_OK && t->test.count)
        status = measure_fitted(t, &t->test, "test", &out->test);
    elbo__training_tick(t);
    out->seconds = t->seconds;
    if (status == ELBO_OK)
        status = elbo__note_epoch(t->run, out);
    if (status == ELBO_OK && t->saver.folder)
        status = elbo__save_rows(&t->saver, out);
    if (status == ELBO_OK && t->saver.folder)
        status = elbo__save_epoch(&t->saver, true);
    return status == ELBO_STOPPED ? ELBO_OK : status;
}
