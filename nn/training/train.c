/* A training from its options to its end. */
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "../../tensor/text.h"
#include "train_private.h"

/* ---- images ------------------------------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

int64_t elbo_held_out(int64_t n, double val)
{
    const int64_t held = llround(val * (double)n);
    return val > 0 && held == 0 ? 1 : held;
}

/* Which images are held out depends on the seed alone. Without any, rows are 0, 1, ... */
static elbo_status split(elbo__training *t)
{
    const int64_t n = t->train.count;
    t->held = t->run->model->fit ? 0 : elbo_held_out(n, t->how.val);
    t->count = n - t->held;
    t->run->images = t->count;
    if (t->count < 1)
        return elbo__fail(ELBO_INVALID, "option \"val\": of %lld images none is left to train on", (long long)n);
    t->rows = elbo__calloc((size_t)n, sizeof *t->rows);
    t->order = elbo__calloc((size_t)t->count, sizeof *t->order);
    if (!t->rows || !t->order)
        return ELBO_NO_MEMORY;
    const elbo__random_key key = {(uint64_t)t->run->seed, elbo__stream("train", "validation", 0), 0};
    elbo__shuffle(t->rows, n, key);
    qsort(t->rows, (size_t)t->count, sizeof *t->rows, ascending);
    qsort(t->rows + t->count, (size_t)t->held, sizeof *t->rows, ascending);
    return ELBO_OK;
}

/* ---- plans ------------------------------------------------------------------------------------------------------- */

/* Makes a plan; *names, unless that is NULL, gets the names of its metrics. */
static elbo_status compile(elbo__training *t, const elbo__work *work, elbo_figures *names)
{
    elbo__planned *planned;
    elbo_status status = work->batch > 0 ? elbo__run_plan(t->run, work, &planned) : ELBO_OK;
    if (status != ELBO_OK || work->batch == 0)
        return status;
    if (names)
        *names = planned->metrics;
    if (planned->unmoved[0] && !t->warned) {
        t->warned = true; /* it may be meant, but a mistyped word of elbo_loss.params looks like it */
        elbo__training_warn(t, elbo__format("no loss moves parameter \"%s\": it stays as it is", planned->unmoved));
    }
    return ELBO_OK;
}

/* The plans of an update: of whole batches and of the last, smaller one, and what they are to it. */
static elbo_status compile_steps(elbo__training *t, int64_t update)
{
    static const elbo_accumulation alone[] = {ELBO_ACCUMULATE_NONE},
                                   several[] = {ELBO_ACCUMULATE_MORE, ELBO_ACCUMULATE_LAST};
    const bool adds = t->how.accumulate > 1;
    const int64_t batch = t->how.batch_size < t->count ? t->how.batch_size : t->count;
    elbo_status status = ELBO_OK;
    for (int i = 0; i < (adds ? 2 : 1) && status == ELBO_OK; i++) {
        const elbo_accumulation accumulation = adds ? several[i] : alone[i];
        const elbo__work whole = elbo__step_work(t, batch, accumulation, update);
        const elbo__work rest = elbo__step_work(t, t->count % batch, accumulation, update);
        status = compile(t, &whole, &t->at.sums);
        if (status == ELBO_OK && accumulation != ELBO_ACCUMULATE_MORE)
            status = compile(t, &rest, NULL);
    }
    return status;
}

/* The plans that measure `count` images: of blocks and of what they leave over. */
static elbo_status compile_blocks(elbo__training *t, const elbo__table *table, int64_t count, elbo_figures *names)
{
    const int64_t most = elbo__run_block(t->run, t->test_draws), block = most < count ? most : count;
    const elbo__work whole = elbo__table_work(table, ELBO__EVALUATE, block, t->test_draws);
    const elbo__work rest = elbo__table_work(table, ELBO__EVALUATE, block ? count % block : 0, t->test_draws);
    elbo_status status = compile(t, &whole, names);
    return status == ELBO_OK ? compile(t, &rest, NULL) : status;
}

/* After so many updates players have moved in every company, as a rule. */
enum { TURNS = 60 };

/* Makes the plans that the training will need, with their memory: an hour later would be a bad time to run short. */
static elbo_status compile_all(elbo__training *t)
{
    const bool fit = t->run->model->fit;
    elbo_status status = ELBO_OK;
    for (int update = 1; update <= TURNS && status == ELBO_OK && !fit; update++)
        status = compile_steps(t, update);
    if (status == ELBO_OK && t->test.count)
        status = compile_blocks(t, &t->test, t->test.count, &t->tested);
    if (status == ELBO_OK && t->held)
        status = compile_blocks(t, &t->train, t->held, &t->val);
    if (status == ELBO_OK && (fit || !t->test.count))
        status = compile_blocks(t, &t->train, t->count, NULL);
    return status;
}

/* ---- before the first step --------------------------------------------------------------------------------------- */

/* Moments of an earlier training, of another step count, would be wrong for this one. */
static void forget_moments(elbo_params *params)
{
    for (int i = 1; i < elbo_params_slab_count(params); i++) {
        elbo_tensor slab = elbo_params_slab(params, i);
        memset(slab.data, 0, (size_t)slab.layout.shape.dim[0] * elbo_dtype_size(slab.dtype));
    }
}

/* Sets of weights besides those that are trained. */
static elbo_status make_copies(elbo__training *t)
{
    struct {
        elbo_params **set;
        bool wanted;
    } copies[] = {{&t->good, true}, {&t->averaged, t->how.ema > 0}, {&t->best, t->held > 0}};
    for (size_t i = 0; i < sizeof copies / sizeof copies[0] && !t->run->model->fit; i++)
        if (copies[i].wanted && !(*copies[i].set = elbo_params_copy(t->run->params)))
            return ELBO_NO_MEMORY;
    return ELBO_OK;
}

static elbo_status open_tables(elbo__training *t)
{
    elbo_status status = elbo__table_of(t->run, t->train_images, &t->train);
    if (status == ELBO_OK && t->test_images)
        status = elbo__table_of(t->run, t->test_images, &t->test);
    t->draws = elbo__run_draws(t->run);
    t->test_draws = t->how.test_draws ? t->how.test_draws : t->draws;
    if (status == ELBO_OK && t->how.test_draws > 1 && !t->run->takes_draws)
        status = elbo__fail(ELBO_INVALID, "option \"test-draws\": model \"%s\" takes no draws", t->run->model->name);
    return status == ELBO_OK ? split(t) : status;
}

static elbo_status open_folder(elbo__training *t)
{
    t->saver = (elbo__saver){.run = t->run,
                             .how = &t->how,
                             .val = &t->val,
                             .test = &t->tested,
                             .shown = t->test_images ? t->test_images : t->train_images};
    if (!t->how.folder)
        return ELBO_OK;
    const elbo__folder_way way = t->how.resume ? ELBO__GO_ON : t->how.force ? ELBO__REPLACE : ELBO__NEW;
    return elbo__folder_open(t->how.folder, way, &t->saver.folder);
}

/* To the place where the training stopped. After the last step of an epoch it may have stopped while it wrote files. */
static elbo_status go_on(elbo__training *t)
{
    char epochs[24];
    elbo_status status = elbo__checkpoint_read(t);
    elbo__print(epochs, sizeof epochs, "%lld", (long long)t->how.epochs);
    if (status == ELBO_OK && !t->at.over) /* else there will be no more */
        status = elbo_run_note(t->run, "epochs", epochs);
    return status == ELBO_OK && t->at.epoch > 1 && t->at.first == 0 ? elbo__save_again(t) : status;
}

static elbo_status prepare(elbo__training *t)
{
    elbo_status status = open_tables(t);
    if (status == ELBO_OK)
        status = t->how.resume ? elbo__check_same_data(t->run, t->train_images, t->test_images)
                               : elbo__note_training(t->run, t->values, t->train_images, t->test_images);
    if (status == ELBO_OK)
        status = compile_all(t);
    if (status == ELBO_OK)
        status = make_copies(t);
    if (status == ELBO_OK)
        status = open_folder(t);
    t->at.epoch = 1;
    t->clock = t->saved = elbo__training_now();
    if (status == ELBO_OK && t->how.resume)
        return go_on(t);
    if (status == ELBO_OK)
        forget_moments(t->run->params);
    return status == ELBO_OK ? elbo__save_rehearse(&t->saver) : status;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static bool is_over(const elbo__training *t)
{
    return t->at.over || t->at.epoch > t->how.epochs;
}

/* One epoch, or what is left of it. ELBO_STOPPED: somebody wanted no more before it was finished. */
static elbo_status run_epoch(elbo__training *t, elbo_epoch *out)
{
    bool go_on = true;
    if (t->run->model->fit) {
        elbo_status status = elbo__fit_epoch(t, out);
        t->at.epoch++;
        return status;
    }
    elbo_status status = elbo__train_epoch(t, &go_on);
    if (status == ELBO_OK)
        status = go_on ? elbo__finish_epoch(t, out) : ELBO_STOPPED;
    return status;
}

static elbo_status run_epochs(elbo__training *t, elbo_epoch *last)
{
    bool go_on = true;
    elbo_status status = ELBO_OK;
    while (!is_over(t) && status == ELBO_OK && go_on) {
        elbo_epoch epoch;
        status = run_epoch(t, &epoch);
        if (status == ELBO_OK) {
            *last = epoch;
            go_on = elbo__training_report(t, &epoch) && !t->saver.stopped;
        }
    }
    if (status == ELBO_STOPPED && !t->run->model->fit)
        status = elbo__checkpoint_write(t);
    if (status == ELBO_OK && is_over(t) && elbo__kept_weights(t) != t->run->params)
        elbo__weights_take(t->run->params, elbo__kept_weights(t));
    return status;
}

/* The choices of a training that goes on: those that its run noted, and perhaps another number of epochs. */
static elbo_status noted_values(elbo_run *run, const elbo_training *how, elbo_values *out)
{
    elbo_status status = ELBO_OK;
    for (const elbo_option *o = elbo_training_options; o->name && status == ELBO_OK; o++) {
        char *text = elbo_run_noted(run, o->name);
        if (text)
            status = elbo_values_set(out, o->name, text);
        elbo_release(text);
    }
    if (status == ELBO_OK && how->epochs > 0) {
        char *text = elbo__format("%lld", (long long)how->epochs);
        status = text ? elbo_values_set(out, "epochs", text) : ELBO_NO_MEMORY;
        elbo__free(text);
    }
    return status;
}

static elbo_status choose(elbo_run *run, const elbo_training *how, elbo_values *out)
{
    if (how->resume && !how->folder)
        return elbo__fail(ELBO_INVALID, "to go on with a training takes its folder");
    if (how->optim.skip_nonfinite)
        return elbo__fail(ELBO_INVALID, "skip_nonfinite: a training leaves out such steps by itself");
    if (!how->folder && (how->sample_every || how->tensorboard || how->checkpoint_every || how->force))
        return elbo__fail(ELBO_INVALID, "%s: of no use without a folder",
                          how->sample_every  ? "sample_every"
                          : how->tensorboard ? "tensorboard"
                          : how->force       ? "force"
                                             : "checkpoint_every");
    if (how->resume)
        return noted_values(run, how, out);
    elbo_status status = elbo__training_values(how, out);
    return status == ELBO_OK ? elbo__choose_lr(run, out) : status;
}

static void release(elbo__training *t)
{
    elbo__run_forget(t->run, ELBO__STEP);
    t->run->optim = NULL;
    t->run->average = 0;
    elbo__folder_close(t->saver.folder);
    elbo__table_free(&t->train);
    elbo__table_free(&t->test);
    elbo_params_free(t->good);
    elbo_params_free(t->averaged);
    elbo_params_free(t->best);
    elbo__free(t->rows);
    elbo__free(t->order);
}

elbo_status elbo_train(elbo_run *run, const elbo_images *train, const elbo_images *test, const elbo_training *training,
                       elbo_epoch *last)
{
    static const elbo_training defaults = {.epochs = 0};
    const elbo_training *how = training ? training : &defaults;
    elbo_epoch nowhere;
    last = last ? last : &nowhere;
    *last = (elbo_epoch){.epoch = 0};
    elbo_values *values = elbo_values_new(elbo_training_options);
    if (!values)
        return ELBO_NO_MEMORY;
    elbo_status status = choose(run, how, values);
    elbo__training t = {.run = run, .values = values, .train_images = train, .test_images = test};
    t.how = elbo_training_of(values);
    t.how.lr = elbo_values_number(values, "lr");
    t.how.folder = how->folder;
    t.how.force = how->force;
    t.how.resume = how->resume;
    t.how.progress = how->progress;
    t.how.warning = how->warning;
    t.how.user = how->user;
    if (run->model->fit)
        t.how.epochs = 1;
    run->optim = &t.how.optim;
    run->average = t.how.ema;
    if (status == ELBO_OK)
        status = prepare(&t);
    if (status == ELBO_OK)
        status = run_epochs(&t, last);
    release(&t);
    elbo_values_free(values);
    return status == ELBO_STOPPED ? ELBO_OK : status; /* by whoever watches, as a training may be ended */
}

elbo_run *elbo_train_load(const char *folder, const elbo_model *const *models)
{
    char *path = elbo__folder_resume(folder);
    elbo_run *run = path ? elbo__run_load_resume(path, models) : NULL;
    elbo__free(path);
    return run;
}
