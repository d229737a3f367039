/* elbo sample RUN: images from the prior, or from what was fitted to the codes in its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "on_run.h"
#include "preview.h"
#include "progress.h"
#include "result.h"
#include "sampler.h"

static const elbo_option table[] = {
    OPTION_LABEL("each in turn"),
    OPTION_COUNT("64", "how many images"),
    OPTION_OUTPUT("samples.png"),
    {.name = "npy",
     .type = ELBO_TEXT,
     .metavar = "FILE",
     .help = "the same as -o FILE.npy, and may stand beside another"},
    OPTION_PREVIEW,
    OPTION_DATA("that of the training; where a sampler is fitted"),
    OPTION_REFIT,
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

static int draw(const run_job *job, elbo_sampler *sampler, int label, result *r, const char *key, const char *path)
{
    const elbo_values *v = job->values;
    if (elbo_sampler_picture(sampler, elbo_values_integer(v, "count"), label, elbo_values_integer(v, "seed"), path) !=
        ELBO_OK)
        return elbo__cli_fail();
    elbo__cli_give_text(r, key, "samples", path);
    return EXIT_SUCCESS;
}

/* As numpy.save does, adds the end that a name lacks. */
static int draw_npy(const run_job *job, elbo_sampler *sampler, int label, result *r)
{
    static const char end[] = ".npy";
    const char *name = elbo_values_text(job->values, "npy");
    const size_t length = strlen(name), last = sizeof end - 1;
    char *path = NULL;
    if (asprintf(&path, "%s%s", name, length > last && strcmp(name + length - last, end) == 0 ? "" : end) < 0)
        return elbo__cli_out_of_memory();
    const int status = draw(job, sampler, label, r, "npy", path);
    free(path);
    return status;
}

static int sample(const run_job *job)
{
    const char *output = elbo_values_text(job->values, "output");
    const bool npy = elbo_values_given(job->values, "npy");
    const bool drawn = !npy || elbo_values_given(job->values, "output");
    int label, status = EXIT_SUCCESS;
    if (!drawn && elbo_values_flag(job->values, "preview")) {
        elbo__cli_say("option \"preview\": no picture is drawn with --npy alone; -o FILE.png draws one too");
        return USAGE;
    }
    if (!elbo__cli_find_label(job, &label))
        return FAILED;
    elbo_sampler *sampler;
    if ((status = elbo__cli_find_sampler(job, &sampler)) != EXIT_SUCCESS)
        return status;
    result r = elbo__cli_result(job->values);
    if (drawn)
        status = draw(job, sampler, label, &r, "samples", output);
    if (npy && status == EXIT_SUCCESS)
        status = draw_npy(job, sampler, label, &r);
    if (status == EXIT_SUCCESS)
        elbo__cli_give_sampler(&r, sampler);
    elbo_sampler_free(sampler);
    status = elbo__cli_result_end(&r, status);
    return drawn && status == EXIT_SUCCESS ? elbo__cli_preview(job->values, output) : status;
}

int elbo__cmd_sample(int argc, char **argv)
{
    command_line line = {
        .name = "sample",
        .doc = "Draws images from a trained model: z from the prior, or from a sampler that was fitted to the codes of "
               "the training images, and the mean of p(x|z). A sampler is fitted when it is asked for the first time, "
               "and kept beside the model.",
        .examples = {{"sample runs/digits -n 100 -o hundred.png", "a hundred images in a grid"},
                     {"sample runs/digits --label 3 --seed 7 --preview", "of one class, shown in the terminal too"},
                     {"sample runs/digits -n 1000 --npy thousand.npy", "a thousand, for numpy.load"},
                     {"sample runs/ae --sampler gmm --components 20", "codes from a mixture of twenty normals"}},
        .ends = OUTPUT_ENDS,
        .groups = {{.title = "Options:", .table = table}, {.title = "Samplers:", .table = elbo_sampler_options}},
    };
    return elbo__cli_on_run(&line, argc, argv, NULL, sample);
}
