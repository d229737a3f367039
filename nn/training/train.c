#include "train.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../objectives/schedule.h"
#include "batches.h"
#include "train_private.h"

/* A training under way. */
typedef struct {
    elbo_run *run;
    elbo_training how; /* with the defaults filled in */
    const elbo_images *train_images, *test_images;
    elbo__table train, test; /* test.count = 0: there is none */
    elbo__saver saver;       /* of the folder, if there is one */
    bool warned;             /* of a parameter that stays as it is */
    elbo_figures tested;     /* names of the figures of the test images */
    int32_t *order;          /* (N) the images in the order of this epoch */
    double beta;
    int64_t draws, test_draws;
    int64_t epoch, step;       /* step counts on over the epochs */
    double began, epoch_began; /* on the clock of now() */
    elbo_figures sums;         /* of this epoch, over `counted` images */
    int64_t seen, counted;     /* without and with those of skipped steps */
} training;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The means over the epoch so far. */
static elbo_figures means(const training *t)
{
    elbo_figures all = t->sums;
    elbo__figures_divide(&all, t->counted);
    return all;
}

static int64_t steps_of_epoch(const training *t)
{
    return (t->train.count + t->how.batch_size - 1) / t->how.batch_size;
}

/* ---- one step ---------------------------------------------------------------------------------------------------- */

static elbo_status set_scalars(const training *t, elbo_plan *plan)
{
    const struct {
        const char *name;
        double value;
    } scalars[] = {{"lr", t->how.lr}, {"beta", t->beta}, {"step", (double)t->step}};
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < sizeof scalars / sizeof scalars[0] && status == ELBO_OK; i++)
        status = elbo_plan_set(plan, scalars[i].name, scalars[i].value);
    return status;
}

/* Adds the metrics of a step to the epoch's. One that is not finite ends the training, unless the step was left out. */
static elbo_status count_step(training *t, const elbo__planned *planned, int64_t batch)
{
    elbo_figures step = {.count = 0};
    elbo__figures_add(&step, planned, 1);
    t->seen += batch;
    if (elbo_figures_get(&step, "skipped") > 0)
        return ELBO_OK;
    for (int i = 0; i < step.count; i++)
        if (!isfinite(step.at[i].value))
            return elbo__fail(
                ELBO_INVALID, "epoch %lld, step %lld: %s is %s; a smaller lr, clip-norm or skip-nonfinite may help",
                (long long)t->epoch, (long long)t->step, step.at[i].name, elbo__not_finite(step.at[i].value));
    elbo__figures_add(&t->sums, planned, batch);
    t->counted += batch;
    return ELBO_OK;
}

static elbo_status train_batch(training *t, int64_t first, int64_t batch)
{
    elbo_run *run = t->run;
    elbo__work work = elbo__table_work(&t->train, ELBO__STEP, batch, t->draws);
    elbo__planned *planned;
    run->steps = ++t->step;
    work.moving = elbo_moving(&run->turns, t->step);
    t->beta = elbo_beta_at(run->options, (double)(t->step - 1) / (double)steps_of_epoch(t), (double)t->how.epochs);
    elbo_status status = elbo__run_plan(run, &work, &planned);
    if (status == ELBO_OK)
        status = elbo__table_bind(&t->train, planned->plan, t->order + first, batch);
    if (status == ELBO_OK)
        status = set_scalars(t, planned->plan);
    if (status == ELBO_OK)
        status = elbo_plan_run(
            planned->plan, run->params,
            (elbo_at){.seed = (uint64_t)run->seed, .step = (uint64_t)t->step, .first_row = (uint64_t)first});
    return status == ELBO_OK ? count_step(t, planned, batch) : status;
}

/* ---- one epoch --------------------------------------------------------------------------------------------------- */

static bool report(const training *t, const elbo_epoch *finished)
{
    if (!t->how.progress)
        return true;
    const int64_t n = t->train.count, steps = steps_of_epoch(t);
    const double rate = (double)t->seen / (now() - t->epoch_began);
    const elbo_progress progress = {
        .epoch = t->epoch,
        .epochs = t->how.epochs,
        .step = t->step - (t->epoch - 1) * steps,
        .steps = steps,
        .images_per_s = finished ? finished->images_per_s : rate,
        .seconds_left = ((double)(t->how.epochs - t->epoch) * (double)n + (double)(n - t->seen)) / rate,
        .means = means(t),
        .finished = finished,
    };
    return t->how.progress(t->how.user, &progress);
}

/* All batches once, in an order that depends on seed and epoch alone; *go_on is false when the caller ended it. */
static elbo_status train_epoch(training *t, bool *go_on)
{
    const int64_t n = t->train.count;
    elbo_shuffled_rows(n, t->run->seed, t->epoch, t->order);
    t->sums = (elbo_figures){.count = 0};
    t->seen = t->counted = 0;
    t->epoch_began = now();
    elbo_status status = ELBO_OK;
    for (int64_t first = 0; first < n && status == ELBO_OK && *go_on; first += t->how.batch_size) {
        status = train_batch(t, first, n - first < t->how.batch_size ? n - first : t->how.batch_size);
        *go_on = status == ELBO_OK && report(t, NULL);
    }
    if (status == ELBO_OK && *go_on && t->counted == 0)
        status = elbo__fail(ELBO_INVALID, "epoch %lld: every step was left out, for no gradient was finite",
                            (long long)t->epoch);
    return status;
}

#define ADVICE "a smaller lr or clip-norm may help"

/* Whether the weights can be saved: the last step may have spoilt them after its loss was computed. */
static elbo_status check_weights(const training *t)
{
    const char *spoilt = elbo__run_spoilt(t->run);
    return !spoilt ? ELBO_OK
                   : elbo__fail(ELBO_INVALID, "epoch %lld, step %lld: parameter \"%s\" is not finite any more; " ADVICE,
                                (long long)t->epoch, (long long)t->step, spoilt);
}

/* Figures of the first `count` images of a table, which must be finite: weights that are need not mean a model that is.
 * Where a watcher wants no more there are none, and the training ends when all that it has is saved. */
static elbo_status measure(training *t, const elbo__table *table, int64_t count, const char *images, elbo_figures *out)
{
    elbo_status status = t->saver.stopped ? ELBO_STOPPED
                                          : elbo__run_evaluate(t->run, table, count, t->test_draws, t->run->seed, out);
    if (status == ELBO_STOPPED) {
        t->saver.stopped = true;
        *out = (elbo_figures){.count = 0};
        return ELBO_OK;
    }
    for (int i = 0; i < out->count && status == ELBO_OK; i++)
        if (!isfinite(out->at[i].value))
            status = elbo__fail(ELBO_INVALID, "epoch %lld: %s of the %s images is %s; " ADVICE, (long long)t->epoch,
                                out->at[i].name, images, elbo__not_finite(out->at[i].value));
    return status;
}

/* Of the test images; where there are none, a block of those of the training must do, whose figures are not kept. */
static elbo_status test_epoch(training *t, elbo_figures *out)
{
    if (t->test.count)
        return measure(t, &t->test, t->test.count, "test", out);
    const int64_t block = elbo__run_block(t->run, t->test_draws), n = t->train.count;
    elbo_status status = measure(t, &t->train, n < block ? n : block, "training", out);
    *out = (elbo_figures){.count = 0};
    return status;
}

/* The only epoch of a model that is fitted; its figures on the training images are those afterwards. */
static elbo_status fit_epoch(training *t)
{
    t->epoch_began = now();
    t->beta = elbo_beta_at(t->run->options, INFINITY, 1);
    elbo_status status = t->run->model->fit(t->run, t->train_images);
    elbo_params_touch(t->run->params);
    if (status == ELBO_OK)
        status = measure(t, &t->train, t->train.count, "training", &t->sums);
    t->seen = t->train.count;
    t->counted = 1;
    return status;
}

static elbo_status finish_epoch(training *t, elbo_epoch *out)
{
    *out = (elbo_epoch){
        .epoch = t->epoch,
        .step = t->step,
        .images_per_s = (double)t->seen / (now() - t->epoch_began),
        .lr = t->how.lr,
        .beta = t->beta,
        .train = means(t),
    };
    elbo_status status = check_weights(t);
    if (status == ELBO_OK)
        status = test_epoch(t, &out->test);
    out->seconds = now() - t->began;
    if (status == ELBO_OK && t->saver.folder)
        status = elbo__save_epoch(&t->saver, out);
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* Moments of an earlier training, of another step count, would be wrong for this one. */
static void forget_moments(elbo_params *params)
{
    for (int i = 1; i < elbo_params_slab_count(params); i++) {
        elbo_tensor slab = elbo_params_slab(params, i);
        memset(slab.data, 0, (size_t)slab.layout.shape.dim[0] * elbo_dtype_size(slab.dtype));
    }
}

/* It may be meant, but a mistyped word of elbo_loss.params looks like it. */
static void warn_of_unmoved(training *t, const char *name)
{
    char *message = elbo__format("no loss moves parameter \"%s\": it stays as it is", name);
    t->warned = true;
    t->how.warning(t->how.user, message ? message : name);
    elbo__free(message);
}

static elbo_status compile(training *t, elbo__role role, unsigned moving, int64_t batch, const elbo__table *table)
{
    elbo__work work = elbo__table_work(table, role, batch, role == ELBO__STEP ? t->draws : t->test_draws);
    work.moving = moving;
    elbo__planned *planned;
    elbo_status status = batch > 0 ? elbo__run_plan(t->run, &work, &planned) : ELBO_OK;
    if (status == ELBO_OK && batch > 0 && table == &t->test)
        t->tested = planned->metrics;
    if (status == ELBO_OK && batch > 0 && planned->unmoved[0] && !t->warned && t->how.warning)
        warn_of_unmoved(t, planned->unmoved);
    return status;
}

/* The plans of blocks and of what they leave over. */
static elbo_status compile_blocks(training *t, elbo__role role, unsigned moving, int64_t block,
                                  const elbo__table *table)
{
    block = block < table->count ? block : table->count;
    elbo_status status = compile(t, role, moving, block, table);
    return status == ELBO_OK && block > 0 ? compile(t, role, moving, table->count % block, table) : status;
}

/* After so many steps players have moved in every company, as a rule. */
enum { TURNS = 60 };

/* Makes the plans that the training will need, with their memory: an hour later would be a bad time to run short. */
static elbo_status compile_all(training *t)
{
    const int64_t block = elbo__run_block(t->run, t->test_draws);
    elbo_status status = ELBO_OK;
    for (int step = 1; step <= TURNS && status == ELBO_OK && !t->run->model->fit; step++)
        status = compile_blocks(t, ELBO__STEP, elbo_moving(&t->run->turns, step), t->how.batch_size, &t->train);
    if (status == ELBO_OK && t->test.count)
        status = compile_blocks(t, ELBO__EVALUATE, 0, block, &t->test);
    if (status == ELBO_OK && (t->run->model->fit || !t->test.count))
        status = compile_blocks(t, ELBO__EVALUATE, 0, block, &t->train);
    return status;
}

static elbo_status prepare(training *t, elbo_values *values)
{
    elbo_status status = elbo__table_of(t->run, t->train_images, &t->train);
    if (status == ELBO_OK && t->test_images)
        status = elbo__table_of(t->run, t->test_images, &t->test);
    if (status == ELBO_OK)
        status = elbo__note_training(t->run, values, t->train_images, t->test_images);
    if (status == ELBO_OK && !(t->order = elbo__calloc((size_t)t->train.count, sizeof *t->order)))
        status = ELBO_NO_MEMORY;
    t->draws = elbo__run_draws(t->run);
    t->test_draws = t->how.test_draws ? t->how.test_draws : t->draws;
    if (status == ELBO_OK && t->how.test_draws > 1 && !t->run->takes_draws)
        status = elbo__fail(ELBO_INVALID, "option \"test-draws\": model \"%s\" takes no draws", t->run->model->name);
    if (status == ELBO_OK)
        status = compile_all(t);
    t->saver = (elbo__saver){.run = t->run,
                             .how = &t->how,
                             .tested = &t->tested,
                             .shown = t->test_images ? t->test_images : t->train_images};
    if (status == ELBO_OK && t->how.folder)
        status = elbo__folder_open(t->how.folder, t->how.force, &t->saver.folder);
    return status == ELBO_OK ? elbo__save_rehearse(&t->saver) : status;
}

static elbo_status run_epochs(training *t, elbo_epoch *last)
{
    bool go_on = true;
    elbo_status status = ELBO_OK;
    t->began = now();
    for (t->epoch = 1; t->epoch <= t->how.epochs && status == ELBO_OK && go_on; t->epoch++) {
        elbo_epoch epoch;
        status = t->run->model->fit ? fit_epoch(t) : train_epoch(t, &go_on);
        if (status != ELBO_OK || !go_on)
            break;
        status = finish_epoch(t, &epoch);
        if (status != ELBO_OK)
            break;
        *last = epoch;
        go_on = report(t, &epoch) && !t->saver.stopped;
    }
    return status;
}

elbo_status elbo_train(elbo_run *run, const elbo_images *train, const elbo_images *test, const elbo_training *how,
                       elbo_epoch *last)
{
    elbo_epoch nowhere;
    last = last ? last : &nowhere;
    *last = (elbo_epoch){.epoch = 0};
    elbo_values *values = elbo_values_new(elbo_training_options);
    if (!values)
        return ELBO_NO_MEMORY;
    elbo_status status = how ? elbo__training_values(how, values) : ELBO_OK;
    if (status == ELBO_OK)
        status = elbo__choose_lr(run, values);
    training t = {.run = run, .how = elbo_training_of(values), .train_images = train, .test_images = test};
    if (how) {
        t.how.folder = how->folder;
        t.how.force = how->force;
        t.how.progress = how->progress;
        t.how.user = how->user;
        t.how.warning = how->warning;
    }
    t.how.lr = elbo_values_number(values, "lr");
    if (run->model->fit)
        t.how.epochs = 1;
    run->optim = &t.how.optim;
    if (status == ELBO_OK)
        status = prepare(&t, values);
    if (status == ELBO_OK) {
        forget_moments(run->params);
        status = run_epochs(&t, last);
    }
    elbo__run_forget(run, ELBO__STEP);
    run->optim = NULL;
    if (status == ELBO_STOPPED) /* by whoever watches, as a training may be ended */
        status = ELBO_OK;
    elbo__folder_close(t.saver.folder);
    elbo__table_free(&t.train);
    elbo__table_free(&t.test);
    elbo__free(t.order);
    elbo_values_free(values);
    return status;
}
