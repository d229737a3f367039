/* elbo evaluate RUN: the bound over a data set, in nats per image, and what the latent space is used for. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "data.h"
#include "evaluate.h"
#include "progress.h"
#include "sampler.h"

enum { MOST_INFORMED = 10000 };

static const char *const temperature_schedules[] = {"sigmoid", "linear", NULL};

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    OPTION_FIRST,
    {.name = "samples",
     .alias = "draws",
     .type = ELBO_INTEGER,
     .default_value = "0",
     .least = 0,
     .greatest = 1e6,
     .metavar = "K",
     .help = "also estimate log p(x) from K samples of z for each image, such as 5000"},
    {.name = "rounds",
     .type = ELBO_INTEGER,
     .default_value = "1",
     .least = 1,
     .greatest = 1000,
     .needs = "samples!=0",
     .metavar = "R",
     .help = "estimate log p(x) of all images so many times, with other samples, and other draws of binarised pixels"},
    {.name = "grey",
     .type = ELBO_FLAG,
     .default_value = "no",
     .help = "measure grey levels as they are, also of a model that was trained on binarised pixels"},
    {.name = "ais",
     .type = ELBO_FLAG,
     .default_value = "no",
     .help = "also bound log p(x) by annealed importance sampling, from below, and from both sides for images that the "
             "model draws"},
    {.name = "ais-images",
     .type = ELBO_INTEGER,
     .default_value = "100",
     .least = 0,
     .greatest = 1e9,
     .needs = "ais=yes",
     .metavar = "N",
     .help = "of the first N images; 0: of all"},
    {.name = "ais-drawn",
     .type = ELBO_INTEGER,
     .default_value = "100",
     .least = 0,
     .greatest = 1e9,
     .needs = "ais=yes",
     .metavar = "N",
     .help = "and from both sides of N images that the model draws"},
    {.name = "chains",
     .type = ELBO_INTEGER,
     .default_value = "16",
     .least = 1,
     .greatest = 1e6,
     .needs = "ais=yes",
     .metavar = "N",
     .help = "chains for each image"},
    {.name = "temperatures",
     .type = ELBO_INTEGER,
     .default_value = "500",
     .least = 1,
     .greatest = 1e6,
     .needs = "ais=yes",
     .metavar = "N",
     .help = "steps from the prior to the posterior"},
    {.name = "temperature-schedule",
     .type = ELBO_CHOICE,
     .default_value = "sigmoid",
     .choices = temperature_schedules,
     .needs = "ais=yes",
     .metavar = "NAME",
     .help = "how they lie"},
    {.name = "leapfrog",
     .type = ELBO_INTEGER,
     .default_value = "10",
     .least = 1,
     .greatest = 1e4,
     .needs = "ais=yes",
     .metavar = "N",
     .help = "leapfrog steps of one proposal"},
    {.name = "acceptance",
     .type = ELBO_NUMBER,
     .default_value = "0.65",
     .least = 0.01,
     .greatest = 0.99,
     .needs = "ais=yes",
     .metavar = "X",
     .help = "share of proposals to be taken, by which the size of the steps is found"},
    {.name = "information",
     .type = ELBO_INTEGER,
     .default_value = "-1",
     .least = -1,
     .greatest = 1e6,
     .metavar = "N",
     .help = "estimate the mutual information from N images at most, whose square the time goes with; 0: do not; -1: "
             "10000, fewer of many dimensions"},
    {.name = "factors",
     .type = ELBO_FLAG,
     .default_value = "no",
     .help = "also measure how well single codes stand for the factors that images were made from, of sprites"},
    {.name = "per-image",
     .type = ELBO_TEXT,
     .metavar = "FILE",
     .help = "write the figures of each image to FILE.csv or FILE.npy"},
    {.name = "seed",
     .type = ELBO_INTEGER,
     .default_value = "-1",
     .least = -1,
     .greatest = 9.2e18,
     .metavar = "N",
     .help = "of the draws; -1: that of the run, for the figures of its training again"},
    OPTION_REFIT,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* ---- measuring --------------------------------------------------------------------------------------------------- */

static void free_findings(findings *f)
{
    elbo_image_figures_free(&f->each);
    elbo_latent_use_free(&f->use);
    elbo_annealed_free(&f->annealed);
    elbo_disentangling_free(&f->disentangling);
}

/* How many images the mutual information is estimated from. */
static int64_t informed(const elbo_values *v, const elbo_run *run, int64_t images)
{
    const int64_t asked = elbo_values_integer(v, "information");
    int64_t most = asked;
    if (asked < 0) { /* a few seconds */
        const double rows = sqrt(2e9 / (double)elbo_run_latent(run));
        most = rows < MOST_INFORMED ? (int64_t)rows + 1 : MOST_INFORMED;
    }
    return most < images ? most : images;
}

static elbo_status look_at_latent_space(const run_job *job, findings *f)
{
    elbo_status status = elbo_run_latent_use(job->run, job->images, f->how.count, &f->use);
    const int64_t n = informed(job->values, job->run, f->each.images);
    bool known = false;
    if (status == ELBO_OK && n > 0)
        status = elbo_run_has_densities(job->run, &known);
    if (status == ELBO_OK && known)
        status = elbo_run_mutual_information(job->run, job->images, n, f->how.seed, &f->information);
    return status;
}

static elbo_status anneal(const run_job *job, findings *f)
{
    const elbo_values *v = job->values;
    const int64_t asked = elbo_values_integer(v, "ais-images"), n = f->each.images;
    f->annealing = (elbo_annealing){.count = asked > 0 && asked < n ? asked : n,
                                    .simulated = elbo_values_integer(v, "ais-drawn"),
                                    .chains = (int)elbo_values_integer(v, "chains"),
                                    .temperatures = (int)elbo_values_integer(v, "temperatures"),
                                    .leapfrog = (int)elbo_values_integer(v, "leapfrog"),
                                    .acceptance = elbo_values_number(v, "acceptance"),
                                    .linear = strcmp(elbo_values_choice(v, "temperature-schedule"), "linear") == 0,
                                    .seed = f->how.seed};
    return elbo_run_anneal(job->run, job->images, &f->annealing, &f->annealed);
}

/* Whether the model can be annealed at all, before much time goes into the rest. */
static elbo_status try_annealing(const run_job *job)
{
    elbo_annealed a;
    const elbo_annealing how = {.count = 1, .simulated = 1, .chains = 1, .temperatures = 1};
    elbo_status status = elbo_run_anneal(job->run, job->images, &how, &a);
    elbo_annealed_free(&a);
    return status;
}

static elbo_status density(void *sampler, const float *z, const int *labels, int64_t n, double *nats)
{
    return elbo_sampler_log_prob(sampler, z, labels, n, nats);
}

/* sampler: what p(z) is told by; NULL: the run's own prior */
static elbo_status measure(const run_job *job, elbo_sampler *sampler, findings *f)
{
    const elbo_values *v = job->values;
    const int64_t given = elbo_values_integer(v, "seed");
    *f = (findings){.how = {.count = elbo_values_integer(v, "count"),
                            .samples = elbo_values_integer(v, "samples"),
                            .rounds = (int)elbo_values_integer(v, "rounds"),
                            .seed = given < 0 ? elbo_run_seed(job->run) : given,
                            .prior = sampler ? density : NULL,
                            .user = sampler},
                    .sampler = sampler};
    elbo_images images = *job->images;
    run_job as_asked = *job;
    images.grey = elbo_values_flag(v, "grey");
    as_asked.images = &images;
    elbo_status status = ELBO_OK;
    if (elbo_values_flag(v, "factors")) /* of images that have none this fails, and at once */
        status = elbo_run_disentangling(job->run, &images, f->how.count, f->how.seed, &f->disentangling);
    if (status == ELBO_OK && elbo_values_flag(v, "ais"))
        status = try_annealing(&as_asked);
    if (status == ELBO_OK)
        status = elbo_run_measure(job->run, &images, &f->how, &f->means, &f->each);
    if (status == ELBO_OK && elbo_run_has_prior(job->run))
        status = look_at_latent_space(&as_asked, f);
    return status == ELBO_OK && elbo_values_flag(v, "ais") ? anneal(&as_asked, f) : status;
}

static int failure(elbo_status status)
{
    return status == ELBO_NO_MEMORY ? elbo__cli_out_of_memory() : elbo__cli_fail();
}

static int evaluate(const run_job *job)
{
    findings f;
    int exit_status = elbo__cli_check_per_image(job);
    if (exit_status != EXIT_SUCCESS)
        return exit_status;
    elbo_sampler *sampler;
    if ((exit_status = elbo__cli_find_density(job, &sampler)) != EXIT_SUCCESS)
        return exit_status;
    const elbo_status status = measure(job, sampler, &f);
    exit_status = status == ELBO_OK ? elbo__cli_show_findings(job, &f) : failure(status);
    free_findings(&f);
    elbo_sampler_free(sampler);
    return exit_status;
}

int elbo__cmd_evaluate(int argc, char **argv)
{
    command_line line = {
        .name = "evaluate",
        .doc = "Measures a trained model: the ELBO (beta = 1, all constants, as many draws of z as the training "
               "measured it with) and its parts, the squared error of the reconstruction (summed over pixels), and "
               "what else the model reports, as means over images with standard errors over images; log p(x) where "
               "samples are asked for; and what the latent space is used for: active units, the KL of each dimension, "
               "mutual information. A denoising model gets damaged images and is measured by the whole ones. A "
               "Bernoulli on grey levels has other figures than one on binarised pixels.",
        .exits = "1 also where a figure is not finite.",
        .examples = {{"evaluate runs/digits", "figures of the test images"},
                     {"evaluate runs/digits --samples 5000 -n 1000", "and log p(x) of the first thousand"},
                     {"evaluate runs/digits --samples 5000 --rounds 5", "log p(x) of all, five times over"},
                     {"evaluate runs/digits --ais --temperatures 100", "log p(x) between two bounds"}},
        .groups = {{.title = "Options:", .table = table},
                   {.title = "Samplers, whose p(z) log p(x) is estimated with:", .table = elbo_sampler_options}},
    };
    return elbo__cli_on_run(&line, argc, argv, elbo__cli_always, evaluate);
}
