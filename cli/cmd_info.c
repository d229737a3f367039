/* elbo info [RUN]: the program and the machine, or what a run was made from and came to. */
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../nn/training/train.h"
#include "../tensor/machine.h"
#include "../tensor/version.h"
#include "command.h"
#include "options.h"
#include "result.h"
#include "slow.h"

static const elbo_option table[] = {OPTION_JSON, ELBO_OPTIONS_END};

static void about_program(result *r)
{
    const elbo_machine machine = elbo_machine_describe();
    elbo__cli_give_text(r, "version", "elbo", elbo_version());
    elbo__cli_give_text(r, "processor", NULL, machine.processor);
    elbo__cli_give_integer(r, "threads", NULL, elbo_threads(), NULL);
    elbo__cli_give_text(r, "elementwise_kernels", "elementwise kernels", machine.instructions);
    elbo__cli_give_text(r, "f32_product_kernels", "f32 product kernels",
                        machine.own_f32 ? machine.instructions : "those of BLIS");
    elbo__cli_line(r, "f64 product kernels %s (BLIS)", machine.blis);
    elbo__cli_put_text(r, "f64_product_kernels", machine.blis);
    elbo__cli_warn_of_slow_products();
}

/* Lines of a configuration that are no option of the model or of training, and no text either. */
static const elbo_option kinds[] = {
    {.name = "image", .type = ELBO_SIZES, .least = 1, .greatest = 1 << 30},
    {.name = "classes", .type = ELBO_INTEGER},
    {.name = "seed", .type = ELBO_INTEGER},
    {.name = "epochs-done", .type = ELBO_INTEGER},
    {.name = "steps-done", .type = ELBO_INTEGER},
    {.name = "active-units", .type = ELBO_INTEGER},
    {.name = "explained-variance", .type = ELBO_NUMBER},
    ELBO_OPTIONS_END,
};

/* The row of that name, without a message; NULL: there is none */
static const elbo_option *row_of(const elbo_option *rows, const char *name)
{
    for (; rows && rows->name; rows++)
        if (strcmp(rows->name, name) == 0)
            return rows;
    return NULL;
}

/* A figure of the last epoch: train-elbo, val-loss, test-kl; test-fingerprint is none. */
static bool is_figure(const char *key, const char *text)
{
    char *end;
    const bool part = strncmp(key, "train-", 6) == 0 || strncmp(key, "val-", 4) == 0 || strncmp(key, "test-", 5) == 0;
    (void)strtod(text, &end);
    return part && !strstr(key, "fingerprint") && *text && !*end;
}

/* A line of the configuration as a member of its kind. */
static void put_entry(result *r, const elbo_run *run, const char *key, const char *text)
{
    const elbo_option *tables[] = {kinds, elbo_run_model(run)->options, elbo_training_options}, *row = NULL;
    elbo_value value;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && !row; i++)
        row = row_of(tables[i], key);
    if (row && elbo_option_parse(row, text, &value) == ELBO_OK) {
        elbo__cli_put_value(r, key, row->type, &value);
    } else if (is_figure(key, text)) {
        elbo__cli_put_number(r, key, strtod(text, NULL));
    } else if (elbo_run_class_name(run, 0) && strcmp(key, "class-names") == 0) {
        elbo__cli_open_list(r, key);
        for (int i = 0; i < elbo_run_classes(run); i++)
            elbo__cli_put_text(r, NULL, elbo_run_class_name(run, i));
        elbo__cli_close(r);
    } else {
        char *noted = elbo_run_noted(run, key); /* as it was before it became a line */
        elbo__cli_put_text(r, key, noted ? noted : text);
        elbo_release(noted);
    }
}

static int about_run(result *r, const char *path)
{
    elbo_run *run = elbo_run_load(path, elbo__cli.models);
    elbo_ini configuration = {.count = 0};
    if (!run)
        return elbo__cli_fail();
    elbo_params *params = elbo_run_params(run);
    int64_t numbers = 0;
    for (int i = 0; i < elbo_params_count(params); i++) {
        const elbo_shape shape = elbo_params_shape(params, i);
        numbers += elbo_shape_size(&shape);
    }
    int status = EXIT_SUCCESS;
    if (elbo_run_describe(run, &configuration) == ELBO_OK) {
        for (size_t i = 0; i < configuration.count; i++) {
            elbo__cli_line(r, "%s %s", configuration.entries[i].key, configuration.entries[i].value);
            if (elbo__cli_is_json(r))
                put_entry(r, run, configuration.entries[i].key, configuration.entries[i].value);
        }
        elbo__cli_give_integer(r, "parameters", NULL, numbers, NULL);
    } else {
        status = elbo__cli_fail();
    }
    elbo_ini_free(&configuration);
    elbo_run_free(run);
    return status;
}

int elbo__cmd_info(int argc, char **argv)
{
    command_line line = {
        .name = "info",
        .args = "[RUN]",
        .examples = {{"info", "the program, the machine, the kernels"},
                     {"info runs/digits", "how a run was made and what it came to"}},
        .doc = "Without RUN: the version, the processor, the threads, and which kernels are used. With it: how the run "
               "was made, and its last figures.",
        .most = 1,
        .groups = {{.title = "Options:", .table = table}},
    };
    elbo__cli_parse(&line, argc, argv);
    result r = elbo__cli_result(line.groups[0].values);
    int status = EXIT_SUCCESS;
    if (line.count)
        status = about_run(&r, line.arguments[0]);
    else
        about_program(&r);
    status = elbo__cli_result_end(&r, status);
    elbo__cli_release(&line);
    return status;
}
