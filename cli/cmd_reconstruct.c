/* elbo reconstruct RUN: images and what the model makes of them. */
#include "../nn/pictures/picture.h"
#include "command.h"
#include "data.h"
#include "on_run.h"
#include "preview.h"

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    OPTION_COUNT("32", "how many images"),
    OPTION_OUTPUT("reconstruction.png"),
    OPTION_PREVIEW,
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

static int reconstruct(const run_job *job)
{
    const elbo_values *v = job->values;
    return elbo__cli_wrote(job, "reconstructions",
                           elbo_picture_reconstruction(job->run, job->images, elbo_values_integer(v, "count"),
                                                       elbo_values_integer(v, "seed"), elbo_values_text(v, "output")));
}

int elbo__cmd_reconstruct(int argc, char **argv)
{
    command_line line = {
        .name = "reconstruct",
        .doc =
            "Draws rows of images, and below each what a trained model makes of it from one draw of z. Of a model that "
            "corrupts or binarises images, what it sees stands between the two. As numbers (-o FILE.npy or .csv), the "
            "reconstructions alone.",
        .examples = {{"reconstruct runs/digits -n 16", "sixteen test images and what the model makes of them"},
                     {"reconstruct runs/digits --data pictures -o strange.png", "images of another folder"}},
        .ends = OUTPUT_ENDS,
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run_with_labels(&line, argc, argv, elbo__cli_always, reconstruct);
}
