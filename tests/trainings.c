#include "trainings.h"

#include <check.h>
#include <string.h>

#include "scratch.h"

elbo_images train, test;

void training_setup(void)
{
    train = pattern_images(N);
    test = pattern_images(TEST);
}

void training_setup_with_scratch(void)
{
    scratch_setup();
    training_setup();
}

elbo_run *new_run(const elbo_model *model, int64_t seed)
{
    elbo_values *options = elbo_model_values(model);
    ck_assert_int_eq(elbo_values_set(options, "hidden", "24"), ELBO_OK);
    ck_assert_int_eq(elbo_values_set(options, "latent-dim", "4"), ELBO_OK);
    elbo_run *run = elbo_run_for(model, options, &train, seed);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    elbo_values_free(options);
    return run;
}

void assert_trained(elbo_run *run, const elbo_training *how, elbo_epoch *last)
{
    elbo_status status = elbo_train(run, &train, &test, how, last);
    ck_assert_msg(status == ELBO_OK, "%s", elbo_error());
}

void assert_not_trained(elbo_run *run, const elbo_training *how, const char *reason)
{
    elbo_epoch last;
    ck_assert_int_ne(elbo_train(run, &train, &test, how, &last), ELBO_OK);
    ck_assert_msg(strstr(elbo_error(), reason) != NULL, "\"%s\" does not say \"%s\"", elbo_error(), reason);
}

void train_into(const char *folder, elbo_training how, elbo_epoch *last)
{
    elbo_run *run = new_run(&elbo_model_cvae, 1);
    how.folder = scratch_path(folder);
    assert_trained(run, &how, last);
    elbo_run_free(run);
}
