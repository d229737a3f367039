/* elbo features RUN: what the units of the first layer look for. */
#include "../nn/pictures/picture.h"
#include "command.h"
#include "on_run.h"
#include "preview.h"

static const elbo_option table[] = {
    OPTION_COUNT("100", "how many units, at most"),
    OPTION_OUTPUT("features.png"),
    OPTION_PREVIEW,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

static int features(const run_job *job)
{
    return elbo__cli_wrote(job, "features",
                           elbo_picture_features(job->run, elbo_values_integer(job->values, "count"),
                                                 elbo_values_text(job->values, "output")));
}

int elbo__cmd_features(int argc, char **argv)
{
    command_line line = {
        .name = "features",
        .doc = "Draws, for each unit of a model's first dense layer, the image of length 1 that excites it most: its "
               "weights, middle grey for 0. Of PCA: the mean, then the components.",
        .examples = {{"features runs/digits -n 64 --preview", "64 units, shown in the terminal too"}},
        .ends = OUTPUT_ENDS,
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, NULL, features);
}
