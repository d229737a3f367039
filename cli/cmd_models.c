/* elbo models: what can be trained. */
#include <stdio.h>
#include <stdlib.h>

#include "../autograd/plan.h"
#include "../models/models.h"
#include "command.h"
#include "options.h"

static void print_option(const elbo_option *o)
{
    char usage[64];
    snprintf(usage, sizeof usage, "--%s=%s", o->name, o->metavar ? o->metavar : "yes|no");
    char *help = elbo_option_help(o);
    printf("  %-24s %s\n", usage, help ? help : o->help);
    elbo_release(help);
}

int cmd_models(int argc, char **argv)
{
    command_line line = {
        .name = "elbo models",
        .args = "",
        .doc = "Lists the models with their options and, in brackets, the defaults.",
    };
    parse(&line, argc, argv);
    for (int i = 0; elbo_models[i]; i++) {
        printf("%s%s: %s\n", i ? "\n" : "", elbo_models[i]->name, elbo_models[i]->summary);
        for (const elbo_option *o = elbo_models[i]->options; o && o->name; o++)
            print_option(o);
    }
    release(&line);
    return EXIT_SUCCESS;
}
