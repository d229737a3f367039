#include "on_model.h"

#include <stdio.h>

#include "../models/models.h"
#include "../nn/train.h"
#include "command.h"

const elbo_model *parse_for_model(command_line *line, const char *verb, int argc, char **argv)
{
    static const elbo_option no_options[] = {ELBO_OPTIONS_END};
    static char name[100]; /* the line keeps it */
    const bool named = argc > 1 && argv[1][0] != '-';
    const elbo_model *model = named ? elbo_model_find(argv[1]) : NULL;
    snprintf(name, sizeof name, model ? "elbo %s %s" : "elbo %s", verb, named ? argv[1] : "");
    line->name = name;
    line->args = model ? "" : "MODEL";
    line->most = model ? 0 : 1;
    line->doc = model ? model->summary : line->doc;
    line->groups[MODEL].title = "Model:";
    line->groups[MODEL].table = model && model->options ? model->options : no_options;
    line->groups[TRAINING].title = "Training:";
    line->groups[TRAINING].table = model && model->fit ? no_options : elbo_training_options;
    if (named && !model)
        wrong_usage(line, "%s", elbo_error());
    parse(line, model ? argc - 1 : argc, model ? argv + 1 : argv);
    for (int i = MODEL; model && i <= TRAINING; i++)
        if (elbo_values_check(line->groups[i].values) != ELBO_OK)
            wrong_usage(line, "%s", elbo_error());
    if (!model)
        wrong_usage(line, "the model comes first, as in `elbo %s vae'", verb);
    return model;
}
