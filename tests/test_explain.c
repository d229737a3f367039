/* The plans of a run in words, for every role; and what the library says of the machine. */
#include <check.h>
#include <ctype.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../models/models.h"
#include "../nn/runs/explain.h"
#include "../tensor/machine.h"
#include "patterns.h"
#include "runs.h"
#include "suites.h"

enum { N = 24 };

static elbo_run *new_run(const elbo_model *model, const elbo_images *images)
{
    elbo_run *run = elbo_run_for(model, NULL, images, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    return run;
}

/* The text with one blank for every run of them, and for ends of lines, where it may have been wrapped. */
static void unwrap(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (!isspace((unsigned char)*from))
            *to++ = *from;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    *to = 0;
}

static void assert_tells(elbo_run *run, const elbo_images *images, const elbo_explanation *how, const char *words)
{
    char *text = elbo_run_explain(run, images, how);
    ck_assert_msg(text != NULL, "%s", elbo_error());
    unwrap(text);
    ck_assert_msg(strstr(text, words) != NULL, "no \"%s\" in\n%.2000s", words, text);
    elbo_release(text);
}

/* What only the graph of this role has. */
static const struct {
    const char *role, *words;
} roles[] = {
    {"train", "adam.m:decoder.logits.weight = "},
    {"evaluate", "gather(images(24, 64) whole, rows(16))"},
    {"encode", "concat(x(16, 64), "},
    {"codes", "argmax("},
    {"lookup", "gather(codes.weight"},
    {"seen", "copy(x)"},
    {"prior", "(16, 20)"},
    {"prior-draws", "random_normal("},
    {"posterior-draws", "random_normal("},
    {"prior-density", "sum(local"},
    {"posterior-density", "group (16, 16, 20)"},
    {"decode", "concat(z(16, 20), "},
    {"metric", "spd_logdet("},
    {"sample", "random_normal("},
    {"reconstruct", "random_normal("},
    {"elbo", "softplus("},
    {"log-prob", "softplus("},
    {"parts", "gather(images(24, 64) whole, rows(16))"},
    {"data", "gather(images(24, 64), rows(16))"},
    {"joint", "concat(z(16, 1, 20), "},
    {"simulate", "random_uniform("},
    {"log-weights", "gather(images(24, 64) whole, rows(16))"},
    {"log-ratios", "gather(images(24, 64) whole, rows(16))"},
    {"impute", "sigmoid("},
    {"impute-draws", "random_uniform("},
};

/* One that can be built in that role. */
static const elbo_model *model_for(const char *role)
{
    const bool whole_numbers = strcmp(role, "codes") == 0 || strcmp(role, "lookup") == 0;
    return whole_numbers ? &elbo_model_vq_vae : strcmp(role, "metric") == 0 ? &elbo_model_rhvae : &elbo_model_cvae;
}

START_TEST(each_role_has_its_plan)
{
    ck_assert_str_eq(elbo_role_names[_i], roles[_i].role);
    const elbo_images images = pattern_images(N);
    elbo_run *run = new_run(model_for(roles[_i].role), &images);
    elbo_explanation how = {.role = roles[_i].role, .batch = 16};
    assert_tells(run, &images, &how, roles[_i].words);
    how.timed = 2;
    assert_tells(run, &images, &how, "us a run, the mean of the quicker 1 of 2; ");
    assert_tells(run, &images, &how, roles[_i].words);
    elbo_run_free(run);
}
END_TEST

START_TEST(the_optimiser_that_is_asked_for_is_in_the_training_step)
{
    const elbo_images images = pattern_images(N);
    elbo_run *run = new_run(&elbo_model_vae, &images);
    const elbo_optim sgd = {.name = "sgd", .momentum = 0.9};
    assert_tells(run, &images, &(elbo_explanation){.batch = 3, .optim = &sgd}, "sgd.velocity:decoder.hidden.bias = ");
    assert_tells(run, &images, &(elbo_explanation){.batch = 3}, "adam.v:decoder.hidden.bias = ");
    elbo_run_free(run);
}
END_TEST

START_TEST(a_variance_that_pixels_share_costs_no_barrier)
{
    static const char *const learned[] = {"no", "shared"};
    const elbo_images images = pattern_images(N);
    for (int i = 0; i < 2; i++) {
        elbo_run *run = run_of(&elbo_model_vae, OPTIONS("likelihood", "gaussian", "learn-variance", learned[i]),
                               ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
        assert_tells(run, &images, &(elbo_explanation){.batch = 16}, "barriers 1,");
        elbo_run_free(run);
    }
}
END_TEST

static void assert_not_explained(elbo_run *run, const elbo_images *images, elbo_explanation how, const char *reason)
{
    ck_assert_ptr_null(elbo_run_explain(run, images, &how));
    ck_assert_msg(strstr(elbo_error(), reason) != NULL, "\"%s\" does not say \"%s\"", elbo_error(), reason);
}

START_TEST(what_makes_no_sense_is_refused)
{
    const elbo_images images = pattern_images(N);
    elbo_images unlabelled = images;
    unlabelled.labels.data = NULL;
    elbo_run *run = new_run(&elbo_model_cvae, &images);
    assert_not_explained(run, &images, (elbo_explanation){.role = "dance"}, "no role \"dance\"");
    assert_not_explained(run, &images, (elbo_explanation){.batch = N + 1}, "a batch of 25 from 24 images");
    assert_not_explained(run, &images, (elbo_explanation){.batch = -1}, "a batch of -1");
    assert_not_explained(run, &images, (elbo_explanation){.batch = 0}, "a batch of 128 from 24 images");
    assert_not_explained(run, &unlabelled, (elbo_explanation){.batch = 3}, "needs labels");
    elbo_run_free(run);
}
END_TEST

START_TEST(the_machine_has_a_processor_and_kernels)
{
    const elbo_machine machine = elbo_machine_describe(), again = elbo_machine_describe();
    ck_assert_str_ne(machine.processor, "");
    ck_assert_ptr_null(strchr(machine.processor, '\n'));
    ck_assert_ptr_eq(machine.processor, again.processor);
    ck_assert(strcmp(machine.instructions, "avx512") == 0 || strcmp(machine.instructions, "avx2") == 0 ||
              strcmp(machine.instructions, "base") == 0);
    ck_assert_str_eq(machine.blis, elbo_kernels());
}
END_TEST

Suite *suite_explain(void)
{
    Suite *s = suite_create("explain");
    TCase *plans = tcase_create("plans");
    tcase_add_loop_test(plans, each_role_has_its_plan, 0, sizeof roles / sizeof roles[0]);
    tcase_add_test(plans, the_optimiser_that_is_asked_for_is_in_the_training_step);
    tcase_add_test(plans, a_variance_that_pixels_share_costs_no_barrier);
    tcase_add_test(plans, what_makes_no_sense_is_refused);
    suite_add_tcase(s, plans);
    TCase *machine = tcase_create("machine");
    tcase_add_test(machine, the_machine_has_a_processor_and_kernels);
    suite_add_tcase(s, machine);
    return s;
}
