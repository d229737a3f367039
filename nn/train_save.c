/* What a training leaves behind: notes in the configuration, and the files of the run folder. */
#include <inttypes.h>
#include <math.h>

#include "../io/csv.h"
#include "../tensor/machine.h"
#include "../tensor/memory.h"
#include "picture.h"
#include "train_private.h"

enum { SAMPLES_IN_A_COLUMN = 8, SAMPLES = 64, RECONSTRUCTIONS = 32 };

/* ---- notes ------------------------------------------------------------------------------------------------------- */

/* Notes a text that this function frees; NULL when it could not be made. */
static elbo_status note(elbo_run *run, const char *key, char *text)
{
    elbo_status status = text ? elbo_run_note(run, key, text) : ELBO_NO_MEMORY;
    elbo_release(text);
    return status;
}

static elbo_status note_fingerprint(elbo_run *run, const char *key, const elbo_images *images)
{
    return note(run, key, elbo__format("%016" PRIx64, images->fingerprint));
}

elbo_status elbo__note_training(elbo_run *run, const elbo_values *values, const elbo_images *train,
                                const elbo_images *test)
{
    const elbo_machine machine = elbo_machine_describe();
    elbo_status status = ELBO_OK;
    for (const elbo_option *o = elbo_training_options; o->name && status == ELBO_OK && !run->model->fit; o++)
        status = note(run, o->name, elbo_values_print(values, o->name));
    if (status == ELBO_OK)
        /* what results depend on: with kernels of our own, not on the instruction set */
        status = elbo_run_note(run, "kernels", machine.own_f32 ? "elbo" : machine.blis);
    if (status == ELBO_OK)
        status = note_fingerprint(run, "train-fingerprint", train);
    if (status == ELBO_OK && test)
        status = note_fingerprint(run, "test-fingerprint", test);
    return status;
}

static elbo_status note_epoch(elbo_run *run, const elbo_epoch *epoch)
{
    const struct {
        const char *key;
        double value;
    } figures[] = {{"train-loss", epoch->train_loss},
                   {"test-elbo", epoch->test_elbo},
                   {"test-recon", epoch->test_recon},
                   {"test-kl", epoch->test_kl},
                   {"test-squared-error", epoch->test_squared_error}};
    elbo_status status = note(run, "epochs-done", elbo__format("%" PRId64, epoch->epoch));
    if (status == ELBO_OK)
        status = note(run, "steps-done", elbo__format("%" PRId64, epoch->step));
    for (size_t i = 0; i < sizeof figures / sizeof figures[0] && status == ELBO_OK; i++)
        if (!isnan(figures[i].value))
            status = note(run, figures[i].key, elbo__format("%.9g", figures[i].value));
    return status;
}

/* ---- files: each takes the path to write to ---------------------------------------------------------------------- */

typedef struct {
    elbo_run *run;
    const elbo_epoch *epoch;
    const elbo_images *shown;
} state;

static elbo_status write_model(const state *s, const char *path)
{
    return elbo_run_save(s->run, path);
}

static elbo_status write_config(const state *s, const char *path)
{
    elbo_ini ini = {.count = 0};
    elbo_status status = elbo_ini_comment(
        &ini, "How this run was made: the keys are the long options of `elbo train`, "
              "and what it came to. What is loaded is model.safetensors, which says the same.");
    if (status == ELBO_OK)
        status = elbo_run_describe(s->run, &ini);
    if (status == ELBO_OK)
        status = elbo_ini_write(path, &ini);
    elbo_ini_free(&ini);
    return status;
}

#define COLUMNS(C)                                                                                                     \
    C(epoch)                                                                                                           \
    C(step)                                                                                                            \
    C(seconds)                                                                                                         \
    C(images_per_s)                                                                                                    \
    C(lr)                                                                                                              \
    C(beta)                                                                                                            \
    C(train_loss)                                                                                                      \
    C(train_recon)                                                                                                     \
    C(train_kl)                                                                                                        \
    C(test_elbo)                                                                                                       \
    C(test_recon)                                                                                                      \
    C(test_kl)                                                                                                         \
    C(test_squared_error)
#define NAME(column) #column,
#define NUMBER(column) {#column, (double)s->epoch->column},

static elbo_status add_metrics(const state *s, const char *path)
{
    static const char *const columns[] = {COLUMNS(NAME)};
    const elbo_number row[] = {COLUMNS(NUMBER)};
    enum { WIDTH = sizeof columns / sizeof columns[0] };
    elbo_csv *csv;
    elbo_status status = elbo_csv_open(path, columns, WIDTH, &csv);
    if (status != ELBO_OK)
        return status;
    status = elbo_csv_row(csv, row, WIDTH);
    elbo_csv_close(csv);
    return status;
}

static elbo_status draw_samples(const state *s, const char *path)
{
    if (s->run->model->flags & ELBO_NO_PRIOR)
        return ELBO_OK;
    const int64_t n = s->run->classes > 0 ? SAMPLES_IN_A_COLUMN * (int64_t)s->run->classes : SAMPLES;
    return elbo_draw_samples(s->run, n, ELBO_EACH_CLASS, s->run->seed, path);
}

static elbo_status draw_reconstruction(const state *s, const char *path)
{
    return elbo_draw_reconstruction(s->run, s->shown, RECONSTRUCTIONS, s->run->seed, path);
}

elbo_status elbo__save_epoch(elbo_run *run, elbo__folder *folder, const elbo_epoch *epoch, const elbo_images *shown)
{
    static const struct {
        const char *name;
        elbo_status (*write)(const state *s, const char *path);
    } files[] = {{ELBO__MODEL_FILE, write_model},
                 {ELBO__CONFIG_FILE, write_config},
                 {ELBO__METRICS_FILE, add_metrics},
                 {ELBO__SAMPLES_FILE, draw_samples},
                 {ELBO__RECONSTRUCTION_FILE, draw_reconstruction}};
    const state s = {run, epoch, shown};
    elbo_status status = note_epoch(run, epoch);
    for (size_t i = 0; i < sizeof files / sizeof files[0] && status == ELBO_OK; i++) {
        char *path = elbo__folder_file(folder, files[i].name);
        status = path ? files[i].write(&s, path) : ELBO_NO_MEMORY;
        elbo__free(path);
    }
    return status == ELBO_OK ? elbo__folder_publish(folder) : status;
}
