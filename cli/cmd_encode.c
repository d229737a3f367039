/* elbo encode RUN: codes of images as .npy or .csv files. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../io/csv_write.h"
#include "../io/file.h"
#include "../io/npy.h"
#include "../io/quote.h"
#include "../nn/runs/code_map.h"
#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "command.h"
#include "data.h"
#include "on_run.h"
#include "progress.h"
#include "result.h"

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    OPTION_FIRST,
    {.name = "output",
     .alias = "o",
     .type = ELBO_TEXT,
     .default_value = "codes",
     .metavar = "NAME",
     .help = "NAME.csv: a line for each image, with its file where it is one, its label, its code; else NAME-mean.npy "
             "(or NAME as it is, where it ends in .npy) and, where there are such, NAME-logvar.npy, NAME-numbers.npy, "
             "NAME-labels.npy and, of images that are files, NAME-names.txt"},
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* What is written: codes of the images in order. */
typedef struct {
    const run_job *job;
    float *mean, *logvar; /* (N, Z); logvar NULL: q(z|x) is no normal                    */
    int32_t *numbers;     /* (N, H, W, L); NULL: codes are no whole numbers              */
    elbo_code_map map;
} found_codes;

/* Whole numbers of one image */
static int64_t numbers_of(const found_codes *c)
{
    return c->numbers ? c->map.height * c->map.width * c->map.levels : 0;
}

static bool ends_in(const char *name, const char *end)
{
    const size_t length = strlen(name), last = strlen(end);
    return length > last && elbo__same_letters(name + length - last, end);
}

/* ---- .csv -------------------------------------------------------------------------------------------------------- */

static void put_label(elbo__csv_writer *csv, const run_job *job, int64_t image)
{
    const int label = (int)elbo_tensor_get(&job->images->labels, &image);
    const char *name = elbo_run_class_name(job->run, label);
    if (!name && job->images->class_names)
        name = job->images->class_names[label];
    if (name)
        elbo__csv_words(csv, name);
    else
        elbo__csv_count(csv, "", label);
}

static void put_header(elbo__csv_writer *csv, const found_codes *c)
{
    const int64_t dims = elbo_run_latent(c->job->run);
    if (c->job->images->file_names)
        elbo__csv_words(csv, "file");
    if (c->job->images->labels.data)
        elbo__csv_words(csv, "label");
    for (int64_t k = 0; k < dims; k++)
        elbo__csv_count(csv, "z", k + 1);
    for (int64_t k = 0; k < dims && c->logvar; k++)
        elbo__csv_count(csv, "logvar", k + 1);
    for (int64_t k = 0; k < numbers_of(c); k++)
        elbo__csv_count(csv, "n", k + 1);
    elbo__csv_end_line(csv);
}

static void put_image(elbo__csv_writer *csv, const found_codes *c, int64_t image)
{
    const int64_t dims = elbo_run_latent(c->job->run);
    if (c->job->images->file_names)
        elbo__csv_words(csv, c->job->images->file_names[image]);
    if (c->job->images->labels.data)
        put_label(csv, c->job, image);
    for (int64_t k = 0; k < dims; k++)
        elbo__csv_put_number(csv, c->mean[image * dims + k]);
    for (int64_t k = 0; k < dims && c->logvar; k++)
        elbo__csv_put_number(csv, c->logvar[image * dims + k]);
    for (int64_t k = 0; k < numbers_of(c); k++)
        elbo__csv_count(csv, "", c->numbers[image * numbers_of(c) + k]);
    elbo__csv_end_line(csv);
}

static elbo_status write_csv(const found_codes *c, const char *path, result *r)
{
    const int64_t n = c->job->images->count;
    elbo__csv_writer *csv;
    elbo_status status = elbo__csv_writer_open(path, &csv);
    if (status != ELBO_OK)
        return status;
    put_header(csv, c);
    for (int64_t i = 0; i < n; i++)
        put_image(csv, c, i);
    status = elbo__csv_writer_commit(csv);
    if (status == ELBO_OK) {
        elbo__cli_line(r, "codes %s (%" PRId64 ", %" PRId64 ")", path, n, elbo_run_latent(c->job->run));
        elbo__cli_put_text(r, "codes", path);
    }
    return status;
}

/* ---- .npy -------------------------------------------------------------------------------------------------------- */

/* The name of a file of a kind, for free: that of the means may be the user's own. NULL: memory is short. */
static char *name_of(const char *name, const char *kind, const char *end)
{
    const bool whole = ends_in(name, ".npy");
    const int length = (int)strlen(name) - (whole ? 4 : 0);
    char *path = NULL;
    if (whole && strcmp(kind, "mean") == 0)
        return strdup(name);
    return asprintf(&path, "%.*s-%s%s", length, name, kind, end) < 0 ? NULL : path;
}

/* The files of an image each, one a line; one with a line break or a double quote in it is quoted (io/quote.h). */
static elbo_status write_names(const char *path, char *const *names, int64_t n)
{
    elbo__writer *out;
    elbo_status status = elbo__writer_open(path, &out);
    if (status != ELBO_OK)
        return status;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++) {
        char *name = elbo__quote(names[i]);
        status = name ? ELBO_OK : ELBO_NO_MEMORY;
        if (name)
            elbo__write(out, name, strlen(name));
        elbo__write(out, "\n", 1);
        elbo__free(name);
    }
    if (status == ELBO_OK)
        return elbo__writer_commit(out);
    elbo__writer_abort(out);
    return status;
}

/* A file of NumPy or of lines; both NULL: there is nothing of the kind. */
typedef struct {
    const char *kind, *end;
    const elbo_tensor *tensor;
    char *const *lines;
} npy_file;

/* Where there is nothing of the kind, the file that an earlier call has left under the same name goes: it would be
 * taken for one of this call. */
static elbo_status write_file(const run_job *job, const npy_file *file, result *r)
{
    const elbo_shape shape = file->tensor ? file->tensor->layout.shape : ELBO_SHAPE(job->images->count);
    elbo_status status = ELBO_OK;
    char *path = name_of(elbo_values_text(job->values, "output"), file->kind, file->end);
    if (!path)
        return ELBO_NO_MEMORY;
    if (file->tensor)
        status = elbo_npy_write(path, file->tensor);
    else if (file->lines)
        status = write_names(path, file->lines, job->images->count);
    else
        unlink(path);
    if (status == ELBO_OK && (file->tensor || file->lines)) {
        elbo__cli_line(r, "%s %s %s", file->kind, path, elbo_shape_format(&shape).text);
        elbo__cli_put_text(r, file->kind, path);
    }
    free(path);
    return status;
}

static elbo_status write_npy(const found_codes *c, result *r)
{
    const elbo_images *images = c->job->images;
    const elbo_shape shape = ELBO_SHAPE(images->count, elbo_run_latent(c->job->run));
    const elbo_tensor means = elbo_tensor_of(ELBO_F32, shape, c->mean);
    const elbo_tensor logvars = elbo_tensor_of(ELBO_F32, shape, c->logvar);
    const elbo_shape map = ELBO_SHAPE(images->count, c->map.height, c->map.width, c->map.levels);
    const elbo_tensor numbers = elbo_tensor_of(ELBO_I32, map, c->numbers);
    const npy_file files[] = {
        {"mean", ".npy", .tensor = &means},
        {"logvar", ".npy", .tensor = c->logvar ? &logvars : NULL},
        {"numbers", ".npy", .tensor = c->numbers ? &numbers : NULL},
        {"labels", ".npy", .tensor = images->labels.data ? &images->labels : NULL},
        {"names", ".txt", .lines = images->file_names},
    };
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < sizeof files / sizeof files[0] && status == ELBO_OK; i++)
        status = write_file(c->job, &files[i], r);
    return status;
}

/* ---- codes ------------------------------------------------------------------------------------------------------- */

static bool are_finite(const run_job *job, const char *kind, const float *x, int64_t n)
{
    int64_t bad = 0;
    for (int64_t i = 0; i < n && x; i++)
        bad += !isfinite(x[i]);
    if (bad)
        elbo__cli_say("%s: %" PRId64 " numbers of %s are not finite", job->path, bad, kind);
    return bad == 0;
}

static elbo_status find_numbers(found_codes *c)
{
    c->map = elbo_run_code_map(c->job->run);
    if (!c->map.codes)
        return ELBO_OK;
    const size_t size = (size_t)(c->map.height * c->map.width * c->map.levels);
    c->numbers = calloc((size_t)c->job->images->count, size * sizeof *c->numbers);
    return c->numbers ? elbo_run_codes(c->job->run, c->job->images, c->numbers)
                      : elbo__fail(ELBO_NO_MEMORY, "out of memory");
}

/* Frees the log-variances where there are none. */
static elbo_status find_means(found_codes *c)
{
    const run_job *job = c->job;
    const size_t n = (size_t)job->images->count, dims = (size_t)elbo_run_latent(job->run);
    c->mean = calloc(n, dims * sizeof *c->mean);
    c->logvar = calloc(n, dims * sizeof *c->logvar);
    if (!c->mean || !c->logvar)
        return elbo__fail(ELBO_NO_MEMORY, "out of memory");
    elbo_status status = elbo_run_encode_images(job->run, job->images, c->mean, c->logvar);
    if (status != ELBO_INVALID)
        return status;
    free(c->logvar); /* q(z|x) is no normal */
    c->logvar = NULL;
    return elbo_run_encode_images(job->run, job->images, c->mean, NULL);
}

/* A name with another end is the beginning of several; but not one that means to be a picture. */
static bool is_of_picture(const char *name)
{
    static const char *const ends[] = {".png", ".svg", ".jpg", ".jpeg", ".gif", ".pdf"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_in(name, ends[i]))
            return true;
    return false;
}

static int encode(const run_job *job)
{
    const char *name = elbo_values_text(job->values, "output");
    if (is_of_picture(name)) {
        elbo__cli_say("option \"output\": \"%s\": codes are no picture; expected a name that ends in .npy or .csv, or "
                      "the beginning of one",
                      name);
        return USAGE;
    }
    const int64_t size = job->images->count * elbo_run_latent(job->run);
    found_codes c = {.job = job};
    result r = elbo__cli_result(job->values);
    elbo_status status = find_means(&c);
    if (status == ELBO_OK)
        status = find_numbers(&c);
    if (status == ELBO_OK)
        status = ends_in(name, ".csv") ? write_csv(&c, name, &r) : write_npy(&c, &r);
    int end = status == ELBO_OK ? EXIT_SUCCESS : elbo__cli_fail();
    if (status == ELBO_OK && !(are_finite(job, "mean", c.mean, size) && are_finite(job, "logvar", c.logvar, size)))
        end = FAILED;
    free(c.mean);
    free(c.logvar);
    free(c.numbers);
    return elbo__cli_result_end(&r, end);
}

int elbo__cmd_encode(int argc, char **argv)
{
    command_line line = {
        .name = "encode",
        .doc = "Writes the codes of images as .npy files or as one .csv file: the means of q(z|x), their log-variances "
               "where it is a normal distribution, the whole numbers (N, H, W, L) that codes of a codebook are, the "
               "labels where the data have them, and the names of the files where images are files.",
        .examples = {{"encode runs/digits -o test", "the test images, as test-mean.npy and others"},
                     {"encode runs/digits --part train -o train.csv", "and those of the training, as a table"}},
        .first_only = true,
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run_with_labels(&line, argc, argv, elbo__cli_always, encode);
}
