/* Models that are wrong: each is refused with one line that names the model, the function and the field, and says what
 * was expected. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/parts/options.h"
#include "runs.h"
#include "suites.h"

enum { PIXELS = 6, Z = 2 };

/* ---- right, to be spoilt in one place ---------------------------------------------------------------------------- */

static elbo_inference right_infer(elbo_in *in)
{
    elbo_var *mean = elbo_linear(in->x, "encoder.mean", Z);
    return elbo_infer_normal(in, mean, elbo_linear(in->x, "encoder.logvar", Z));
}

static elbo_dist right_prior(elbo_in *in)
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), Z));
}

static elbo_dist right_generate(elbo_in *in, elbo_var *z)
{
    return elbo_bernoulli(elbo_linear(z, "decoder.logits", elbo_size(in->x, -1)));
}

/* ---- wrong posteriors -------------------------------------------------------------------------------------------- */

static elbo_inference nothing(elbo_in *in)
{
    (void)in;
    return (elbo_inference){.z = NULL};
}

static elbo_inference no_z(elbo_in *in)
{
    elbo_inference i = right_infer(in);
    i.z = NULL;
    return i;
}

static elbo_inference no_code(elbo_in *in)
{
    elbo_inference i = right_infer(in);
    i.code = NULL;
    return i;
}

static elbo_inference z_without_draws(elbo_in *in)
{
    elbo_inference i = right_infer(in);
    i.z = elbo_reshape(i.z, ELBO_SHAPE(elbo_size(in->x, 0), Z));
    return i;
}

static elbo_inference code_with_draws(elbo_in *in)
{
    elbo_inference i = right_infer(in);
    i.code = i.z;
    return i;
}

static elbo_inference log_q_of_an_image(elbo_in *in)
{
    elbo_inference i = right_infer(in);
    i.q.kind = NULL;
    i.log_q = elbo_sum_axis(i.log_q, 1);
    return i;
}

static elbo_inference penalty_of_a_draw(elbo_in *in)
{
    elbo_inference i = right_infer(in);
    i.penalty = i.log_q;
    return i;
}

static elbo_inference q_of_another_width(elbo_in *in)
{
    elbo_inference i = right_infer(in);
    i.q = elbo_normal(elbo_linear(in->x, "other", 3), elbo_linear(in->x, "another", 3));
    return i;
}

static elbo_inference shapes_that_clash(elbo_in *in)
{
    elbo_inference i = right_infer(in);
    elbo_var *wide = elbo_linear(in->x, "wide", 3);
    i.code = elbo_add(wide, elbo_linear(in->x, "narrow", Z));
    return i;
}

/* ---- wrong priors and likelihoods -------------------------------------------------------------------------------- */

static elbo_dist no_prior(elbo_in *in)
{
    (void)in;
    return (elbo_dist){.kind = NULL};
}

static elbo_dist prior_of_one_image(elbo_in *in)
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(Z));
}

static elbo_dist no_likelihood(elbo_in *in, elbo_var *z)
{
    (void)in;
    (void)z;
    return (elbo_dist){.kind = NULL};
}

static elbo_dist too_few_pixels(elbo_in *in, elbo_var *z)
{
    (void)in;
    return elbo_bernoulli(elbo_linear(z, "decoder.logits", 5));
}

/* ---- wrong losses ------------------------------------------------------------------------------------------------ */

static int no_loss(elbo_in *in, elbo_loss *out)
{
    (void)in;
    (void)out;
    return 0;
}

static int many_losses(elbo_in *in, elbo_loss *out)
{
    (void)in;
    (void)out;
    return ELBO_MAX_LOSSES + 1;
}

static int loss_without_a_value(elbo_in *in, elbo_loss *out)
{
    (void)in;
    out[0] = (elbo_loss){.name = "mine"};
    return 1;
}

static int loss_of_each_image(elbo_in *in, elbo_loss *out)
{
    out[0] = (elbo_loss){.name = "mine", .value = elbo_model_bound(in, in->x, NULL).recon};
    return 1;
}

static int two_of_one_name(elbo_in *in, elbo_loss *out)
{
    elbo_default_losses(in, out);
    out[1] = out[0];
    return 2;
}

static int metric_of_the_librarys(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "kl", elbo_constant(in->g, 1));
    return elbo_default_losses(in, out);
}

static int metric_named_as_the_loss(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "loss", elbo_constant(in->g, 1));
    return elbo_default_losses(in, out);
}

static int spoilt_loss(elbo_in *in, elbo_loss *out, elbo_loss spoilt)
{
    elbo_default_losses(in, out);
    spoilt.value = out[0].value;
    spoilt.name = "mine";
    out[0] = spoilt;
    return 1;
}

static int phase_beyond_every(elbo_in *in, elbo_loss *out)
{
    return spoilt_loss(in, out, (elbo_loss){.every = 2, .phase = 2});
}

static int phase_without_every(elbo_in *in, elbo_loss *out)
{
    return spoilt_loss(in, out, (elbo_loss){.phase = 1});
}

static int negative_rate(elbo_in *in, elbo_loss *out)
{
    return spoilt_loss(in, out, (elbo_loss){.lr = -1e-3});
}

static int rate_that_is_none(elbo_in *in, elbo_loss *out)
{
    return spoilt_loss(in, out, (elbo_loss){.lr_scale = NAN});
}

static int unknown_optimiser(elbo_in *in, elbo_loss *out)
{
    return spoilt_loss(in, out, (elbo_loss){.optim = {.name = "adm"}});
}

static int when_of_each_image(elbo_in *in, elbo_loss *out)
{
    return spoilt_loss(in, out, (elbo_loss){.when = elbo_sum_axis(in->x, 1)});
}

static int metric_of_a_long_name(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "a_name_of_more_than_thirty_one_bytes", elbo_constant(in->g, 1));
    return elbo_default_losses(in, out);
}

/* A kind that forgets to sum over the pixels, and to say what it is called. */
static elbo_var *log_prob_of_each_pixel(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    (void)mask;
    return elbo_neg(elbo_square(elbo_sub(x, d->args[0])));
}

static elbo_dist kind_that_sums_nothing(elbo_in *in, elbo_var *z)
{
    static const elbo_dist_kind kind = {.log_prob = log_prob_of_each_pixel};
    elbo_var *mean = elbo_linear(z, "mean", elbo_size(in->x, -1));
    return elbo_dist_of(&kind, elbo_shape_of(mean), mean);
}

static elbo_dist dist_without_arguments(elbo_in *in, elbo_var *z)
{
    (void)in;
    return elbo_dist_of(&elbo_kind_bernoulli, elbo_shape_of(z), NULL);
}

static int metric_named_in_two_words(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "code square", elbo_constant(in->g, 1));
    return elbo_default_losses(in, out);
}

static int metric_of_each_number(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "x", in->x);
    return elbo_default_losses(in, out);
}

static int metric_without_a_value(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "x", NULL);
    return elbo_default_losses(in, out);
}

static elbo_inference drawn_without_a_density(elbo_in *in)
{
    const elbo_inference i = right_infer(in);
    return elbo_infer_drawn(i.z, NULL, i.code);
}

static elbo_inference layer_without_a_name(elbo_in *in)
{
    return elbo_infer_code(elbo_linear(in->x, NULL, Z));
}

static elbo_inference mlp_without_a_name(elbo_in *in)
{
    return elbo_infer_code(elbo_mlp(in->x, NULL, (const int64_t[]){Z}, 1, "relu"));
}

static elbo_inference mlp_without_an_activation(elbo_in *in)
{
    return elbo_infer_code(elbo_mlp(in->x, "hidden", (const int64_t[]){Z}, 1, NULL));
}

static elbo_inference made_without_an_activation(elbo_in *in)
{
    return elbo_infer_code(elbo_made(in->x, NULL, "made", (elbo_made_shape){(const int64_t[]){Z}, 1, .outputs = 1}));
}

static elbo_inference made_without_sizes(elbo_in *in)
{
    return elbo_infer_code(elbo_made(in->x, NULL, "made", (elbo_made_shape){.n = 1, .outputs = 1}));
}

static elbo_inference made_without_a_name(elbo_in *in)
{
    return elbo_infer_code(elbo_made(in->x, NULL, NULL, (elbo_made_shape){.outputs = 1}));
}

static elbo_inference unknown_option(elbo_in *in)
{
    (void)elbo_option_number(in, "depht");
    return right_infer(in);
}

static elbo_dist prior_of_another_width(elbo_in *in)
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), Z + 1));
}

/* What a loss does not say is 0, though nobody said so. */
static int loss_of_a_value_alone(elbo_in *in, elbo_loss *out)
{
    elbo_loss usual;
    const elbo_loss nothing = {.name = NULL};
    ck_assert_mem_eq(out, &nothing, sizeof nothing);
    elbo_default_losses(in, &usual);
    out[0].value = usual.value;
    out[0].every = -1; /* so that this row is of a wrong model */
    return 1;
}

static int optimiser_without_a_name(elbo_in *in, elbo_loss *out)
{
    return spoilt_loss(in, out, (elbo_loss){.optim = {.clip_norm = 1}});
}

static int optimiser_out_of_range(elbo_in *in, elbo_loss *out)
{
    return spoilt_loss(in, out, (elbo_loss){.optim = {.name = "adam", .beta1 = 1.5}});
}

static int metric_skipped(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "skipped", elbo_constant(in->g, 1));
    return elbo_default_losses(in, out);
}

static int metric_fingerprint(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "fingerprint", elbo_constant(in->g, 1));
    return elbo_default_losses(in, out);
}

static int metrics_alike(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "a_b", elbo_constant(in->g, 1));
    elbo_report(in, "a-b", elbo_constant(in->g, 1));
    return elbo_default_losses(in, out);
}

static elbo_inference normal_without_a_mean(elbo_in *in)
{
    return elbo_infer_normal(in, NULL, in->x);
}

static elbo_inference from_no_distribution(elbo_in *in)
{
    return elbo_infer_from(in, (elbo_dist){.kind = NULL});
}

static elbo_inference no_code_at_all(elbo_in *in)
{
    (void)in;
    return elbo_infer_code(NULL);
}

static elbo_dist mixture_of_nothing(elbo_in *in, elbo_var *z)
{
    return elbo_mixture(elbo_linear(z, "weights", elbo_size(in->x, -1)), (elbo_dist){.kind = NULL});
}

static elbo_dist bernoulli_of_nothing(elbo_in *in, elbo_var *z)
{
    (void)in, (void)z;
    return elbo_bernoulli(NULL);
}

static const elbo_option named_as_the_model[] = {{.name = "model", .type = ELBO_INTEGER, .default_value = "1"},
                                                 ELBO_OPTIONS_END};
static const elbo_option of_two_words[] = {{.name = "a b", .type = ELBO_INTEGER, .default_value = "1"},
                                           ELBO_OPTIONS_END};

/* ---- wrong options ----------------------------------------------------------------------------------------------- */

static const elbo_option twice[] = {{.name = "depth", .type = ELBO_INTEGER, .default_value = "1"},
                                    {.name = "depth", .type = ELBO_INTEGER, .default_value = "2"},
                                    ELBO_OPTIONS_END};
static const elbo_option alias_twice[] = {{.name = "depth", .alias = "d", .type = ELBO_INTEGER, .default_value = "1"},
                                          {.name = "d", .type = ELBO_INTEGER, .default_value = "2"},
                                          ELBO_OPTIONS_END};
static const char *const no_words[] = {NULL};
static const elbo_option no_choices[] = {{.name = "kind", .type = ELBO_CHOICE, .default_value = "a"}, ELBO_OPTIONS_END};
static const elbo_option empty_choices[] = {{.name = "kind", .type = ELBO_CHOICE, .choices = no_words},
                                            ELBO_OPTIONS_END};
static const elbo_option vague_needs[] = {{.name = "depth", .type = ELBO_INTEGER, .default_value = "1", .needs = "net"},
                                          ELBO_OPTIONS_END};

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const elbo_option none[] = {ELBO_OPTIONS_END};

/* The right model, but for what is not NULL in `spoilt`. */
static elbo_model right_but(const elbo_model *spoilt)
{
    return (elbo_model){
        .name = "mine",
        .summary = "",
        .options = spoilt->options ? spoilt->options : none,
        .infer = spoilt->infer ? spoilt->infer : right_infer,
        .prior = spoilt->prior ? spoilt->prior : right_prior,
        .generate = spoilt->generate ? spoilt->generate : right_generate,
        .losses = spoilt->losses,
    };
}

static const struct {
    elbo_model spoilt;
    const char *message;
} wrong[] = {
    {{.infer = nothing}, "model \"mine\", evaluate: infer: z: there is none; expected (B, K, Z) = (4, 1, Z)"},
    {{.infer = no_z}, "evaluate: infer: z: there is none; expected (B, K, Z) = (4, 1, Z), after \"encoder.logvar\""},
    {{.infer = no_code}, "evaluate: infer: code: there is none; expected (B, Z) = (4, 2)"},
    {{.infer = z_without_draws}, "evaluate: infer: z: is of shape (4, 2); expected (B, K, Z) = (4, 1, Z)"},
    {{.infer = code_with_draws}, "evaluate: infer: code: is of shape (4, 1, 2); expected (B, Z) = (4, 2)"},
    {{.infer = log_q_of_an_image}, "evaluate: infer: log_q: is of shape (4); expected (B, K) = (4, 1)"},
    {{.infer = penalty_of_a_draw}, "evaluate: infer: penalty: is of shape (4, 1); expected (B) or () = (4)"},
    {{.infer = q_of_another_width},
     "evaluate: infer: q: returned a distribution of shape (4, 3); expected (B, Z) = (4, 2)"},
    {{.infer = shapes_that_clash},
     "model \"mine\", evaluate: add: shapes (4, 3) and (4, 2) do not broadcast, after \"narrow\""},
    {{.prior = no_prior}, "evaluate: prior: returned no distribution; expected one of (B, Z) = (4, Z)"},
    {{.prior = prior_of_one_image}, "evaluate: prior: returned a distribution of shape (2); expected (B, Z) = (4, Z)"},
    {{.generate = no_likelihood},
     "evaluate: generate: returned no distribution; expected one of (B, K, D) = (4, 1, 6)"},
    {{.generate = too_few_pixels},
     "evaluate: generate: returned a distribution of shape (4, 1, 5); expected (B, K, D) = (4, 1, 6), after "
     "\"decoder.logits\""},
    {{.losses = no_loss}, "evaluate: losses: returned 0; expected 1 to 4 losses"},
    {{.losses = many_losses}, "evaluate: losses: returned 5; expected 1 to 4 losses"},
    {{.losses = loss_without_a_value},
     "evaluate: losses: loss \"mine\" has no value; expected (), a mean over the batch"},
    {{.losses = loss_of_each_image},
     "evaluate: losses: loss \"mine\" is of shape (4); expected (), a mean over the batch"},
    {{.losses = two_of_one_name}, "evaluate: losses: two are named \"loss\"; each needs a name of its own"},
    {{.losses = metric_of_the_librarys}, "evaluate: metric \"kl\": is reported already, by the library or the model"},
    {{.losses = metric_named_as_the_loss},
     "evaluate: metric \"loss\": is reported already, by the library or the model"},
    {{.losses = phase_beyond_every},
     "evaluate: losses: loss \"mine\": every 2, phase 2; expected 0 <= phase < every, or 0 and 0"},
    {{.losses = phase_without_every}, "evaluate: losses: loss \"mine\": every 0, phase 1; expected 0 <= phase < every"},
    {{.losses = negative_rate},
     "evaluate: losses: loss \"mine\": lr -0.001, lr_scale 0; expected positive numbers, or 0"},
    {{.losses = rate_that_is_none}, "evaluate: losses: loss \"mine\": lr 0, lr_scale nan; expected positive numbers"},
    {{.losses = unknown_optimiser}, "evaluate: losses: loss \"mine\": no optimiser \"adm\""},
    {{.losses = when_of_each_image}, "evaluate: losses: loss \"mine\": when: is of shape (4); expected ()"},
    {{.losses = metric_of_a_long_name},
     "evaluate: metric \"a_name_of_more_than_thirty_one_bytes\": a name has at most 31 bytes"},
    {{.generate = kind_that_sums_nothing},
     "evaluate: distribution \"without a name\": log_prob of x (4, 1, 6) is of shape (4, 1, 6); expected a number for "
     "each event of rank 1 (elbo_event_sum)"},
    {{.generate = dist_without_arguments}, "evaluate: generate: returned no distribution"},
    {{.losses = metric_named_in_two_words},
     "evaluate: metric \"code square\": expected a name of letters, digits, \"_\", \"-\" and \".\""},
    {{.losses = metric_of_each_number}, "evaluate: metric \"x\": is of shape (4, 6); expected (B) = (4), or ()"},
    {{.losses = metric_without_a_value}, "evaluate: metric \"x\": there is no value"},
    {{.infer = drawn_without_a_density},
     "evaluate: infer: log_q: there is none; a z without a density is said by elbo_infer_code"},
    {{.infer = layer_without_a_name}, "evaluate: a layer, weight or random stream has no name"},
    {{.infer = mlp_without_a_name}, "evaluate: a layer, weight or random stream has no name"},
    {{.infer = mlp_without_an_activation}, "evaluate: no activation \"\", after \"hidden\""},
    {{.infer = made_without_an_activation}, "evaluate: no activation \"\", after \"made.hidden\""},
    {{.infer = made_without_sizes}, "evaluate: made \"made\": there are no sizes of its 1 hidden layers"},
    {{.infer = made_without_a_name}, "evaluate: a layer, weight or random stream has no name"},
    {{.infer = unknown_option}, "evaluate: no option \"depht\"; there are none"},
    {{.prior = prior_of_another_width}, "evaluate: prior: has 3 dimensions, and z has 2"},
    {{.losses = loss_of_a_value_alone}, "evaluate: losses: loss \"loss\": every -1, phase 0"},
    {{.losses = optimiser_without_a_name}, "evaluate: losses: loss \"mine\": optim: has no name"},
    {{.losses = optimiser_out_of_range}, "evaluate: losses: loss \"mine\": optim: a number out of range"},
    {{.losses = metric_skipped}, "evaluate: metric \"skipped\": is a name of the library's"},
    {{.losses = metric_fingerprint}, "evaluate: metric \"fingerprint\": is a name of the library's"},
    {{.losses = metrics_alike}, "evaluate: metric \"a-b\": is reported already, by the library or the model"},
    {{.infer = normal_without_a_mean}, "evaluate: infer: q: there is none"},
    {{.infer = from_no_distribution}, "evaluate: infer: q: there is none"},
    {{.infer = no_code_at_all}, "evaluate: infer: z: there is none; expected (B, K, Z) = (4, 1, Z)"},
    {{.generate = mixture_of_nothing}, "evaluate: generate: returned no distribution"},
    {{.generate = bernoulli_of_nothing}, "evaluate: generate: returned no distribution"},
    {{.options = named_as_the_model}, "model \"mine\": option \"model\": a run has this name for something else"},
    {{.options = of_two_words}, "model \"mine\": option \"a b\": expected a name of letters, digits and \"-\""},
    {{.options = twice}, "model \"mine\": option \"depth\": its name or alias is that of an earlier one"},
    {{.options = alias_twice}, "option \"d\": its name or alias is that of an earlier one"},
    {{.options = no_choices}, "option \"kind\": a choice without choices; expected a list of words"},
    {{.options = empty_choices}, "option \"kind\": a choice without choices; expected a list of words"},
    {{.options = vague_needs}, "option \"depth\": needs \"net\"; expected NAME=WORD or NAME!=WORD"},
};
enum { WRONG = sizeof wrong / sizeof wrong[0] };

START_TEST(a_wrong_model_is_refused_with_what_was_expected)
{
    const elbo_model model = right_but(&wrong[_i].spoilt);
    ck_assert_ptr_null(elbo_run_new(&model, NULL, ELBO_SHAPE(2, 3), 0, 1));
    ck_assert_msg(strstr(elbo_error(), wrong[_i].message) != NULL, "\"%s\" does not say \"%s\"", elbo_error(),
                  wrong[_i].message);
    ck_assert_ptr_null(strchr(elbo_error(), '\n'));
}
END_TEST

START_TEST(a_model_that_cannot_infer_or_generate_is_refused)
{
    elbo_model model = right_but(&(elbo_model){.name = NULL});
    model.infer = NULL;
    ck_assert_ptr_null(elbo_run_new(&model, NULL, ELBO_SHAPE(2, 3), 0, 1));
    ck_assert_str_eq(elbo_error(), "model \"mine\" has no infer");
    model = right_but(&(elbo_model){.name = NULL});
    model.generate = NULL;
    ck_assert_ptr_null(elbo_run_new(&model, NULL, ELBO_SHAPE(2, 3), 0, 1));
    ck_assert_str_eq(elbo_error(), "model \"mine\" has no generate");
}
END_TEST

/* An error behind a question about the prior is still one of the losses. */
static int prior_and_clash(elbo_in *in, elbo_loss *out)
{
    elbo_sample(elbo_model_prior(in), "real", 0);
    elbo_add(elbo_sum_axis(in->x, 0), elbo_array(in->g, ELBO_SHAPE(5), (const double[]){1, 2, 3, 4, 5}));
    return elbo_default_losses(in, out);
}

START_TEST(a_prior_within_losses_leaves_the_role_that_errors_name)
{
    const elbo_model model = right_but(&(elbo_model){.losses = prior_and_clash});
    assert_no_run(&model, NO_OPTIONS, ELBO_SHAPE(2, 3), "model \"mine\", evaluate: add: shapes (6) and (5)");
}
END_TEST

START_TEST(the_right_model_is_not)
{
    const elbo_model right = right_but(&(elbo_model){.name = NULL});
    elbo_run *run = elbo_run_new(&right, NULL, ELBO_SHAPE(2, 3), 0, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_int_eq(elbo_run_latent(run), Z);
    elbo_run_free(run);
}
END_TEST

/* infer is called once for each graph, so what it reports counts once. */
static elbo_inference reporting_infer(elbo_in *in)
{
    elbo_inference i = right_infer(in);
    elbo_report(in, "length", elbo_sum_axis(elbo_square(i.code), 1));
    return i;
}

START_TEST(what_infer_reports_counts_once)
{
    const elbo_model model = right_but(&(elbo_model){.infer = reporting_infer});
    float x[4 * PIXELS], z[4 * Z];
    grey_levels(x, 4 * PIXELS);
    const elbo_images images = images_of(x, 4, ELBO_SHAPE(2, 3));
    elbo_run *run = elbo_run_new(&model, NULL, ELBO_SHAPE(2, 3), 0, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    assert_ok(elbo_run_encode(run, x, NULL, 4, z));
    double sum = 0;
    for (int i = 0; i < 4 * Z; i++)
        sum += (double)z[i] * z[i] / 4;
    ck_assert_double_eq_tol(evaluated(run, &images, 1, "length"), sum, 1e-6);
    assert_ok(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 1}, NULL));
    elbo_run_free(run);
}
END_TEST

Suite *suite_wrong_models(void)
{
    Suite *suite = suite_create("wrong_models");
    TCase *models = tcase_create("wrong models");
    tcase_add_loop_test(models, a_wrong_model_is_refused_with_what_was_expected, 0, WRONG);
    tcase_add_test(models, a_model_that_cannot_infer_or_generate_is_refused);
    tcase_add_test(models, a_prior_within_losses_leaves_the_role_that_errors_name);
    tcase_add_test(models, the_right_model_is_not);
    tcase_add_test(models, what_infer_reports_counts_once);
    suite_add_tcase(suite, models);
    return suite;
}
