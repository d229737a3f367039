#include "help.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"

const named_text elbo__cli_exits[] = {
    {"0", "all went well"},
    {"1", "a failure; one line on stderr says of what"},
    {"64", "wrong usage: an option, a value or an argument that cannot be, whatever files and data hold"},
    {"128+N", "stopped by signal N: 130 by Ctrl-C, 143 by SIGTERM"},
    {NULL, NULL},
};

const named_text elbo__cli_environment[] = {
    {"OMP_NUM_THREADS", "how many threads there are where --threads does not say; results are the same"},
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
    {"RUN/resume.safetensors", "what else a training needs to go on: `train --resume RUN'"},
    {"RUN/config.ini", "the options that the run was made with, as --config takes them"},
    {"RUN/metrics.csv", "a row of figures for each epoch"},
    {"RUN/timing.csv", "seconds and images per second of each epoch, which differ from one training to the next"},
    {"RUN/samples.png", "images drawn from the prior, of a model that has one"},
    {"RUN/samples-NNNN.png", "the same after epoch NNNN, with --sample-every"},
    {"RUN/reconstruction.png", "images, and below each what the model makes of it"},
    {"RUN/events.out.tfevents.elbo", "figures and samples for TensorBoard, with --tensorboard"},
    {"RUN/.incomplete", "a training whose first epoch is not finished yet, or was not when it was killed"},
    {"RUN/report.html", "all of it as one page, which `report` writes"},
    {NULL, NULL},
};

enum { USAGE_KEY = 999 }; /* of the only one without a letter */

int elbo__cli_add_help_rows(struct argp_option *rows)
{
    int n = 0;
    for (const elbo_option *o = elbo__cli_help_options; o->name; o++)
        rows[n++] = (struct argp_option){
            .name = o->name, .key = o->alias ? o->alias[0] : USAGE_KEY, .doc = o->help, .group = WITH_HELP};
    rows[n++] = (struct argp_option){.key = '?', .flags = OPTION_HIDDEN}; /* as good as --help */
    return n;
}

/* argp's help without the lines of blanks that it adds where a text ends at the last column; ends the program. */
__attribute__((noreturn)) static void print_help(struct argp_state *state)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        exit(elbo__cli_out_of_memory());
    argp_state_help(state, out, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK);
    fclose(out);
    for (const char *line = text; line && *line;) {
        const size_t length = strcspn(line, "\n"), blanks = strspn(line, " ");
        if (length == 0 || blanks < length)
            fprintf(state->out_stream, "%.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    free(text);
    exit(EXIT_SUCCESS);
}

void elbo__cli_help_on(int key, struct argp_state *state)
{
    if (key == 'h' || key == '?')
        print_help(state);
    if (key == USAGE_KEY)
        argp_state_help(state, state->out_stream, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
    if (key != 'V')
        return;
    argp_program_version_hook(state->out_stream, state);
    exit(EXIT_SUCCESS);
}

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
