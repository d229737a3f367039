/* elbo frechet RUN CLASSIFIER: how far what a model draws is from images, in what a classifier sees in them. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/evaluation/features.h"
#include "command.h"
#include "data.h"
#include "figures.h"
#include "on_run.h"
#include "progress.h"
#include "result.h"
#include "sampler.h"

enum { BLOCK = 500 };

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    OPTION_FIRST,
    OPTION_REFIT,
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* What is compared: n images, and as many of each other kind. */
typedef struct {
    const run_job *job;
    elbo_run *classifier;
    elbo_sampler *sampler;
    int64_t n, seed;
    elbo_features *images;
    int *labels;                               /* (n) of a run that takes some, else NULL        */
    float *x, *seen;                           /* (block, D): what is made, and from what  */
    double samples, reconstructions, training; /* NaN: not known */
    int64_t n_training;
} comparison;

/* ---- what is made ------------------------------------------------------------------------------------------------ */

static const int *labels_from(const comparison *c, int64_t first)
{
    return c->labels ? c->labels + first : NULL;
}

/* x (n, D) of images first, ..., decoded from codes z (N, Z) */
static elbo_status decode(const comparison *c, const float *z, int64_t first, int64_t n)
{
    elbo_run *run = c->job->run;
    return elbo_run_decode(run, z + first * elbo_run_latent(run), labels_from(c, first), n, c->x);
}

static elbo_status reconstruct(const comparison *c, const float *unused, int64_t first, int64_t n)
{
    (void)unused;
    elbo_status status = elbo_run_rows(c->job->run, c->job->images, first, n, c->seen, NULL);
    return status == ELBO_OK
               ? elbo_run_reconstruct(c->job->run, c->seen, labels_from(c, first), n, c->seed + first, c->x)
               : status;
}

/* How far n images that `make` gives block by block are from the others. */
static elbo_status compare(const comparison *c,
                           elbo_status (*make)(const comparison *c, const float *z, int64_t first, int64_t n),
                           const float *z, double *distance)
{
    elbo_features *made = elbo_features_new(c->classifier);
    elbo_status status = made ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t first = 0; first < c->n && status == ELBO_OK; first += BLOCK) {
        const int64_t n = c->n - first < BLOCK ? c->n - first : BLOCK;
        status = make(c, z, first, n);
        if (status == ELBO_OK)
            status = elbo_features_add(made, c->x, n);
    }
    if (status == ELBO_OK)
        status = elbo_features_distance(c->images, made, distance);
    elbo_features_free(made);
    return status;
}

static elbo_status compare_samples(comparison *c)
{
    float *z = calloc((size_t)c->n, (size_t)elbo_run_latent(c->job->run) * sizeof *z);
    elbo_status status = z ? elbo_sampler_draw(c->sampler, c->labels, c->n, c->seed, z) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = compare(c, decode, z, &c->samples);
    free(z);
    return status;
}

/* As many images of the training, where it is known where they are and they are others than those of the comparison:
 * what is not further away than these is as good as can be. */
static elbo_status compare_training(comparison *c)
{
    const run_job *job = c->job;
    const data_source source = elbo__cli_training_data(job->run, job->path);
    const bool known = source.folder && !source.unknown;
    const bool others = known && (strcmp(job->part, "train") != 0 || !elbo__cli_same_data(source.folder, job->folder));
    elbo_images images;
    elbo_status status = source.folder ? ELBO_OK : ELBO_NO_MEMORY;
    if (others && elbo__cli_read_part_for(job->run, &source, "train", false, &images)) {
        elbo_features *made = elbo_features_new(c->classifier);
        status = made ? elbo_features_add_images(made, &images, c->n) : ELBO_NO_MEMORY;
        if (status == ELBO_OK)
            status = elbo_features_distance(c->images, made, &c->training);
        c->n_training = status == ELBO_OK ? elbo_features_count(made) : 0;
        elbo_features_free(made);
        elbo_images_free(&images);
    }
    free(source.folder);
    return status;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static void add_row(figures *out, const char *key, const char *label, double distance, int64_t n)
{
    if (!isnan(distance))
        elbo__cli_add_figure(out, (figure){key, label, distance, NAN, .digits = 3, .no_error = true},
                             "of %" PRId64 " images", n);
}

static int show(const comparison *c)
{
    const run_job *job = c->job;
    result r = elbo__cli_result(job->values);
    figures all = {.count = 0};
    add_row(&all, "frechet_samples", "samples", c->samples, c->n);
    add_row(&all, "frechet_reconstructions", "reconstructions", c->reconstructions, c->n);
    add_row(&all, "frechet_training", "images of the training", c->training, c->n_training);
    elbo__cli_give_figures(&r, &all);
    elbo__cli_line(&r, "Frechet distances from images %" PRId64 ", part %s of %s", c->n, job->part, job->folder);
    elbo__cli_line(&r, "in %" PRId64 " features of %s, a run of elbo's model \"%s\"", elbo_run_latent(c->classifier),
                   job->second, elbo_run_model(c->classifier)->name);
    elbo__cli_give_sampler(&r, c->sampler);
    elbo__cli_put_integer(&r, "images", c->n);
    elbo__cli_put_text(&r, "part", job->part);
    elbo__cli_put_text(&r, "data", job->folder);
    elbo__cli_put_text(&r, "features_of", job->second);
    elbo__cli_put_integer(&r, "features", elbo_run_latent(c->classifier));
    const int shown = elbo__cli_result_end(&r, EXIT_SUCCESS);
    return elbo__cli_are_finite(&all) ? shown : FAILED;
}

static elbo_status measure(comparison *c)
{
    const run_job *job = c->job;
    const size_t pixels = (size_t)elbo_run_pixels(job->run);
    const bool takes_labels = elbo_run_classes(job->run) > 0;
    c->labels = takes_labels ? calloc((size_t)c->n, sizeof *c->labels) : NULL;
    c->x = calloc(BLOCK, pixels * sizeof *c->x);
    c->seen = calloc(BLOCK, pixels * sizeof *c->seen);
    if (!c->x || !c->seen || (takes_labels && !c->labels))
        return ELBO_NO_MEMORY;
    elbo_status status = elbo_features_add_images(c->images, job->images, c->n);
    if (status == ELBO_OK && takes_labels)
        status = elbo_run_rows(job->run, job->images, 0, c->n, NULL, c->labels);
    if (status == ELBO_OK)
        status = compare_samples(c);
    if (status == ELBO_OK)
        status = compare(c, reconstruct, NULL, &c->reconstructions);
    return status == ELBO_OK ? compare_training(c) : status;
}

static int frechet(const run_job *job)
{
    const int64_t asked = elbo_values_integer(job->values, "count"), all = job->images->count;
    comparison c = {.job = job,
                    .n = asked > 0 && asked < all ? asked : all,
                    .seed = elbo_values_integer(job->values, "seed"),
                    .classifier = elbo_run_load(job->second, elbo__cli.models),
                    .samples = NAN,
                    .reconstructions = NAN,
                    .training = NAN};
    int shown = c.classifier ? EXIT_SUCCESS : elbo__cli_fail();
    if (c.classifier && !(c.images = elbo_features_new(c.classifier))) {
        elbo__cli_say("%s: %s", job->second, elbo_error());
        shown = FAILED;
    }
    if (shown == EXIT_SUCCESS)
        shown = elbo__cli_find_sampler(job, &c.sampler);
    if (shown == EXIT_SUCCESS)
        shown = measure(&c) == ELBO_OK ? show(&c) : elbo__cli_fail();
    elbo_sampler_free(c.sampler);
    elbo_features_free(c.images);
    elbo_run_free(c.classifier);
    free(c.labels);
    free(c.x);
    free(c.seen);
    return shown;
}

int elbo__cmd_frechet(int argc, char **argv)
{
    command_line line = {
        .name = "frechet",
        .args = "RUN CLASSIFIER",
        .doc = "Tells how far the samples of a model and its reconstructions are from images: the Frechet distance in "
               "the features of another run, such as one of `elbo train classifier'. Images of the training say how "
               "small it can be. It compares with distances in features of the same run, of as many images, alone: it "
               "is not the FID of a network that others have trained.",
        .examples = {{"frechet runs/digits runs/classifier", "samples from the prior"},
                     {"frechet runs/digits runs/classifier --sampler gmm", "from a mixture fitted to the codes"}},
        .least = 2,
        .most = 2,
        .groups = {{.title = "Options:", .table = table}, {.title = "Samplers:", .table = elbo_sampler_options}},
    };
    return elbo__cli_on_run(&line, argc, argv, elbo__cli_always, frechet);
}
