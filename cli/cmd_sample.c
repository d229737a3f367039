/* elbo sample RUN: pictures from the prior. */
#include <stdio.h>
#include <stdlib.h>

#include "../nn/picture.h"
#include "command.h"
#include "on_run.h"

static const elbo_option table[] = {
    {.name = "label",
     .type = ELBO_INTEGER,
     .fallback = "-1",
     .least = ELBO_EACH_CLASS,
     .greatest = ELBO_MAX_CLASSES,
     .metavar = "K",
     .help = "only images of this class, from a model that takes labels; -1: each in turn"},
    OPTION_COUNT("64"),
    OPTION_OUTPUT("samples.png"),
    OPTION_SEED,
    OPTION_THREADS,
    ELBO_OPTIONS_END,
};

static int sample(elbo_run *run, const char *path, const elbo_values *values)
{
    const int label = (int)elbo_values_integer(values, "label");
    const int classes = elbo_run_classes(run);
    if (label != ELBO_EACH_CLASS && classes == 0) {
        fprintf(stderr, "elbo: %s: the model \"%s\" takes no labels\n", path, elbo_run_model(run)->name);
        return FAILED;
    }
    if (classes > 0 && label >= classes) {
        fprintf(stderr, "elbo: %s: label %d is outside the classes 0 to %d\n", path, label, classes - 1);
        return FAILED;
    }
    const char *output = elbo_values_text(values, "output");
    if (elbo_draw_samples(run, elbo_values_integer(values, "count"), label, elbo_values_integer(values, "seed"),
                          output) != ELBO_OK)
        return fail();
    printf("samples %s\n", output);
    return EXIT_SUCCESS;
}

int cmd_sample(int argc, char **argv)
{
    command_line line = {
        .name = "elbo sample",
        .doc = "Draws pictures from a trained model: z from the prior, and the mean of p(x|z).",
        .groups = {{.title = "Options:", .table = table}},
    };
    return on_run(&line, argc, argv, sample);
}
