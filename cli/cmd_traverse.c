/* elbo traverse RUN: each dimension of the latent space by itself. */
#include "../nn/pictures/picture.h"
#include "command.h"
#include "data.h"
#include "on_run.h"
#include "preview.h"

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    {.name = "image",
     .type = ELBO_INTEGER,
     .default_value = "-1",
     .least = -1,
     .greatest = 1e9,
     .metavar = "I",
     .help = "the other dimensions stay at the code of this image; -1: at the centre"},
    {.name = "span",
     .type = ELBO_NUMBER,
     .default_value = "3",
     .least = 0,
     .greatest = 100,
     .exclusive = true,
     .metavar = "X",
     .help = "so many deviations to either side of the centre"},
    {.name = "dims",
     .type = ELBO_SIZES,
     .default_value = "none",
     .least = 1,
     .greatest = 1e9,
     .metavar = "I,J,...",
     .help = "a row for each of these dimensions, in this order, the first being 1; none: for all"},
    OPTION_STEPS("11", "pictures for each dimension"),
    OPTION_LABEL("that of the image, or 0"),
    OPTION_OUTPUT("traversal.png"),
    OPTION_PREVIEW,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

static bool wants_images(const run_job *job)
{
    return elbo_values_integer(job->values, "image") >= 0 || !elbo_run_has_normal_prior(job->run);
}

static int traverse(const run_job *job)
{
    const elbo_values *v = job->values;
    int label;
    if (!elbo__cli_find_label(job, &label))
        return FAILED;
    const elbo_view view = {.images = job->images,
                            .label = label,
                            .steps = elbo_values_integer(v, "steps"),
                            .dims = elbo_values_sizes(v, "dims"),
                            .span = elbo_values_number(v, "span")};
    return elbo__cli_wrote(
        job, "traversal",
        elbo_picture_traversal(job->run, &view, elbo_values_integer(v, "image"), elbo_values_text(v, "output")));
}

int elbo__cmd_traverse(int argc, char **argv)
{
    command_line line = {
        .name = "traverse",
        .doc =
            "Draws a row of pictures for each dimension of the latent space of a trained model, which goes from one "
            "side "
            "to the other while the others stay. Centre and deviations are those of the prior; where that is no normal "
            "distribution, those of the codes of images.",
        .examples = {{"traverse runs/digits --dims 2,1", "what two dimensions of the latent space do"},
                     {"traverse runs/digits --image 4 --span 2", "around the code of a test image"}},
        .ends = OUTPUT_ENDS,
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, wants_images, traverse);
}
