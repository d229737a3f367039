/* elbo angles RUN --to OTHER: how far apart the spaces are that two linear decoders can draw. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "../nn/pca/pca.h"
#include "command.h"
#include "on_run.h"
#include "progress.h"
#include "result.h"

static const elbo_option table[] = {
    {.name = "to", .type = ELBO_TEXT, .metavar = "RUN", .help = "the other run, such as one of pca"},
    OPTION_COUNT("10", "how many leading dimensions of the other run"),
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* The directions (Z, D) of a run in double precision; NULL on failure. */
static double *directions(elbo_run *run)
{
    const size_t size = (size_t)elbo_run_latent(run) * (size_t)elbo_run_pixels(run);
    float *x = calloc(size, sizeof *x);
    double *wide = calloc(size, sizeof *wide);
    const bool found = x && wide && elbo_run_directions(run, x) == ELBO_OK;
    for (size_t i = 0; i < size && found; i++)
        wide[i] = x[i];
    free(x);
    if (found)
        return wide;
    free(wide);
    return NULL;
}

/* of each of the leading n dimensions of `theirs` by itself (n), then of all together (n): radians */
static elbo_status find_angles(const double *theirs, int64_t n, const double *ours, const elbo_run *run, double *angles)
{
    const int64_t pixels = elbo_run_pixels(run), dims = elbo_run_latent(run);
    elbo_status status = elbo_principal_angles(theirs, n, ours, dims, pixels, angles + n);
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        status = elbo_principal_angles(theirs + i * pixels, 1, ours, dims, pixels, angles + i);
    return status;
}

/* angles (2 n) as find_angles leaves them; they are shown in degrees */
static int print_result(const run_job *job, double *angles, int64_t n)
{
    result r = elbo__cli_result(job->values);
    for (int64_t i = 0; i < 2 * n; i++)
        angles[i] *= 180 / M_PI;
    for (int64_t i = 0; i < n; i++)
        elbo__cli_line(&r, "dimension %" PRId64 " %.2f degrees", i + 1, angles[i]);
    elbo__cli_put_numbers(&r, "angles", angles, n);
    elbo__cli_give_number(&r, "largest_principal_angle", "largest principal angle", angles[2 * n - 1], 2, "degrees");
    return elbo__cli_result_end(&r, EXIT_SUCCESS);
}

static int print_angles(const run_job *job, elbo_run *other, int64_t n)
{
    elbo_run *run = job->run;
    const int64_t ours_most = elbo_run_latent(run), theirs_most = elbo_run_latent(other);
    n = n < theirs_most ? n : theirs_most;
    n = n < ours_most ? n : ours_most;
    double *ours = directions(run), *theirs = ours ? directions(other) : NULL;
    double *angles = theirs ? calloc((size_t)n, 2 * sizeof *angles) : NULL;
    const bool found = angles && find_angles(theirs, n, ours, run, angles) == ELBO_OK;
    const int status = found ? print_result(job, angles, n) : elbo__cli_fail();
    free(ours);
    free(theirs);
    free(angles);
    return status;
}

static int compare(const run_job *job)
{
    const char *path = elbo_values_text(job->values, "to");
    if (!path[0]) {
        elbo__cli_say("--to is missing: the run to compare with");
        return USAGE;
    }
    elbo_run *other = elbo_run_load(path, elbo__cli.models);
    int status = FAILED;
    if (!other)
        elbo__cli_fail();
    else if (elbo_run_pixels(other) != elbo_run_pixels(job->run))
        elbo__cli_say("%s and %s are for images of other sizes", job->path, path);
    else
        status = print_angles(job, other, elbo_values_integer(job->values, "count"));
    elbo_run_free(other);
    return status;
}

int elbo__cmd_angles(int argc, char **argv)
{
    command_line line = {
        .name = "angles",
        .doc =
            "Compares two models with linear decoders: the angle between each leading dimension of the other run and "
            "the space that RUN's decoder spans, and the largest principal angle between those dimensions together and "
            "that space. 0 degrees: it lies within.",
        .examples = {{"angles runs/linear --to runs/pca",
                      "how near a linear autoencoder came to the principal components"}},
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, NULL, compare);
}
