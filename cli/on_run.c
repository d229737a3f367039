#include "on_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "../autograd/plan.h"
#include "../models/models.h"
#include "../nn/picture.h"
#include "command.h"
#include "data.h"
#include "progress.h"
#include "slow.h"

bool always(const run_job *job)
{
    (void)job;
    return true;
}

static int work_on_images(run_job *job, int (*work)(const run_job *job))
{
    char *folder = choose_data(elbo_values_text(job->values, "data"), job->run);
    elbo_images images;
    int status = FAILED;
    if (read_part_for(job->run, folder, elbo_values_choice(job->values, "part"), &images)) {
        job->images = &images;
        job->folder = folder;
        status = work(job);
        elbo_images_free(&images);
    }
    free(folder);
    return status;
}

int on_run(command_line *line, int argc, char **argv, bool (*wants_images)(const run_job *job),
           int (*work)(const run_job *job))
{
    line->args = "RUN";
    line->least = line->most = 1;
    parse(line, argc, argv);
    if (elbo_values_check(line->groups[0].values) != ELBO_OK)
        wrong_usage(line, "%s", elbo_error());
    run_job job = {.path = line->arguments[0], .values = line->groups[0].values};
    elbo_set_threads((int)elbo_values_integer(job.values, "threads"));
    warn_of_slow_products();
    watch_work();
    job.run = elbo_run_load(job.path, elbo_models);
    int status = FAILED;
    if (!job.run)
        status = fail();
    else if (wants_images && wants_images(&job))
        status = work_on_images(&job, work);
    else
        status = work(&job);
    elbo_run_free(job.run);
    release(line);
    return status;
}

bool check_label(const run_job *job)
{
    const int label = (int)elbo_values_integer(job->values, "label"), classes = elbo_run_classes(job->run);
    if (label == ELBO_EACH_CLASS || (classes > 0 && label < classes))
        return true;
    if (classes == 0)
        fprintf(stderr, "elbo: %s: the model \"%s\" takes no labels\n", job->path, elbo_run_model(job->run)->name);
    else
        fprintf(stderr, "elbo: %s: label %d is outside the classes 0 to %d\n", job->path, label, classes - 1);
    return false;
}

int wrote(const run_job *job, const char *what, elbo_status status)
{
    if (status != ELBO_OK)
        return fail();
    printf("%s %s\n", what, elbo_values_text(job->values, "output"));
    return EXIT_SUCCESS;
}
