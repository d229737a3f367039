#include "help.h"

#include <string.h>

#include "command.h"

const named_text elbo__cli_exits[] = {
    {"0", "all went well"},
    {"1", "a failure; one line on stderr says of what"},
    {"64", "wrong usage: an option, a value or an argument that cannot be"},
    {"128+N", "stopped by signal N: 130 by Ctrl-C, 143 by SIGTERM"},
    {NULL, NULL},
};

const named_text elbo__cli_environment[] = {
    {"ELBO_PROCESSORS", "how many processors are made believe; results are the same"},
    {"ELBO_KERNELS", "base or avx2 where the processor could do more: lesser kernels, for comparisons"},
    {"BLIS_ARCH_TYPE", "which kernels BLIS uses, where matrices are multiplied by BLIS"},
    {"NO_COLOR", "if set and not empty, --preview shows shades of characters instead of colours"},
    {"TERM, LC_ALL, LC_CTYPE, LANG", "whether the terminal can do more than plain text, and whether it reads UTF-8"},
    {NULL, NULL},
};

const named_text elbo__cli_run_files[] = {
    {"RUN/model.safetensors", "the weights, with all that is known of the run as metadata: the model, its options, the "
                              "data, the figures. It is all that the other commands need."},
    {"RUN/config.ini", "the options that the run was made with, as --config takes them"},
    {"RUN/metrics.csv", "a row of figures for each epoch"},
    {"RUN/samples.png", "images drawn from the prior, of a model that has one"},
    {"RUN/reconstruction.png", "images, and below each what the model makes of it"},
    {"RUN/report.html", "all of it as one page, which `report` writes"},
    {NULL, NULL},
};

const char elbo__cli_config_text[] =
    "Each line of a file of options is `option = value', without the dashes, or a comment after `#'; the line `model = "
    "NAME' names the model. A flag is yes or no. A text in double quotes may hold \\\", \\\\, \\n, \\t and \\xHH. "
    "Names of "
    "files are taken from where the command is called. The command line wins over the file, and an option of the file "
    "that it makes idle is dropped; any other option that is unknown, wrong or of no use is an error that names the "
    "line.";

void elbo__cli_put_example(FILE *out, const command_line *line, const example *e)
{
    static const char word[] = "MODEL";
    const char *model = line->model ? line->model : elbo__cli.models[0]->name, *at = strstr(e->line, word);
    fprintf(out, "%s ", elbo__cli.name);
    if (at)
        fprintf(out, "%.*s%s%s", (int)(at - e->line), e->line, model, at + strlen(word));
    else
        fputs(e->line, out);
}

char *elbo__cli_help_text(const command_line *line)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fprintf(out, "%s\v", line->doc);
    for (const example *e = line->examples; e->line; e++) {
        fputs(e == line->examples ? "Examples:\n  " : "  ", out);
        elbo__cli_put_example(out, line, e);
        fprintf(out, "\n      %s\n", e->what);
    }
    if (line->exits)
        fprintf(out, "\nExit status: %s", line->exits);
    return fclose(out) == 0 ? text : NULL;
}
