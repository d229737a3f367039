/* elbo manifold RUN: all of a latent space of two dimensions. */
#include "../nn/pictures/picture.h"
#include "command.h"
#include "data.h"
#include "on_run.h"
#include "preview.h"

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    OPTION_STEPS("20", "pictures along each side"),
    OPTION_LABEL("0"),
    OPTION_OUTPUT("manifold.png"),
    OPTION_PREVIEW,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

static bool wants_images(const run_job *job)
{
    return !elbo_run_has_normal_prior(job->run);
}

static int manifold(const run_job *job)
{
    const elbo_values *v = job->values;
    int label;
    if (!elbo__cli_find_label(job, &label))
        return FAILED;
    const elbo_view view = {.images = job->images, .label = label, .steps = elbo_values_integer(v, "steps")};
    return elbo__cli_wrote(job, "manifold", elbo_picture_manifold(job->run, &view, elbo_values_text(v, "output")));
}

int elbo__cmd_manifold(int argc, char **argv)
{
    command_line line = {
        .name = "manifold",
        .doc = "Draws the latent space of a model with two dimensions as a square of pictures, each of which stands "
               "for as "
               "much of the prior; of a model without a prior, for as much of a normal distribution of its codes.",
        .examples = {{"manifold runs/digits --steps 25", "a square of 25 x 25 pictures"}},
        .ends = OUTPUT_ENDS,
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, wants_images, manifold);
}
