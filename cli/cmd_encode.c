/* elbo encode RUN: codes of images as .npy files. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../io/npy.h"
#include "command.h"
#include "data.h"
#include "on_run.h"
#include "progress.h"
#include "result.h"

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    {.name = "output",
     .alias = "o",
     .type = ELBO_TEXT,
     .default_value = "codes",
     .metavar = "NAME",
     .help = "writes NAME-mean.npy, and NAME-logvar.npy and NAME-labels.npy where there are such"},
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* Writes NAME-KIND.npy and says so. */
static elbo_status write_numbers(result *r, const char *name, const char *kind, const elbo_tensor *tensor)
{
    char *path = NULL;
    if (asprintf(&path, "%s-%s.npy", name, kind) < 0)
        return ELBO_NO_MEMORY;
    elbo_status status = elbo_npy_write(path, tensor);
    if (status == ELBO_OK) {
        elbo__cli_line(r, "%s %s %s", kind, path, elbo_shape_format(&tensor->layout.shape).text);
        elbo__cli_put_text(r, kind, path);
    }
    free(path);
    return status;
}

/* The file that an earlier call has left under the same name would be taken for one of this call. */
static void remove_old(const char *name, const char *kind)
{
    char *path = NULL;
    if (asprintf(&path, "%s-%s.npy", name, kind) < 0)
        return;
    unlink(path);
    free(path);
}

static bool are_finite(const run_job *job, const char *kind, const float *x, int64_t n)
{
    int64_t bad = 0;
    for (int64_t i = 0; i < n; i++)
        bad += !isfinite(x[i]);
    if (bad)
        elbo__cli_say("%s: %" PRId64 " numbers of %s are not finite", job->path, bad, kind);
    return bad == 0;
}

static int encode(const run_job *job)
{
    const char *name = elbo_values_text(job->values, "output");
    const int64_t n = job->images->count, dims = elbo_run_latent(job->run);
    float *x = calloc((size_t)n, (size_t)elbo_run_pixels(job->run) * sizeof *x);
    float *mean = calloc((size_t)n, (size_t)dims * sizeof *mean),
          *logvar = calloc((size_t)n, (size_t)dims * sizeof *mean);
    int *labels = calloc((size_t)n, sizeof *labels);
    const elbo_shape shape = ELBO_SHAPE(n, dims);
    const elbo_tensor means = elbo_tensor_of(ELBO_F32, shape, mean), logvars = elbo_tensor_of(ELBO_F32, shape, logvar);
    const bool room = x && mean && logvar && labels;
    elbo_status status = room ? elbo_run_rows(job->run, job->images, 0, n, x, labels) : ELBO_NO_MEMORY;
    bool normal = false;
    result r = elbo__cli_result(job->values);
    if (status == ELBO_OK) {
        status = elbo_run_posterior(job->run, x, labels, n, mean, logvar);
        normal = status == ELBO_OK;
        if (status == ELBO_INVALID) /* q(z|x) is no normal */
            status = elbo_run_encode(job->run, x, labels, n, mean);
    }
    if (status == ELBO_OK)
        status = write_numbers(&r, name, "mean", &means);
    if (status == ELBO_OK && normal)
        status = write_numbers(&r, name, "logvar", &logvars);
    else if (status == ELBO_OK)
        remove_old(name, "logvar");
    if (status == ELBO_OK && job->images->labels.data)
        status = write_numbers(&r, name, "labels", &job->images->labels);
    else if (status == ELBO_OK)
        remove_old(name, "labels");
    const bool finite = status != ELBO_OK || (are_finite(job, "mean", mean, n * dims) &&
                                              (!normal || are_finite(job, "logvar", logvar, n * dims)));
    free(x);
    free(mean);
    free(logvar);
    free(labels);
    if (!room)
        return elbo__cli_result_end(&r, elbo__cli_out_of_memory());
    return elbo__cli_result_end(&r, status != ELBO_OK ? elbo__cli_fail() : finite ? EXIT_SUCCESS : FAILED);
}

int elbo__cmd_encode(int argc, char **argv)
{
    command_line line = {
        .name = "encode",
        .doc =
            "Writes the codes of images as .npy files: the means of q(z|x), their log-variances where it is a normal "
            "distribution, and the labels where the data have them.",
        .examples = {{"encode runs/digits -o test", "the test images, as test-mean.npy and others"},
                     {"encode runs/digits --part train -o train", "and those of the training"}},
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run_with_labels(&line, argc, argv, encode);
}
