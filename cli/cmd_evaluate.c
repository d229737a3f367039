/* elbo evaluate RUN: the bound over a data set, in nats per image. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "data.h"
#include "on_run.h"

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    {.name = "draws",
     .type = ELBO_INTEGER,
     .fallback = "0",
     .least = 0,
     .greatest = 1e6,
     .metavar = "K",
     .help = "also estimate log p(x) from K draws of z for each image"},
    {.name = "seed",
     .type = ELBO_INTEGER,
     .fallback = "-1",
     .least = -1,
     .greatest = 9.2e18,
     .metavar = "N",
     .help = "of the draws; -1: that of the run, for the figures of its training again"},
    OPTION_THREADS,
    ELBO_OPTIONS_END,
};

/* The mean over images of log p(x) from `draws` draws. */
static elbo_status mean_log_prob(elbo_run *run, const elbo_images *images, int draws, int64_t seed, double *out)
{
    const int64_t n = images->count;
    float *x = calloc((size_t)n, (size_t)elbo_run_pixels(run) * sizeof *x);
    float *log_prob = calloc((size_t)n, sizeof *log_prob);
    int *labels = calloc((size_t)n, sizeof *labels);
    elbo_status status = x && log_prob && labels ? elbo_images_rows(images, 0, n, x, labels) : ELBO_NO_MEMORY;
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

static void print_figure(const char *name, double value)
{
    if (!isnan(value))
        printf("%s %.2f nats per image\n", name, value);
}

static elbo_status measure(elbo_run *run, const elbo_images *images, int draws, int64_t seed)
{
    elbo_figures figures;
    double log_prob = NAN;
    elbo_status status = elbo_run_evaluate(run, images, seed, &figures);
    if (status == ELBO_OK && draws > 0)
        status = mean_log_prob(run, images, draws, seed, &log_prob);
    if (status != ELBO_OK)
        return status;
    print_figure("ELBO", elbo_figures_get(&figures, "elbo"));
    print_figure("recon", elbo_figures_get(&figures, "recon"));
    print_figure("KL", elbo_figures_get(&figures, "kl"));
    print_figure(elbo_run_classes(run) ? "log p(x|y) at least" : "log p(x) at least", log_prob);
    return ELBO_OK;
}

static int evaluate(elbo_run *run, const char *path, const elbo_values *values)
{
    (void)path;
    const int64_t given = elbo_values_integer(values, "seed"), seed = given < 0 ? elbo_run_seed(run) : given;
    const char *part = elbo_values_choice(values, "part");
    char *folder = choose_data(elbo_values_text(values, "data"), run);
    elbo_images images;
    int status = FAILED;
    if (read_part_for(run, folder, part, &images)) {
        if (measure(run, &images, (int)elbo_values_integer(values, "draws"), seed) == ELBO_OK) {
            printf("images %" PRId64 ", part %s of %s\n", images.count, part, folder);
            printf("pixels %s\n", images.images.dtype == ELBO_U8 ? "grey levels / 255, not binarised" : "as given");
            status = EXIT_SUCCESS;
        } else {
            fail();
        }
        elbo_images_free(&images);
    }
    free(folder);
    return status;
}

int cmd_evaluate(int argc, char **argv)
{
    command_line line = {
        .name = "elbo evaluate",
        .doc =
            "Measures a trained model: the ELBO (beta = 1, one draw of z for each image, all constants) and its parts, "
            "means over images. A Bernoulli on grey levels has other figures than one on binarised pixels.",
        .groups = {{.title = "Options:", .table = table}},
    };
    return on_run(&line, argc, argv, evaluate);
}
