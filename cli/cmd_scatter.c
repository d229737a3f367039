/* elbo scatter RUN: codes by label. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/pictures/picture.h"
#include "command.h"
#include "data.h"
#include "on_run.h"
#include "preview.h"
#include "result.h"

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    OPTION_FIRST,
    {.name = "beside",
     .type = ELBO_TEXT,
     .metavar = "RUN",
     .help = "another run, whose codes of the same images stand to the right"},
    {.name = "output",
     .alias = "o",
     .type = ELBO_TEXT,
     .default_value = "scatter",
     .metavar = "FILE",
     .help = "FILE.svg or FILE.png; without either end, both"},
    OPTION_PREVIEW,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

static int draw(const run_job *job, elbo_run *const *runs, int count, const char *path, result *r)
{
    const char *const titles[] = {job->path, elbo_values_text(job->values, "beside")};
    if (elbo_picture_scatter(runs, titles, count, job->images, path) != ELBO_OK)
        return elbo__cli_fail();
    elbo__cli_line(r, "scatter %s", path);
    elbo__cli_put_text(r, NULL, path);
    return strcmp(strrchr(path, '.'), ".png") == 0 ? elbo__cli_preview(job->values, path) : EXIT_SUCCESS;
}

/* The name as it is, or with either end. */
static int draw_all(const run_job *job, elbo_run *const *runs, int count, result *r)
{
    static const char *const ends[] = {".svg", ".png"};
    const char *name = elbo_values_text(job->values, "output"), *dot = strrchr(name, '.');
    if (dot && (strcmp(dot, ends[0]) == 0 || strcmp(dot, ends[1]) == 0))
        return draw(job, runs, count, name, r);
    int status = EXIT_SUCCESS;
    for (int i = 0; i < 2 && status == EXIT_SUCCESS; i++) {
        char *path = NULL;
        status = asprintf(&path, "%s%s", name, ends[i]) < 0 ? FAILED : draw(job, runs, count, path, r);
        free(path);
    }
    return status;
}

static int scatter(const run_job *job)
{
    const char *beside = elbo_values_text(job->values, "beside");
    elbo_run *runs[] = {job->run, NULL};
    if (beside[0] && !(runs[1] = elbo_run_load(beside, elbo__cli.models)))
        return elbo__cli_fail();
    result r = elbo__cli_result(job->values);
    elbo__cli_open_list(&r, "scatter");
    const int status = draw_all(job, runs, runs[1] ? 2 : 1, &r);
    elbo_run_free(runs[1]);
    return elbo__cli_result_end(&r, status);
}

int elbo__cmd_scatter(int argc, char **argv)
{
    command_line line = {
        .name = "scatter",
        .doc = "Draws the codes of images as points coloured by their labels: codes of two dimensions as they are, "
               "others by "
               "their first two principal components.",
        .examples = {{"scatter runs/digits -o codes.svg", "codes of the test images, coloured by label"},
                     {"scatter runs/digits --beside runs/pca", "two runs side by side"}},
        .first_only = true,
        .ends = ".svg, .png",
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run_with_labels(&line, argc, argv, elbo__cli_always, scatter);
}
