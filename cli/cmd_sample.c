/* elbo sample RUN: pictures from the prior. */
#include "../nn/pictures/picture.h"
#include "command.h"
#include "on_run.h"
#include "preview.h"

static const elbo_option table[] = {
    OPTION_LABEL("each in turn"),
    OPTION_COUNT("64", "how many images"),
    OPTION_OUTPUT("samples.png"),
    OPTION_PREVIEW,
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

static int sample(const run_job *job)
{
    const elbo_values *v = job->values;
    int label;
    if (!elbo__cli_find_label(job, &label))
        return FAILED;
    return elbo__cli_wrote(job, "samples",
                           elbo_picture_samples(job->run, elbo_values_integer(v, "count"), label,
                                                elbo_values_integer(v, "seed"), elbo_values_text(v, "output")));
}

int elbo__cmd_sample(int argc, char **argv)
{
    command_line line = {
        .name = "sample",
        .doc = "Draws pictures from a trained model: z from the prior, and the mean of p(x|z).",
        .examples = {{"sample runs/digits -n 100 -o hundred.png", "a hundred images in a grid"},
                     {"sample runs/digits --label 3 --seed 7 --preview", "of one class, shown in the terminal too"}},
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, NULL, sample);
}
