/* elbo interpolate RUN: ways through latent space. */
#include <string.h>

#include "../nn/pictures/picture.h"
#include "command.h"
#include "data.h"
#include "on_run.h"
#include "preview.h"

static const char *const ends[] = {"images", "draws", NULL}, *const ways[] = {"linear", "spherical", NULL};

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    {.name = "between",
     .type = ELBO_CHOICE,
     .default_value = "images",
     .choices = ends,
     .metavar = "NAME",
     .help = "where the ways begin and end"},
    {.name = "from",
     .type = ELBO_INTEGER,
     .default_value = "0",
     .least = 0,
     .greatest = 1e9,
     .needs = "between=images",
     .metavar = "I",
     .help = "the first image; each row takes the next two"},
    {.name = "to",
     .type = ELBO_INTEGER,
     .default_value = "-1",
     .least = -1,
     .greatest = 1e9,
     .needs = "between=images",
     .metavar = "J",
     .help = "one row only, from image I to image J"},
    {.name = "path",
     .type = ELBO_CHOICE,
     .default_value = "linear",
     .choices = ways,
     .metavar = "NAME",
     .help = "straight, or around at the length of the ends"},
    OPTION_COUNT("8", "how many rows"),
    OPTION_STEPS("10", "pictures in a row, both ends included"),
    OPTION_LABEL("those of either end, changing half-way; between draws 0"),
    OPTION_OUTPUT("interpolation.png"),
    OPTION_PREVIEW,
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

static bool between_images(const run_job *job)
{
    return strcmp(elbo_values_choice(job->values, "between"), "images") == 0;
}

static bool wants_images(const run_job *job)
{
    return between_images(job) || !elbo_run_has_normal_prior(job->run);
}

static int interpolate(const run_job *job)
{
    const elbo_values *v = job->values;
    int label;
    if (!elbo__cli_find_label(job, &label))
        return FAILED;
    const elbo_view view = {.images = job->images,
                            .label = label,
                            .steps = elbo_values_integer(v, "steps"),
                            .seed = elbo_values_integer(v, "seed")};
    const elbo_path path = {.from = between_images(job) ? elbo_values_integer(v, "from") : -1,
                            .to = elbo_values_integer(v, "to"),
                            .rows = elbo_values_integer(v, "count"),
                            .spherical = strcmp(elbo_values_choice(v, "path"), "spherical") == 0};
    return elbo__cli_wrote(job, "interpolation",
                           elbo_picture_interpolation(job->run, &view, &path, elbo_values_text(v, "output")));
}

int elbo__cmd_interpolate(int argc, char **argv)
{
    command_line line = {
        .name = "interpolate",
        .doc =
            "Draws what lies between two images, or between two random points, in the latent space of a trained model: "
            "a row of pictures from one to the other.",
        .examples = {{"interpolate runs/digits --from 2 --to 3", "from one test image to another"},
                     {"interpolate runs/digits --between draws --path spherical", "between random points"}},
        .ends = OUTPUT_ENDS,
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, wants_images, interpolate);
}
