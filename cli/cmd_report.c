/* elbo report RUN: the run as one page for a browser. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/listing.h"
#include "../nn/report/report.h"
#include "../tensor/memory.h"
#include "command.h"
#include "data.h"
#include "on_run.h"
#include "progress.h"
#include "result.h"

static const char *const explorers[] = {
    [ELBO_EXPLORER_AUTO] = "auto", [ELBO_EXPLORER_YES] = "yes", [ELBO_EXPLORER_NO] = "no", NULL};

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    OPTION_PART,
    {.name = "output",
     .alias = "o",
     .type = ELBO_TEXT,
     .metavar = "FILE",
     .help = "the page to write; without it, report.html in the folder of the run"},
    {.name = "codes",
     .alias = "n",
     .type = ELBO_INTEGER,
     .default_value = "2000",
     .least = 1,
     .greatest = 1000000,
     .metavar = "N",
     .help = "images that are encoded at most, for the latent space"},
    {.name = "explorer",
     .type = ELBO_CHOICE,
     .default_value = "auto",
     .choices = explorers,
     .metavar = "WORD",
     .help = "sliders over the latent dimensions with the decoder in the page; auto: unless its weights exceed 8 MB"},
    OPTION_JSON,
    OPTION_THREADS,
    ELBO_OPTIONS_END,
};

/* Not where nobody knows them: the page then does without. */
static bool wants_images(const run_job *job)
{
    const data_source source = elbo__cli_choose_data(job->values, job->run, job->path);
    const bool wanted = !source.unknown || elbo_values_given(job->values, "part");
    free(source.folder);
    if (!wanted)
        elbo__cli_note("%s was trained by a program, on arrays that have no name: the page is without images (--data "
                       "names some)",
                       job->path);
    return wanted;
}

/* What the page says of its images; a new string, NULL when memory is short. */
static char *source_of(const run_job *job)
{
    char *words = NULL;
    if (!job->images)
        return strdup("no images: those of the training have no name");
    return asprintf(&words, "part %s of %s", job->part, job->folder) < 0 ? NULL : words;
}

/* The folder of a run that was given as folder or as file; a new string, NULL when memory is short. */
static char *folder_of(const char *run)
{
    elbo__kind kind;
    if (elbo__kind_of(run, &kind) == ELBO_OK && kind == ELBO__FOLDER)
        return strdup(run);
    const char *slash = strrchr(run, '/');
    return slash ? strndup(run, slash > run ? (size_t)(slash - run) : 1) : strdup(".");
}

static int write_page(const run_job *job, const char *folder, const char *source, const char *path)
{
    const char *word = elbo_values_choice(job->values, "explorer");
    elbo_report_options options = {
        .name = job->path, .source = source, .codes = elbo_values_integer(job->values, "codes")};
    while (strcmp(explorers[options.explorer], word) != 0)
        options.explorer++;
    if (elbo_report_write(job->run, folder, job->images, &options, path) != ELBO_OK)
        return elbo__cli_fail();
    result r = elbo__cli_result(job->values);
    elbo__cli_give_text(&r, "report", NULL, path);
    return elbo__cli_result_end(&r, EXIT_SUCCESS);
}

static int report(const run_job *job)
{
    const bool named = elbo_values_given(job->values, "output");
    if (named && !elbo__cli_has_end("output", elbo_values_text(job->values, "output"), ".html"))
        return USAGE;
    char *folder = folder_of(job->path), *source = source_of(job), *path = NULL;
    int status = FAILED;
    if (named)
        path = strdup(elbo_values_text(job->values, "output"));
    else if (folder && asprintf(&path, "%s%sreport.html", folder, folder[strlen(folder) - 1] == '/' ? "" : "/") < 0)
        path = NULL;
    if (folder && source && path)
        status = write_page(job, folder, source, path);
    else
        status = elbo__cli_out_of_memory();
    free(folder);
    free(source);
    free(path);
    return status;
}

int elbo__cmd_report(int argc, char **argv)
{
    command_line line = {
        .name = "report",
        .doc = "Writes what is known of a run as one page, which needs no network and no other file: figures, curves, "
               "samples, reconstructions, the latent space, and an explorer in which the decoder runs in the browser.",
        .examples = {{"report runs/digits", "writes runs/digits/report.html, to be opened in a browser"},
                     {"report runs/digits --part train --explorer no -o digits.html", "other images, and no sliders"}},
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run_with_labels(&line, argc, argv, wants_images, report);
}
