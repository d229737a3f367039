/* Models: their parameters, their training, and what each of them can do. */
#include <check.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tensor/allocator.h"
#include "../tensor/memory.h"
#include "small_model.h"
#include "suites.h"

/* ---- the list ---------------------------------------------------------------------------------------------------- */

START_TEST(a_model_is_found_by_its_name)
{
    ck_assert_ptr_eq(elbo_model_find("vae"), &elbo_model_vae);
    ck_assert_ptr_eq(elbo_model_find("cvae"), &elbo_model_cvae);
    for (int i = 0; elbo_models[i]; i++)
        ck_assert_ptr_eq(elbo_model_find(elbo_models[i]->name), elbo_models[i]);
}
END_TEST

START_TEST(an_unknown_model_names_the_nearest)
{
    ck_assert_ptr_null(elbo_model_find("cvea"));
    ck_assert_str_eq(elbo_error(), "no model \"cvea\"; the nearest is \"cvae\"");
}
END_TEST

START_TEST(every_model_has_a_summary_and_options_that_parse)
{
    for (int i = 0; elbo_models[i]; i++) {
        const elbo_model *m = elbo_models[i];
        elbo_values *values = elbo_model_values(m);
        ck_assert_msg(values != NULL, "%s: %s", m->name, elbo_error());
        ck_assert(m->summary && m->summary[0]);
        for (const elbo_option *o = m->options; o && o->name; o++)
            ck_assert_msg(o->help && o->help[0], "%s: --%s has no help", m->name, o->name);
        elbo_values_free(values);
    }
}
END_TEST

/* ---- parameters -------------------------------------------------------------------------------------------------- */

static void assert_parameters(const elbo_model *model, const char *const *expected, const elbo_shape *shapes, int n)
{
    elbo_values *options = small_options(model);
    rig r = trained_rig(model, options, ELBO_F32);
    ck_assert_int_eq(elbo_params_count(r.params), n);
    for (int i = 0; i < n; i++) {
        elbo_shape shape = elbo_params_shape(r.params, i);
        ck_assert_str_eq(elbo_params_name(r.params, i), expected[i]);
        ck_assert_msg(elbo_shape_equal(&shape, &shapes[i]), "%s is %s", expected[i], elbo_shape_format(&shape).text);
        ck_assert(elbo_params_trained(r.params, i));
    }
    rig_free(&r);
    elbo_values_free(options);
}

static const char *const names[] = {"encoder.hidden.weight", "encoder.hidden.bias",   "encoder.mean.weight",
                                    "encoder.mean.bias",     "encoder.logvar.weight", "encoder.logvar.bias",
                                    "decoder.hidden.weight", "decoder.hidden.bias",   "decoder.logits.weight",
                                    "decoder.logits.bias"};

START_TEST(the_parameters_of_a_vae_have_their_names_and_shapes)
{
    const elbo_shape shapes[] = {{2, {5, D}}, {1, {5}},    {2, {Z, 5}}, {1, {Z}},    {2, {Z, 5}},
                                 {1, {Z}},    {2, {5, Z}}, {1, {5}},    {2, {D, 5}}, {1, {D}}};
    assert_parameters(&elbo_model_vae, names, shapes, 10);
}
END_TEST

START_TEST(a_cvae_takes_the_label_into_encoder_and_decoder)
{
    const elbo_shape shapes[] = {{2, {5, D + C}}, {1, {5}},        {2, {Z, 5}}, {1, {Z}},    {2, {Z, 5}},
                                 {1, {Z}},        {2, {5, Z + C}}, {1, {5}},    {2, {D, 5}}, {1, {D}}};
    assert_parameters(&elbo_model_cvae, names, shapes, 10);
}
END_TEST

START_TEST(without_labels_a_cvae_is_an_error)
{
    elbo_values *options = small_options(&elbo_model_cvae);
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_in in = inputs(&r, &elbo_model_cvae, options, 1);
    in.y = NULL;
    elbo_model_train(&in, &(elbo_optim){.name = "adam"});
    rig_assert_error(&r, "model \"cvae\", train: needs labels");
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(a_model_without_given_options_takes_its_defaults)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_in in = inputs(&r, &elbo_model_vae, NULL, 1);
    ck_assert_int_eq(elbo_option_integer(&in, "latent-dim"), 20);
    ck_assert_int_eq(elbo_option_sizes(&in, "hidden").at[0], 400);
    ck_assert_str_eq(elbo_option_choice(&in, "likelihood"), "bernoulli");
    ck_assert_int_eq(elbo_option_integer(&in, "latent-dims"), 1);
    rig_assert_error(&r, "no option \"latent-dims\"; the nearest is \"latent-dim\"; the model's table has no such row");
    rig_free(&r);
}
END_TEST

/* ---- training ---------------------------------------------------------------------------------------------------- */

START_TEST(a_model_overfits_one_batch)
{
    /* Four binary pictures; without the KL term a code can tell them apart, and the cross-entropy goes towards 0. */
    const double binary[B * D] = {0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1};
    enum { STEPS = 300 };
    const elbo_model *model = elbo_models[_i];
    elbo_values *options = small_options(model);
    ck_assert_int_eq(elbo_values_set(options, "hidden", "32"), ELBO_OK);
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_in in = inputs(&r, model, options, 1);
    rig_feed(&r, "x", ELBO_SHAPE(B, D), binary);
    rig_scalar(&r, "beta", 0);
    rig_scalar(&r, "lr", 0.02);
    elbo_model_train(&in, &(elbo_optim){.name = "adam"});
    double first = measured(&r, &in, "loss"), last = first;
    for (int step = 2; step <= STEPS; step++) {
        r.at.step = (uint64_t)step;
        rig_scalar(&r, "step", step);
        last = measured(&r, &in, "loss");
    }
    ck_assert_double_gt(first, 3);
    ck_assert_double_lt(last, 0.01);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* ---- what every model can do ------------------------------------------------------------------------------------- */

/* Whether an option of the model, if it has it, is this word. */
static bool is(const elbo_values *options, const char *name, const char *word)
{
    const elbo_value *value = elbo_values_get(options, name, ELBO_CHOICE);
    return value && strcmp(value->text, word) == 0;
}

/* Every number of a value of this shape is finite, and a grey level where it is a picture of a Bernoulli. */
static void assert_value(rig *r, const elbo_in *in, elbo_var *value, elbo_shape shape, bool picture)
{
    double values[B * K * D];
    const elbo_shape got = elbo_shape_of(value);
    const bool bernoulli = picture && is(in->options, "likelihood", "bernoulli");
    ck_assert_msg(elbo_shape_equal(&got, &shape), "%s: %s instead of %s", in->model->name, elbo_shape_format(&got).text,
                  elbo_shape_format(&shape).text);
    rig_value(r, value, values);
    for (int64_t n = 0; n < elbo_shape_size(&shape); n++)
        ck_assert(isfinite(values[n]) && (!bernoulli || (values[n] > 0 && values[n] < 1)));
}

START_TEST(every_model_encodes_decodes_reconstructs_and_samples)
{
    for (int i = 0; elbo_models[i]; i++) {
        const elbo_model *model = elbo_models[i];
        elbo_values *options = small_options(model);
        const bool prior = elbo_model_has_prior(model, options), density = prior && !is(options, "posterior", "delta");
        rig r = trained_rig(model, options, ELBO_F64);
        elbo_in in = inputs(&r, model, options, K);
        elbo_var *code = elbo_model_encode(&in, NULL);
        assert_value(&r, &in, code, ELBO_SHAPE(B, Z), false);
        assert_value(&r, &in, elbo_model_decode(&in, code), ELBO_SHAPE(B, D), true);
        assert_value(&r, &in, elbo_model_reconstruct(&in), ELBO_SHAPE(B, density ? K : 1, D), true);
        if (prior)
            assert_value(&r, &in, elbo_model_sample(&in), ELBO_SHAPE(B, K, D), true);
        if (density && !is(options, "likelihood", "ms-ssim"))
            assert_value(&r, &in, elbo_model_log_prob(&in), ELBO_SHAPE(B), false);
        rig_free(&r);
        elbo_values_free(options);
    }
}
END_TEST

START_TEST(a_graph_that_samples_needs_no_pictures)
{
    elbo_values *options = small_options(&elbo_model_cvae);
    rig r = trained_rig(&elbo_model_cvae, options, ELBO_F32);
    elbo_in in = inputs(&r, &elbo_model_cvae, options, 1);
    elbo_var *drawn = elbo_model_sample(&in);
    for (int i = 0; i < r.n_feeds; i++)
        if (strcmp(r.feeds[i].name, "x") == 0)
            r.feeds[i].name = "nothing";
    double out[B * D];
    rig_value(&r, drawn, out);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(the_label_changes_what_a_cvae_generates)
{
    elbo_values *options = small_options(&elbo_model_cvae);
    rig r = trained_rig(&elbo_model_cvae, options, ELBO_F64);
    const double z[B * Z] = {0};
    elbo_in in = inputs(&r, &elbo_model_cvae, options, 1);
    double out[B * D];
    rig_value(&r, elbo_model_decode(&in, rig_input(&r, "z", ELBO_SHAPE(B, Z), z)), out);
    for (int d = 0; d < D; d++) {
        ck_assert_double_ne(out[d], out[D + d]);         /* labels 0 and 1 */
        ck_assert_double_eq(out[D + d], out[3 * D + d]); /* labels 1 and 1 */
    }
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(more_draws_tighten_the_estimate_of_the_likelihood)
{
    enum { DRAWS = 500 };
    elbo_values *options = small_options(&elbo_model_vae);
    rig r = trained_rig(&elbo_model_vae, options, ELBO_F64);
    elbo_in one = inputs(&r, &elbo_model_vae, options, DRAWS), many = one;
    double bound[B], tight[B];
    elbo_var *weights = elbo_model_bound(&one, one.x, NULL).log_weight;
    rig_run(&r, (elbo_var *[]){elbo_mean(weights, (int[]){1}, 1, false), elbo_iwae_bound(weights)}, 2,
            (double *[]){bound, tight});
    for (int b = 0; b < B; b++)
        ck_assert_double_gt(tight[b], bound[b]);
    elbo_model_log_prob(&many);
    ck_assert_int_eq(elbo_graph_status(r.g), ELBO_OK);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(a_mask_changes_the_reconstruction_term_alone)
{
    const double none[B * D] = {0};
    elbo_values *options = small_options(&elbo_model_vae);
    rig r = trained_rig(&elbo_model_vae, options, ELBO_F64);
    elbo_in in = inputs(&r, &elbo_model_vae, options, 1), masked = in;
    masked.mask = rig_input(&r, "mask", ELBO_SHAPE(B, D), none);
    elbo_model_evaluate(&in);
    elbo_model_evaluate(&masked);
    ck_assert_double_eq(measured(&r, &masked, "recon"), 0);
    ck_assert_double_gt(measured(&r, &in, "recon"), 1);
    assert_close(measured(&r, &masked, "kl"), measured(&r, &in, "kl"), 0);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* ---- when memory runs out ---------------------------------------------------------------------------------------- */

static int allocations_left;

static void *allocate(size_t bytes, void *user)
{
    (void)user;
    return allocations_left-- > 0 ? aligned_alloc(64, (bytes + 64) / 64 * 64) : NULL;
}

static void release(void *block, void *user)
{
    (void)user;
    free(block);
}

static void limit_memory(void)
{
    elbo_set_allocator(allocate, release, NULL);
}

static void restore_memory(void)
{
    elbo_set_allocator(NULL, NULL, NULL);
}

/* Builds a training step for which only so many allocations succeed; whether it could be built. */
static bool builds_with(int allocations)
{
    allocations_left = INT_MAX;
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_values *options = small_options(&elbo_model_cvae);
    allocations_left = allocations;
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_in in = {.g = g, .model = &elbo_model_cvae, .options = options, .draws = 2};
    in.x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(B, D));
    in.y = elbo_input(g, "y", ELBO_F32, ELBO_SHAPE(B, C));
    elbo_model_train(
        &in, &(elbo_optim){.name = "adamw", .weight_decay = 1, .clip_norm = 1, .skip_nonfinite = true, .slab = "a"});
    elbo_status status = elbo_graph_status(g);
    ck_assert_msg(status == ELBO_OK || status == ELBO_NO_MEMORY, "%d allocations: %s", allocations, elbo_error());
    elbo_graph_free(g);
    elbo_values_free(options);
    elbo_params_free(params);
    return status == ELBO_OK;
}

START_TEST(every_failed_allocation_ends_in_an_error_of_the_graph)
{
    int n = 0;
    while (!builds_with(n))
        n += n < 50 ? 1 : 7;
    ck_assert_int_gt(n, 100);
}
END_TEST

Suite *suite_models(void)
{
    Suite *suite = suite_create("models");
    TCase *list = tcase_create("list");
    tcase_add_test(list, a_model_is_found_by_its_name);
    tcase_add_test(list, an_unknown_model_names_the_nearest);
    tcase_add_test(list, every_model_has_a_summary_and_options_that_parse);
    suite_add_tcase(suite, list);
    TCase *parameters = tcase_create("parameters");
    tcase_add_test(parameters, the_parameters_of_a_vae_have_their_names_and_shapes);
    tcase_add_test(parameters, a_cvae_takes_the_label_into_encoder_and_decoder);
    tcase_add_test(parameters, without_labels_a_cvae_is_an_error);
    tcase_add_test(parameters, a_model_without_given_options_takes_its_defaults);
    suite_add_tcase(suite, parameters);
    TCase *training = tcase_create("training");
    tcase_add_loop_test(training, a_model_overfits_one_batch, 0, 2);
    suite_add_tcase(suite, training);
    TCase *uses = tcase_create("uses");
    tcase_add_test(uses, every_model_encodes_decodes_reconstructs_and_samples);
    tcase_add_test(uses, a_graph_that_samples_needs_no_pictures);
    tcase_add_test(uses, the_label_changes_what_a_cvae_generates);
    tcase_add_test(uses, more_draws_tighten_the_estimate_of_the_likelihood);
    tcase_add_test(uses, a_mask_changes_the_reconstruction_term_alone);
    suite_add_tcase(suite, uses);
    TCase *memory = tcase_create("memory");
    tcase_add_checked_fixture(memory, limit_memory, restore_memory);
    tcase_add_test(memory, every_failed_allocation_ends_in_an_error_of_the_graph);
    suite_add_tcase(suite, memory);
    return suite;
}
