/* elbo decode RUN CODES: what the decoder makes of codes from a file. */
#include "../nn/pictures/picture.h"
#include "codes.h"
#include "command.h"
#include "on_run.h"
#include "preview.h"
#include "progress.h"

static const elbo_option table[] = {
    OPTION_LABEL("those of the codes"),
    {.name = "labels",
     .type = ELBO_TEXT,
     .metavar = "FILE",
     .help = "of a model that takes labels: those of the codes, a .npy file such as encode writes; a column label of a "
             ".csv file of codes needs no other"},
    OPTION_OUTPUT("decoded.png"),
    OPTION_PREVIEW,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* The labels that the command line names, in place of those that the codes may have; then all that are needed must be
 * there. Says on stderr what is wrong. */
static bool find_labels(const run_job *job, codes *c)
{
    const char *file = elbo_values_text(job->values, "labels");
    const bool takes = elbo_run_classes(job->run) > 0;
    int label;
    if (!elbo__cli_find_label(job, &label))
        return false;
    if (file[0] && !takes) {
        elbo__cli_say("%s: the model \"%s\" takes no labels", job->path, elbo_run_model(job->run)->name);
        return false;
    }
    elbo_status status = ELBO_OK;
    if (label != ELBO_EACH_CLASS)
        status = elbo__cli_one_label(label, c);
    else if (file[0])
        status = elbo__cli_read_labels(job->run, file, c);
    if (status == ELBO_OK && (c->labels || !takes))
        return true;
    if (status != ELBO_OK)
        elbo__cli_fail();
    else
        elbo__cli_say(
            "%s: has no labels, which the model \"%s\" takes: --label CLASS is one for all, --labels a file of "
            "them",
            job->second, elbo_run_model(job->run)->name);
    return false;
}

static int decode(const run_job *job)
{
    codes c;
    if (elbo__cli_read_codes(job->run, job->second, &c) != ELBO_OK)
        return elbo__cli_fail();
    int status = FAILED;
    if (find_labels(job, &c))
        status = elbo__cli_wrote(
            job, "decoded", elbo_picture_codes(job->run, c.z, c.labels, c.n, elbo_values_text(job->values, "output")));
    elbo__cli_free_codes(&c);
    return status;
}

int elbo__cmd_decode(int argc, char **argv)
{
    command_line line = {
        .name = "decode",
        .args = "RUN CODES",
        .doc =
            "Decodes the codes in a file: CODES is a .npy file of (N, Z) numbers, or a .csv file with columns z1, z2, "
            "..., such as encode writes, or one with Z columns of any other names. Codes of a codebook may be given as "
            "whole numbers (N, H, W, L), too.",
        .examples = {{"decode runs/digits codes.csv", "what `encode -o codes.csv' wrote, as a grid of pictures"},
                     {"decode runs/digits codes.csv -o decoded.npy", "the same as numbers"}},
        .least = 2,
        .most = 2,
        .ends = OUTPUT_ENDS,
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, NULL, decode);
}
