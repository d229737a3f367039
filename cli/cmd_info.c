/* elbo info [RUN]: the program and the machine, or what a run was made from and came to. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../autograd/plan.h"
#include "../nn/runs/run.h"
#include "../tensor/machine.h"
#include "../tensor/version.h"
#include "command.h"
#include "options.h"
#include "slow.h"

static int about_program(void)
{
    const elbo_machine machine = elbo_machine_describe();
    printf("elbo %s\n", elbo_version());
    printf("processor %s\n", machine.processor);
    printf("threads %d\n", elbo_threads());
    printf("elementwise kernels %s\n", machine.instructions);
    printf("f32 product kernels %s\n", machine.own_f32 ? machine.instructions : "those of BLIS");
    printf("f64 product kernels %s (BLIS)\n", machine.blis);
    elbo__cli_warn_of_slow_products();
    return EXIT_SUCCESS;
}

static int about_run(const char *path)
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
        for (size_t i = 0; i < configuration.count; i++)
            printf("%s %s\n", configuration.entries[i].key, configuration.entries[i].value);
        printf("parameters %" PRId64 "\n", numbers);
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
    };
    elbo__cli_parse(&line, argc, argv);
    const int status = line.count ? about_run(line.arguments[0]) : about_program();
    elbo__cli_release(&line);
    return status;
}
