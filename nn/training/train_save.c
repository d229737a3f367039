/* What a training leaves behind: notes in the configuration, and the files of the run folder. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "../../io/csv.h"
#include "../../io/events.h"
#include "../../io/file.h"
#include "../../tensor/machine.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../options/option_private.h"
#include "../pictures/picture_private.h"
#include "train_private.h"

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

/* A note of a figure, such as test-squared-error. */
typedef struct {
    char key[48];
} figure_key;

static figure_key key_of(const char *part, const char *name)
{
    figure_key k;
    elbo__print(k.key, sizeof k.key, "%s-%s", part, name);
    for (char *c = k.key; *c; c++)
        *c = *c == '_' ? '-' : *c;
    return k;
}

static bool is_figure(const char *key)
{
    static const char *const parts[] = {"train-", "val-", "test-"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strncmp(key, parts[i], strlen(parts[i])) == 0)
            return !elbo__option_row(elbo_training_options, key) && !strstr(key, "-fingerprint");
    return strcmp(key, ELBO__ACTIVE_UNITS) == 0;
}

static void forget_figures(elbo_run *run)
{
    for (size_t k = run->notes.count; k-- > 0;)
        if (is_figure(run->notes.entries[k].key))
            elbo_ini_remove(&run->notes, run->notes.entries[k].key);
}

/* Of a training before this one nothing may be left: its figures are not those of this model. */
static void forget_training(elbo_run *run)
{
    static const char *const notes[] = {"kernels",        "epochs-done",       "steps-done",
                                        "images-trained", "train-fingerprint", "test-fingerprint"};
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
        elbo_ini_remove(&run->notes, notes[i]);
    forget_figures(run);
}

elbo_status elbo__note_training(elbo_run *run, const elbo_values *values, const elbo_images *train,
                                const elbo_images *test)
{
    const elbo_machine machine = elbo_machine_describe();
    elbo_status status = ELBO_OK;
    forget_training(run);
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

static elbo_status note_figures(elbo_run *run, const char *part, const elbo_figures *figures)
{
    elbo_status status = ELBO_OK;
    for (int i = 0; i < figures->count && status == ELBO_OK; i++)
        status = note(run, key_of(part, figures->at[i].name).key, elbo__format("%.9g", figures->at[i].value));
    return status;
}

/* Figures of the same epoch that were noted before stay; those of another one go. */
elbo_status elbo__note_epoch(elbo_run *run, const elbo_epoch *epoch)
{
    const char *noted = elbo_ini_get(&run->notes, "epochs-done");
    if (noted && elbo__read_integer(noted, NULL) != epoch->epoch)
        forget_figures(run);
    elbo_status status = note(run, "epochs-done", elbo__format("%" PRId64, epoch->epoch));
    if (status == ELBO_OK && epoch->step > 0)
        status = note(run, "steps-done", elbo__format("%" PRId64, run->steps));
    if (status == ELBO_OK && run->images > 0)
        status = note(run, "images-trained", elbo__format("%" PRId64, run->images));
    if (status == ELBO_OK)
        status = note_figures(run, "train", &epoch->train);
    if (status == ELBO_OK)
        status = note_figures(run, "val", &epoch->val);
    return status == ELBO_OK ? note_figures(run, "test", &epoch->test) : status;
}

static elbo_status check_fingerprint(const elbo_run *run, const char *key, const elbo_images *images, const char *part)
{
    char now[24];
    const char *noted = elbo_ini_get(&run->notes, key);
    elbo__print(now, sizeof now, "%016" PRIx64, images ? images->fingerprint : 0);
    if (!noted == !images && (!noted || strcmp(noted, now) == 0))
        return ELBO_OK;
    return elbo__fail(ELBO_INVALID, "these %s images are not those that the training began with%s", part,
                      !images  ? ": there are none"
                      : !noted ? ": there were none"
                               : "");
}

elbo_status elbo__check_same_data(const elbo_run *run, const elbo_images *train, const elbo_images *test)
{
    elbo_status status = check_fingerprint(run, "train-fingerprint", train, "training");
    return status == ELBO_OK ? check_fingerprint(run, "test-fingerprint", test, "test") : status;
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

/* A row of a table, whose columns are the same after every epoch. */
typedef struct {
    char names[3 * ELBO_MAX_METRICS][48];
    const char *columns[3 * ELBO_MAX_METRICS + 8];
    elbo_number numbers[3 * ELBO_MAX_METRICS + 8];
    int n, named;
} table_row;

static void add_number(table_row *row, const char *name, double value)
{
    row->columns[row->n] = name;
    row->numbers[row->n++] = (elbo_number){name, value};
}

/* Columns of these names; what has no figure is nan here, and stays empty in the file. */
static void add_figures(table_row *row, const char *part, const elbo_figures *names, const elbo_figures *figures)
{
    for (int i = 0; i < names->count; i++) {
        char *name = row->names[row->named++];
        elbo__print(name, sizeof row->names[0], "%s_%s", part, names->at[i].name);
        add_number(row, name, elbo_figures_get(figures, names->at[i].name));
    }
}

/* Takes out the numbers that are nan: of a finished epoch, those that there are not. */
static int finite_numbers(elbo_number *numbers, int n)
{
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (!isnan(numbers[i].value))
            numbers[kept++] = numbers[i];
    return kept;
}

/* A checkpoint that reaches the disk must not be ahead of the rows before it. */
static elbo_status put_on_disk(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool synced = fd >= 0 && fsync(fd) == 0;
    elbo_status status = synced ? ELBO_OK : elbo__fail(ELBO_IO, "%s: cannot write: %s", path, elbo__reason(errno));
    if (fd >= 0)
        close(fd);
    return status;
}

/* Leaves the numbers that there are in the row. */
static elbo_status add_row(const elbo__saver *s, const char *name, table_row *row)
{
    elbo_csv *csv;
    char *path = elbo__folder_file(s->folder, name);
    elbo_status status = path ? elbo_csv_open(path, row->columns, row->n, &csv) : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        row->n = finite_numbers(row->numbers, row->n);
        status = elbo_csv_row(csv, row->numbers, row->n);
        elbo_csv_close(csv);
    }
    if (status == ELBO_OK)
        status = put_on_disk(path);
    elbo__free(path);
    return status;
}

/* The same figures as events: "train_loss" is the tag train/loss. What a training that goes on makes again is cut. */
static elbo_status add_events(const elbo__saver *s, const elbo_epoch *epoch, const table_row *row)
{
    elbo_number figures[3 * ELBO_MAX_METRICS + 8];
    char tags[3 * ELBO_MAX_METRICS + 8][48];
    int n = 0;
    for (int i = 2; i < row->n; i++, n++) { /* behind epoch and step */
        elbo__print(tags[n], sizeof tags[n], "%s", row->numbers[i].name);
        char *part = strchr(tags[n], '_');
        if (part)
            *part = '/';
        figures[n] = (elbo_number){tags[n], row->numbers[i].value};
    }
    elbo_events *events;
    char *path = elbo__folder_file(s->folder, ELBO__EVENTS_FILE);
    elbo_status status = path ? elbo_events_open(path, epoch->step - 1, &events) : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        status = elbo_events_scalars(events, epoch->step, figures, n);
        elbo_events_close(events);
    }
    elbo__free(path);
    return status;
}

elbo_status elbo__save_events_picture(const elbo__saver *s, int64_t step)
{
    char *path = elbo__folder_file(s->folder, ELBO__EVENTS_FILE);
    char *samples = elbo__folder_file(s->folder, ELBO__SAMPLES_FILE);
    elbo_events *events;
    elbo_status status = path && samples ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK && s->how->tensorboard && access(samples, F_OK) == 0) {
        status = elbo_events_open(path, step, &events);
        if (status == ELBO_OK) {
            status = elbo_events_picture(events, step, "samples", samples);
            elbo_events_close(events);
        }
    }
    elbo__free(path);
    elbo__free(samples);
    return status;
}

elbo_status elbo__save_rows(const elbo__saver *s, const elbo_epoch *epoch)
{
    table_row metrics = {.n = 0}, timing = {.n = 0};
    add_number(&metrics, "epoch", (double)epoch->epoch);
    add_number(&metrics, "step", (double)epoch->step);
    add_number(&metrics, "lr", epoch->lr);
    add_number(&metrics, "beta", epoch->beta);
    add_number(&metrics, "skipped", (double)epoch->skipped);
    add_figures(&metrics, "train", &epoch->train, &epoch->train);
    add_figures(&metrics, "val", s->val, &epoch->val);
    add_figures(&metrics, "test", s->test, &epoch->test);
    add_number(&timing, "epoch", (double)epoch->epoch);
    add_number(&timing, "seconds", epoch->seconds);
    add_number(&timing, "images_per_s", epoch->images_per_s);
    elbo_status status = add_row(s, ELBO__METRICS_FILE, &metrics);
    if (status == ELBO_OK)
        status = add_row(s, ELBO__TIMING_FILE, &timing);
    return status == ELBO_OK && s->how->tensorboard ? add_events(s, epoch, &metrics) : status;
}

/* The end of the rows of epochs before `epoch` in the text of a table, the epoch of the last of them and its second
 * number. */
static char *rows_before(char *text, int64_t epoch, int64_t *last, double *second)
{
    char *end = strchr(text, '\n'), *number;
    for (end = end ? end + 1 : text; strchr(end, '\n'); end = strchr(end, '\n') + 1) {
        const int64_t here = elbo__read_integer(end, &number);
        if (here >= epoch || *number != ',')
            break;
        *last = here;
        *second = elbo__read_number(number + 1, NULL);
    }
    return end;
}

static elbo_status cut_table(const elbo__saver *s, const char *name, int64_t epoch, double *second)
{
    char *path = elbo__folder_file(s->folder, name), *text = NULL;
    int64_t last = 0;
    size_t size;
    elbo_status status = path ? ELBO_OK : ELBO_NO_MEMORY;
    if (path && access(path, F_OK) == 0) {
        status = elbo__file_read(path, (size_t)1 << 30, &text, &size);
        const off_t length = status == ELBO_OK ? rows_before(text, epoch, &last, second) - text : 0;
        if (status == ELBO_OK && last != epoch - 1)
            status = elbo__fail(ELBO_FORMAT, "%s: ends with epoch %lld; expected %lld", path, (long long)last,
                                (long long)epoch - 1);
        else if (status == ELBO_OK && truncate(path, length) != 0)
            status = elbo__fail(ELBO_IO, "%s: cannot cut: %s", path, elbo__reason(errno));
    }
    elbo__free(text);
    elbo__free(path);
    return status;
}

elbo_status elbo__cut_rows(const elbo__saver *s, int64_t epoch, double *seconds)
{
    double steps;
    elbo_status status = cut_table(s, ELBO__METRICS_FILE, epoch, &steps);
    return status == ELBO_OK ? cut_table(s, ELBO__TIMING_FILE, epoch, seconds) : status;
}

/* ---- files: each takes the path to write to ---------------------------------------------------------------------- */

static elbo_status write_model(const elbo__saver *s, const char *path)
{
    return elbo_run_save(s->run, path);
}

static elbo_status write_config(const elbo__saver *s, const char *path)
{
    return elbo__write_config(s->run, path);
}

elbo_status elbo__save_model(const elbo__saver *s)
{
    char *path = elbo__folder_file(s->folder, ELBO__MODEL_FILE);
    elbo_status status = path ? write_model(s, path) : ELBO_NO_MEMORY;
    elbo__free(path);
    return status;
}

static elbo_status draw_samples(const elbo__saver *s, const char *path)
{
    const bool shown = elbo_run_has_prior(s->run) && !elbo__run_has_columns(s->run);
    return shown ? elbo__picture_some_samples(s->run, path) : ELBO_OK;
}

static elbo_status draw_reconstruction(const elbo__saver *s, const char *path)
{
    return elbo__run_has_columns(s->run) ? ELBO_OK : elbo__picture_some_reconstructions(s->run, s->shown, path);
}

/* The model comes before what only shows it. */
static const struct file {
    const char *name;
    elbo_status (*write)(const elbo__saver *s, const char *path);
    bool picture;
} files[] = {{ELBO__MODEL_FILE, write_model, false},
             {ELBO__CONFIG_FILE, write_config, false},
             {ELBO__SAMPLES_FILE, draw_samples, true},
             {ELBO__RECONSTRUCTION_FILE, draw_reconstruction, true}};
enum { FILES = sizeof files / sizeof files[0] };

/* A picture that is not drawn is told once. */
static void warn_once(elbo__saver *s, int file)
{
    if (!s->how->warning || s->warned & 1u << file)
        return;
    char *message = elbo__format("%s is not drawn: %s", files[file].name, elbo_error());
    s->how->warning(s->how->user, message ? message : elbo_error());
    s->warned |= 1u << file;
    elbo__free(message);
}

/* A picture that could not be drawn is not there: that of an epoch before would be of another model. */
static elbo_status write_named(elbo__saver *s, int file, const char *name)
{
    char *path = elbo__folder_file(s->folder, name);
    elbo_status status = path ? files[file].write(s, path) : ELBO_NO_MEMORY;
    if (files[file].picture && status != ELBO_OK) {
        if (status == ELBO_STOPPED)
            s->stopped = true;
        else
            warn_once(s, file);
        if (path)
            unlink(path);
        status = ELBO_OK;
    }
    elbo__free(path);
    return status;
}

elbo_status elbo__save_numbered(elbo__saver *s, int64_t epoch)
{
    enum { SAMPLES = 2 };
    char name[48];
    if (s->how->sample_every < 1 || epoch % s->how->sample_every != 0 || !elbo_run_has_prior(s->run))
        return ELBO_OK;
    elbo__print(name, sizeof name, ELBO__NUMBERED_SAMPLES, (long long)epoch);
    return write_named(s, SAMPLES, name);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* What model.safetensors and resume.safetensors take: weights, and with them moments and the best weights so far; and
 * the configuration as metadata. 0 when memory is short. */
static int64_t bytes_of_weights(const elbo__saver *s)
{
    const elbo_run *run = s->run;
    const elbo_tensor weights = elbo_params_slab(run->params, 0);
    const int sets = run->model->fit ? 1 : 1 + elbo_params_slab_count(run->params) + (s->how->val > 0);
    int64_t bytes = elbo_shape_size(&weights.layout.shape) * (int64_t)elbo_dtype_size(weights.dtype) * sets;
    elbo_ini configuration = {.count = 0};
    if (elbo_run_describe(run, &configuration) != ELBO_OK)
        bytes = 0;
    for (size_t i = 0; bytes && i < configuration.count; i++)
        bytes += 2 * (int64_t)(strlen(configuration.entries[i].key) + strlen(configuration.entries[i].value));
    elbo_ini_free(&configuration);
    return bytes;
}

elbo_status elbo__save_rehearse(elbo__saver *s)
{
    if (!s->folder)
        return ELBO_OK;
    const int64_t bytes = bytes_of_weights(s);
    elbo_status status = bytes ? elbo__folder_check_room(s->folder, bytes) : ELBO_NO_MEMORY;
    for (int i = 0; i < FILES && status == ELBO_OK; i++)
        if (files[i].picture && !s->run->model->fit) { /* before it is fitted such a model has nothing to show */
            status = write_named(s, i, files[i].name);
            char *path = elbo__folder_file(s->folder, files[i].name);
            if (path)
                unlink(path); /* of weights that have learned nothing */
            elbo__free(path);
        }
    return status == ELBO_OK && s->stopped ? ELBO_STOPPED : status;
}

elbo_status elbo__save_epoch(elbo__saver *s, bool new_model)
{
    bool model = false;
    elbo_status status = ELBO_OK;
    for (int i = 0; i < FILES && status == ELBO_OK && new_model; i++) {
        status = write_named(s, i, files[i].name);
        model = model || status == ELBO_OK; /* which is the first of them */
    }
    if (status == ELBO_OK)
        status = elbo__folder_publish(s->folder);
    if (status != ELBO_OK && model)
        elbo__folder_keep(s->folder, status);
    return status == ELBO_OK && s->stopped ? ELBO_STOPPED : status;
}
