/* elbo models: what can be trained. */
#include <stdio.h>
#include <stdlib.h>

#include "../autograd/plan.h"
#include "command.h"
#include "options.h"

static void print_option(const elbo_option *o)
{
    char usage[64];
    snprintf(usage, sizeof usage, "--%s=%s", o->name, elbo__cli_metavar(o));
    char *help = elbo_option_help(o);
    printf("  %-24s %s\n", usage, help ? help : "");
    elbo_release(help);
}

int elbo__cmd_models(int argc, char **argv)
{
    command_line line = {
        .name = "models",
        .args = "",
        .examples = {{"models", "all models, each with its options"}},
        .doc = "Lists the models with their options and, in brackets, the defaults.",
    };
    elbo__cli_parse(&line, argc, argv);
    for (int i = 0; elbo__cli.models[i]; i++) {
        const elbo_model *model = elbo__cli.models[i];
        printf("%s%s: %s\n", i ? "\n" : "", model->name, model->summary ? model->summary : "");
        for (const elbo_option *o = model->options; o && o->name; o++)
            print_option(o);
    }
    elbo__cli_release(&line);
    return EXIT_SUCCESS;
}
