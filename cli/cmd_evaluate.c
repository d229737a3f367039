/* elbo evaluate RUN: the bound over a data set, in nats per image. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "data.h"
#include "on_run.h"
#include "progress.h"
#include "result.h"

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    {.name = "draws",
     .type = ELBO_INTEGER,
     .default_value = "0",
     .least = 0,
     .greatest = 1e6,
     .metavar = "K",
     .help = "also estimate log p(x) from K draws of z for each image"},
    {.name = "seed",
     .type = ELBO_INTEGER,
     .default_value = "-1",
     .least = -1,
     .greatest = 9.2e18,
     .metavar = "N",
     .help = "of the draws; -1: that of the run, for the figures of its training again"},
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* The mean over images of log p(x) from `draws` draws. */
static elbo_status mean_log_prob(elbo_run *run, const elbo_images *images, int draws, int64_t seed, double *out)
{
    const int64_t n = images->count;
    float *x = calloc((size_t)n, (size_t)elbo_run_pixels(run) * sizeof *x);
    float *log_prob = calloc((size_t)n, sizeof *log_prob);
    int *labels = calloc((size_t)n, sizeof *labels);
    elbo_status status = x && log_prob && labels ? elbo_run_rows(run, images, 0, n, x, labels) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_run_log_prob(run, x, labels, n, draws, seed, log_prob);
    double sum = 0;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        sum += log_prob[i];
    *out = sum / (double)n;
    free(x);
    free(log_prob);
    free(labels);
    return status;
}

/* How a metric is called and what it is measured in; what is not here is printed under its own name. */
static const struct {
    const char *metric, *label, *unit;
} known[] = {
    {"elbo", "ELBO", "nats per image"},
    {"recon", "recon", NULL},
    {"kl", "KL", "nats per image"},
    {"log_likelihood", "log p(x)", "nats per image"},
    {"squared_error", "squared error", "per image"},
    {"corrupted_error", "squared error of the corrupted images", "per image"},
    {"activity", "mean activation of sparse units", ""},
};
enum { KNOWN = sizeof known / sizeof known[0] };

static bool is_known(const char *metric)
{
    for (int i = 0; i < KNOWN; i++)
        if (strcmp(known[i].metric, metric) == 0)
            return true;
    return false;
}

/* The unit of recon: that of a density or cross-entropy is the nat. */
static const char *unit_of_recon(const elbo_run *run)
{
    const elbo_value *likelihood = elbo_values_get(elbo_run_options(run), "likelihood", ELBO_CHOICE);
    const bool density = !(elbo_run_model(run)->flags & ELBO_NO_PRIOR);
    return density || (likelihood && strcmp(likelihood->text, "bernoulli") == 0) ? "nats per image" : "per image";
}

/* A figure that is not finite is printed as nan, inf or -inf, and makes the command fail: this is its reason. */
static bool print_figure(result *r, const char *key, const char *label, double value, int digits, const char *unit)
{
    elbo__cli_give_number(r, key, label, value, digits, unit);
    if (isfinite(value))
        return true;
    elbo__cli_say("%s is not finite: the model cannot deal with these images", label ? label : key);
    return false;
}

/* Whether all are finite. */
static bool print_figures(result *r, const elbo_run *run, const elbo_figures *figures)
{
    bool finite = true;
    for (int i = 0; i < KNOWN; i++) {
        const char *unit = known[i].unit ? known[i].unit : unit_of_recon(run);
        if (elbo_figures_has(figures, known[i].metric))
            finite &= print_figure(r, known[i].metric, known[i].label, elbo_figures_get(figures, known[i].metric),
                                   unit[0] ? 2 : 4, unit);
    }
    for (int i = 0; i < figures->count; i++)
        if (!is_known(figures->at[i].name) &&
            (strcmp(figures->at[i].name, "loss") != 0 || !elbo_figures_has(figures, "recon")))
            finite &= strncmp(figures->at[i].name, "iwae-", 5) == 0
                          ? print_figure(r, figures->at[i].name, NULL, figures->at[i].value, 2, "nats per image")
                          : print_figure(r, figures->at[i].name, NULL, figures->at[i].value, 4, "");
    return finite;
}

/* Prints the figures; *finite: whether all are. */
static elbo_status measure(result *r, elbo_run *run, const elbo_images *images, int draws, int64_t seed, bool *finite)
{
    elbo_figures figures;
    double log_prob = NAN;
    elbo_status status = elbo_run_evaluate(run, images, 0, seed, &figures);
    if (status == ELBO_OK && draws > 0)
        status = mean_log_prob(run, images, draws, seed, &log_prob);
    if (status != ELBO_OK)
        return status;
    *finite = print_figures(r, run, &figures);
    if (draws > 0)
        *finite &= print_figure(r, "log_likelihood_estimate",
                                elbo_run_classes(run) ? "log p(x|y) at least" : "log p(x) at least", log_prob, 2,
                                "nats per image");
    return ELBO_OK;
}

/* What the figures are figures of: they do not compare otherwise. */
static const char *treatment(const elbo_run *run, const elbo_images *images)
{
    const elbo_value *binarised = elbo_values_get(elbo_run_options(run), "binarise", ELBO_FLAG);
    if (binarised && binarised->flag)
        return "binarised, drawn with this seed";
    return images->images.dtype == ELBO_U8 ? "grey levels / 255, not binarised" : "as given";
}

/* Which density or loss recon and the ELBO are of. */
static void print_likelihood(result *r, const elbo_run *run)
{
    const elbo_values *options = elbo_run_options(run);
    const elbo_value *likelihood = elbo_values_get(options, "likelihood", ELBO_CHOICE);
    if (!likelihood)
        return;
    char variance[64] = "";
    const elbo_value *learned = elbo_values_get(options, "learn-variance", ELBO_CHOICE);
    if (strcmp(likelihood->text, "gaussian") == 0 && learned && strcmp(learned->text, "no") != 0)
        snprintf(variance, sizeof variance, ", variance learned: %s", learned->text);
    else if (strcmp(likelihood->text, "gaussian") == 0)
        snprintf(variance, sizeof variance, ", variance %g", elbo_values_number(options, "variance"));
    elbo__cli_line(r, "likelihood %s%s", likelihood->text, variance);
    elbo__cli_put_text(r, "likelihood", likelihood->text);
}

static int evaluate(const run_job *job)
{
    const elbo_values *v = job->values;
    const int64_t given = elbo_values_integer(v, "seed"), seed = given < 0 ? elbo_run_seed(job->run) : given;
    bool finite;
    result r = elbo__cli_result(v);
    const elbo_status status = measure(&r, job->run, job->images, (int)elbo_values_integer(v, "draws"), seed, &finite);
    if (status != ELBO_OK)
        return elbo__cli_result_end(&r, status == ELBO_NO_MEMORY ? elbo__cli_out_of_memory() : elbo__cli_fail());
    print_likelihood(&r, job->run);
    elbo__cli_line(&r, "images %" PRId64 ", part %s of %s", job->images->count, job->part, job->folder);
    elbo__cli_put_integer(&r, "images", job->images->count);
    elbo__cli_put_text(&r, "part", job->part);
    elbo__cli_put_text(&r, "data", job->folder);
    elbo__cli_give_text(&r, "pixels", NULL, treatment(job->run, job->images));
    const int shown = elbo__cli_result_end(&r, EXIT_SUCCESS); /* figures that are not finite too */
    return finite ? shown : FAILED;
}

int elbo__cmd_evaluate(int argc, char **argv)
{
    command_line line = {
        .name = "evaluate",
        .doc =
            "Measures a trained model: the ELBO (beta = 1, all constants, as many draws of z as the training measured "
            "it with) and its "
            "parts, "
            "the squared error of the reconstruction (summed over pixels), and what else the model reports; means over "
            "images. A denoising model gets damaged images and is measured by the whole ones. A Bernoulli on grey "
            "levels has other figures than one on binarised pixels.",
        .exits = "1 also where a figure is not finite.",
        .examples = {{"evaluate runs/digits", "figures of the test images"},
                     {"evaluate runs/digits --part train --draws 5", "and log p(x) of those of the training"}},
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, elbo__cli_always, evaluate);
}
