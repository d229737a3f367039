/* elbo models: what can be trained. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "command.h"
#include "on_model.h"
#include "options.h"
#include "result.h"

static const elbo_option table[] = {OPTION_JSON, ELBO_OPTIONS_END};

static const char *const kinds[] = {
    [ELBO_INTEGER] = "integer", [ELBO_NUMBER] = "number", [ELBO_SIZES] = "sizes",
    [ELBO_CHOICE] = "choice",   [ELBO_FLAG] = "flag",     [ELBO_TEXT] = "text",
};

static void put_option(result *r, const elbo_option *o)
{
    elbo__cli_open_object(r, NULL);
    elbo__cli_put_text(r, "name", o->name);
    elbo__cli_put_text(r, "type", kinds[o->type]);
    elbo__cli_put_text(r, "default", o->default_value ? o->default_value : o->type == ELBO_FLAG ? "no" : "");
    if (o->choices) {
        elbo__cli_open_list(r, "choices");
        for (const char *const *choice = o->choices; *choice; choice++)
            elbo__cli_put_text(r, NULL, *choice);
        elbo__cli_close(r);
    }
    elbo__cli_put_text(r, "needs", o->needs);
    elbo__cli_put_text(r, "help", o->help);
    elbo__cli_close(r);
}

/* Ends the program where there are none. */
static elbo_values *values_of(const elbo_model *model)
{
    elbo_values *values = elbo_model_values(model);
    if (!values)
        exit(elbo__cli_fail());
    return values;
}

static void put_model(result *r, const elbo_model *model)
{
    elbo__cli_open_object(r, NULL);
    elbo__cli_put_text(r, "name", model->name);
    elbo__cli_put_text(r, "summary", model->summary);
    elbo__cli_put_text(r, "family", model->family);
    elbo__cli_put_flag(r, "takes_labels", elbo_model_takes_labels(model, NULL));
    elbo__cli_open_list(r, "options");
    elbo_values *values = values_of(model);
    for (const elbo_option *o = elbo_values_table(values); o && o->name; o++)
        put_option(r, o);
    elbo_values_free(values);
    elbo__cli_close(r);
    elbo__cli_close(r);
}

static void print_option(const result *r, const elbo_option *o)
{
    char usage[64];
    snprintf(usage, sizeof usage, "--%s=%s", o->name, elbo__cli_metavar(o));
    char *help = elbo_option_help(o);
    elbo__cli_line(r, "  %-24s %s", usage, help ? help : "");
    elbo_release(help);
}

static void print_options(const result *r, const elbo_model *model, bool first)
{
    elbo__cli_line(r, "%s%s: %s", first ? "" : "\n", model->name, model->summary ? model->summary : "");
    elbo_values *values = values_of(model);
    for (const elbo_option *o = elbo_values_table(values); o && o->name; o++)
        print_option(r, o);
    elbo_values_free(values);
}

static bool same_family(const elbo_model *a, const elbo_model *b)
{
    return strcmp(a->family ? a->family : "", b->family ? b->family : "") == 0;
}

/* Models of one family stand side by side in the list. */
static void print_list(const result *r, const elbo_model *const *models)
{
    int width = 0;
    for (int i = 0; models[i]; i++)
        width = (int)strlen(models[i]->name) > width ? (int)strlen(models[i]->name) : width;
    for (int i = 0; models[i]; i++) {
        if (models[i]->family && (i == 0 || !same_family(models[i], models[i - 1])))
            elbo__cli_line(r, "%s%s:", i == 0 ? "" : "\n", models[i]->family);
        elbo__cli_line(r, "  %-*s  %s", width, models[i]->name, models[i]->summary ? models[i]->summary : "");
    }
}

int elbo__cmd_models(int argc, char **argv)
{
    command_line line = {
        .name = "models",
        .args = "[MODEL...]",
        .examples = {{"models", "what can be trained, by families"}, {"models iaf-vae", "the options of one model"}},
        .doc = "Lists the models; or the options of those that are named, with the defaults in brackets. As JSON both.",
        .most = INT_MAX,
        .groups = {{.title = "Options:", .table = table}},
    };
    elbo__cli_parse(&line, argc, argv);
    for (int i = 0; i < line.count; i++)
        (void)elbo__cli_model(&line, line.arguments[i]); /* nothing is printed where one is wrong */
    result r = elbo__cli_result(line.groups[0].values);
    const elbo_model *const *all = elbo__cli.models;
    elbo__cli_open_list(&r, "models");
    if (!line.count && !elbo__cli_is_json(&r))
        print_list(&r, all);
    for (int i = 0; elbo__cli_is_json(&r) && !line.count && all[i]; i++)
        put_model(&r, all[i]);
    for (int i = 0; i < line.count; i++) {
        const elbo_model *model = elbo__cli_model(&line, line.arguments[i]);
        if (elbo__cli_is_json(&r))
            put_model(&r, model);
        else
            print_options(&r, model, i == 0);
    }
    elbo__cli_close(&r);
    elbo__cli_release(&line);
    return elbo__cli_result_end(&r, EXIT_SUCCESS);
}
