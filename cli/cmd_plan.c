/* elbo plan MODEL: the plan of its training step or another of its graphs, in words. */
#include <stdio.h>
#include <stdlib.h>

#include "../autograd/plan.h"
#include "../nn/runs/explain.h"
#include "../nn/training/train.h"
#include "command.h"
#include "data.h"
#include "on_model.h"
#include "progress.h"
#include "slow.h"

enum { COUNT = 60000, SIDE = 28, CLASSES = 10, TIMED_RUNS = 50 };

static const elbo_option general[] = {
    {.name = "role",
     .type = ELBO_CHOICE,
     .default_value = "train",
     .choices = elbo_role_names,
     .metavar = "NAME",
     .help = "which graph"},
    {.name = "step",
     .type = ELBO_INTEGER,
     .default_value = "1",
     .least = 1,
     .greatest = 1e9,
     .needs = "role=train",
     .metavar = "N",
     .help = "which step, of a model whose losses take turns"},
    {.name = "time", .type = ELBO_FLAG, .help = "run it for a moment, and show where the time goes"},
    OPTION_DATA("made-up images of the shape of MNIST"),
    OPTION_THREADS,
    ELBO_OPTIONS_END,
};

/* ---- images ---------------------------------------------------------------------------------------------------- */

/* Bytes without a pattern, below `bound`. */
static void fill(unsigned char *bytes, size_t n, unsigned bound)
{
    uint64_t state = 1;
    for (size_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (unsigned char)((state >> 33) % bound);
    }
}

/* Dark around the middle, as digits are: products leave terms of 0 out, and 324 of 784 pixels are about the share of
 * terms that MNIST leaves to them. */
static void darken(unsigned char *image)
{
    enum { MARGIN = 5 };
    for (int i = 0; i < SIDE * SIDE; i++) {
        const int row = i / SIDE, column = i % SIDE;
        if (row < MARGIN || row >= SIDE - MARGIN || column < MARGIN || column >= SIDE - MARGIN)
            image[i] = 0;
    }
}

/* As many as MNIST has for training; *bytes holds them. */
static bool make_up(elbo_images *out, unsigned char **bytes)
{
    const size_t size = (size_t)COUNT * SIDE * SIDE;
    if (!(*bytes = malloc(size + COUNT))) {
        elbo__cli_fail();
        return false;
    }
    fill(*bytes, size, 256);
    for (size_t at = 0; at < size; at += SIDE * SIDE)
        darken(*bytes + at);
    fill(*bytes + size, COUNT, CLASSES);
    const elbo_tensor images = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(COUNT, SIDE, SIDE), *bytes);
    const elbo_tensor labels = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(COUNT), *bytes + size);
    const bool good = elbo_images_of(&images, &labels, CLASSES, out) == ELBO_OK;
    if (!good)
        elbo__cli_fail();
    return good;
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static int explain(const command_line *line, const elbo_model *model, const elbo_images *images)
{
    const elbo_values *training = line->groups[TRAINING].values, *values = line->groups[GENERAL].values;
    const elbo_optim optim = elbo_optim_of(training);
    const bool timed = elbo_values_flag(values, "time");
    elbo_run *run = elbo_run_for(model, line->groups[MODEL].values, images, 1);
    char *text = NULL;
    if (timed)
        elbo__cli_warn_of_slow_products();
    if (run)
        text = elbo_run_explain(run, images,
                                &(elbo_explanation){.role = elbo_values_choice(values, "role"),
                                                    .batch = elbo_values_integer(training, "batch-size"),
                                                    .optim = &optim,
                                                    .step = elbo_values_integer(values, "step"),
                                                    .timed = timed ? TIMED_RUNS : 0});
    const int status = text ? EXIT_SUCCESS : elbo__cli_fail();
    if (text)
        fputs(text, stdout);
    elbo_release(text);
    elbo_run_free(run);
    return status;
}

int elbo__cmd_plan(int argc, char **argv)
{
    command_line line = {
        .doc = "Shows what becomes of a model's training step: its stages, the loops over blocks that may "
               "run side by side, the instructions of each with their arithmetic and bytes, and the "
               "memory. Command `plan MODEL --help' lists the options of one.",
        .examples = {{"plan MODEL --time", "a training step, with the time of each instruction"},
                     {"plan MODEL --role decode --threads 1", "the decoder, on one thread"}},
        .groups = {[GENERAL] = {.title = "General:", .table = general}}};
    const elbo_model *model = elbo__cli_parse_for_model(&line, "plan", argc, argv);
    const elbo_values *values = line.groups[GENERAL].values;
    const char *data = elbo_values_text(values, "data");
    const data_source source = elbo__cli_choose_data(values, NULL, NULL);
    const int classes = elbo_model_takes_labels(model, line.groups[MODEL].values) ? 0 : ELBO_WITHOUT_LABELS;
    unsigned char *bytes = NULL;
    elbo_images images = {.count = 0};
    int status = FAILED;
    elbo_set_threads((int)elbo_values_integer(values, "threads"));
    elbo__cli_watch_work();
    if (data[0] ? elbo__cli_read_part(&source, "train", classes, &images) : make_up(&images, &bytes))
        status = explain(&line, model, &images);
    elbo_images_free(&images);
    free(bytes);
    free(source.folder);
    elbo__cli_release(&line);
    return status;
}
