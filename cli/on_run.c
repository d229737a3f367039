#include "on_run.h"

#include "../autograd/plan.h"
#include "../models/models.h"
#include "command.h"
#include "slow.h"

int on_run(command_line *line, int argc, char **argv,
           int (*work)(elbo_run *run, const char *path, const elbo_values *values))
{
    line->args = "RUN";
    line->least = line->most = 1;
    parse(line, argc, argv);
    const elbo_values *values = line->groups[0].values;
    elbo_set_threads((int)elbo_values_integer(values, "threads"));
    warn_of_slow_products();
    elbo_run *run = elbo_run_load(line->arguments[0], elbo_models);
    const int status = run ? work(run, line->arguments[0], values) : fail();
    elbo_run_free(run);
    release(line);
    return status;
}
