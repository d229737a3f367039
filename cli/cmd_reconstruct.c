/* elbo reconstruct RUN: images and what the model makes of them. */
#include <stdio.h>
#include <stdlib.h>

#include "../nn/picture.h"
#include "command.h"
#include "data.h"
#include "on_run.h"

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    OPTION_COUNT("32"),
    OPTION_OUTPUT("reconstruction.png"),
    OPTION_SEED,
    OPTION_THREADS,
    ELBO_OPTIONS_END,
};

static int reconstruct(elbo_run *run, const char *path, const elbo_values *values)
{
    (void)path;
    const char *output = elbo_values_text(values, "output");
    char *folder = choose_data(elbo_values_text(values, "data"), run);
    elbo_images images;
    int status = FAILED;
    if (read_part_for(run, folder, elbo_values_choice(values, "part"), &images)) {
        if (elbo_draw_reconstruction(run, &images, elbo_values_integer(values, "count"),
                                     elbo_values_integer(values, "seed"), output) == ELBO_OK) {
            printf("reconstructions %s\n", output);
            status = EXIT_SUCCESS;
        } else {
            fail();
        }
        elbo_images_free(&images);
    }
    free(folder);
    return status;
}

int cmd_reconstruct(int argc, char **argv)
{
    command_line line = {
        .name = "elbo reconstruct",
        .doc = "Draws rows of images, and below each what a trained model makes of it from one draw of z.",
        .groups = {{.title = "Options:", .table = table}},
    };
    return on_run(&line, argc, argv, reconstruct);
}
