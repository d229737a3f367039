/* elbo import FILE: a run of weights that were changed elsewhere. */
#include <stdlib.h>

#include "../nn/exports/export.h"
#include "command.h"
#include "options.h"
#include "result.h"

static const elbo_option table[] = {
    {.name = "like",
     .type = ELBO_TEXT,
     .metavar = "RUN",
     .help = "the run whose model, options and data the new one has; it must be named"},
    {.name = "out",
     .alias = "o",
     .type = ELBO_TEXT,
     .metavar = "NEWRUN",
     .help = "folder for the new run; it must be named"},
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

static int import(const char *file, const elbo_run *like, const elbo_values *v)
{
    const char *folder = elbo_values_text(v, "out");
    elbo_run *run = elbo_run_import(file, like);
    const int status = run && elbo_run_write(run, folder) == ELBO_OK ? EXIT_SUCCESS : elbo__cli_fail();
    elbo_run_free(run);
    result r = elbo__cli_result(v);
    if (status == EXIT_SUCCESS)
        elbo__cli_give_text(&r, "run", NULL, folder);
    return elbo__cli_result_end(&r, status);
}

int elbo__cmd_import(int argc, char **argv)
{
    command_line line = {
        .name = "import",
        .args = "FILE",
        .doc =
            "Makes a run of the weights in FILE, a safetensors file such as PyTorch saves of an exported model: under "
            "the same names, in the same shapes, as f32 or f64.",
        .examples = {{"import digits/model.safetensors --like runs/digits --out runs/changed",
                      "what a program in PyTorch has saved there"}},
        .least = 1,
        .most = 1,
        .groups = {{.title = "Options:", .table = table}},
    };
    elbo__cli_parse(&line, argc, argv);
    const elbo_values *v = line.groups[0].values;
    const char *like = elbo_values_text(v, "like"), *out = elbo_values_text(v, "out");
    if (!*like)
        elbo__cli_wrong_usage(&line, "--like is missing: the run that the new one is like");
    if (!*out)
        elbo__cli_wrong_usage(&line, "--out is missing: the folder for the new run");
    elbo_run *run = elbo_run_load(like, elbo__cli.models);
    const int status = run ? import(line.arguments[0], run, v) : elbo__cli_fail();
    elbo_run_free(run);
    elbo__cli_release(&line);
    return status;
}
