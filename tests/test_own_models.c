/* Models of one's own: what the interface has to serve besides the VAE. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/parts/options.h"
#include "../nn/runs/run.h"
#include "runs.h"
#include "small_model.h"
#include "suites.h"

/* An autoencoder: no density, no prior. */
static elbo_inference ae_infer(elbo_in *in)
{
    elbo_var *code = elbo_linear(in->x, "encoder", elbo_option_integer(in, "latent-dim"));
    return (elbo_inference){.z = elbo_unsqueeze(code, 1), .code = code, .penalty = elbo_sum_axis(elbo_abs(code), 1)};
}

static elbo_dist linear_generate(elbo_in *in, elbo_var *z)
{
    return elbo_likelihood(in, z);
}

static const elbo_option options_of_all[] = {ELBO_MODEL_OPTIONS, ELBO_OPTIONS_END};
static const elbo_model autoencoder = {.name = "ae",
                                       .summary = "autoencoder",
                                       .options = options_of_all,
                                       .flags = ELBO_NO_PRIOR,
                                       .infer = ae_infer,
                                       .generate = linear_generate};

START_TEST(a_model_without_density_has_a_loss_but_no_elbo)
{
    elbo_values *options = small_options(&autoencoder);
    rig r = trained_rig(&autoencoder, options, ELBO_F64);
    elbo_in in = inputs(&r, &autoencoder, options, 1);
    elbo_model_evaluate(&in);
    double code[B * Z], penalty = 0;
    rig_value(&r, elbo_model_encode(&in, NULL), code);
    for (int i = 0; i < B * Z; i++)
        penalty += fabs(code[i]) / B;
    assert_close(measured(&r, &in, "loss"), measured(&r, &in, "recon") + penalty, 1e-13);
    ck_assert_ptr_null(metric(&in, "kl"));
    ck_assert_ptr_null(metric(&in, "elbo"));
    elbo_model_log_prob(&in);
    rig_assert_error(
        &r,
        "model \"ae\", log-prob: gives no density of z, so there is no bound on log p(x), after \"decoder.logits\"");
    rig_next_graph(&r, ELBO_EVALUATE);
    in = inputs(&r, &autoencoder, options, 1);
    elbo_model_sample(&in);
    rig_assert_error(&r, "model \"ae\", sample: has no prior to draw from");
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* A flow: q is known only when drawing. z = 2 u + 1 of a normal u, so log q(z) = log q(u) - Z log 2. */
static elbo_inference flow_infer(elbo_in *in)
{
    int64_t dims = elbo_option_integer(in, "latent-dim");
    elbo_inference i = elbo_infer_normal(in, elbo_linear(in->x, "mean", dims), elbo_linear(in->x, "logvar", dims));
    i.q.kind = NULL;
    i.z = elbo_shift(elbo_scale(i.z, 2), 1);
    i.log_q = elbo_shift(i.log_q, -(double)dims * log(2));
    return i;
}

/* The same posterior said as a normal. */
static elbo_inference moved_infer(elbo_in *in)
{
    int64_t dims = elbo_option_integer(in, "latent-dim");
    elbo_var *mean = elbo_linear(in->x, "mean", dims), *logvar = elbo_linear(in->x, "logvar", dims);
    return elbo_infer_normal(in, elbo_shift(elbo_scale(mean, 2), 1), elbo_shift(logvar, 2 * log(2)));
}

/* A prior of one's own: N(1, 4 I) */
static elbo_dist wide_prior(elbo_in *in)
{
    elbo_shape shape = ELBO_SHAPE(elbo_size(in->x, 0), elbo_option_integer(in, "latent-dim"));
    return elbo_normal_fixed(elbo_expand(elbo_constant(in->g, 1), shape), 4);
}

static const elbo_model moved = {
    .name = "moved", .options = options_of_all, .infer = moved_infer, .prior = wide_prior, .generate = linear_generate};

START_TEST(a_prior_of_ones_own_is_the_one_that_counts)
{
    double bound_kl[B], own_kl[B];
    elbo_values *options = small_options(&moved);
    rig r = trained_rig(&moved, options, ELBO_F64);
    elbo_in in = inputs(&r, &moved, options, 1);
    elbo_inference inference;
    elbo_bound bound = elbo_model_bound(&in, in.x, &inference);
    rig_run(&r, (elbo_var *[]){bound.kl, elbo_kl(inference.q, wide_prior(&in), NULL)}, 2,
            (double *[]){bound_kl, own_kl});
    for (int b = 0; b < B; b++)
        ck_assert_double_eq(bound_kl[b], own_kl[b]);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(a_posterior_known_only_when_drawing_gives_the_same_weights)
{
    static const elbo_model flow = {.name = "flow",
                                    .options = options_of_all,
                                    .infer = flow_infer,
                                    .prior = wide_prior,
                                    .generate = linear_generate};
    double weights[2][B * K], kl[B], closed[B];
    elbo_values *options = small_options(&flow);
    rig r = trained_rig(&flow, options, ELBO_F64);
    for (int i = 0; i < 2; i++) {
        rig_next_graph(&r, ELBO_EVALUATE);
        elbo_in in = inputs(&r, i ? &moved : &flow, options, K);
        elbo_bound bound = elbo_model_bound(&in, in.x, NULL);
        rig_run(&r, (elbo_var *[]){bound.log_weight, bound.kl}, 2, (double *[]){weights[i], i ? closed : kl});
    }
    for (int i = 0; i < B * K; i++)
        assert_close(weights[0][i], weights[1][i], 1e-13);
    for (int b = 0; b < B; b++)
        ck_assert_double_ne(kl[b], closed[b]); /* by draws, and in closed form */
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* Two losses over parts of the parameters, as in AAE and VAE-GAN. */
static int two_losses(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    elbo_bound bound = elbo_model_bound(in, in->x, &inference);
    elbo_var *critic = elbo_linear(inference.code, "critic", 1);
    out[0] = (elbo_loss){.name = "recon_loss", .value = elbo_mean_all(bound.recon), .params = "encoder. decoder."};
    out[1] = (elbo_loss){.name = "critic_loss",
                         .value = elbo_mean_all(elbo_square(critic)),
                         .params = "critic.",
                         .when = elbo_scalar(in->g, "turn")};
    return 2;
}

START_TEST(several_losses_move_their_own_parameters_in_their_turn)
{
    static const elbo_model game = {.name = "game",
                                    .options = options_of_all,
                                    .flags = ELBO_NO_PRIOR,
                                    .infer = ae_infer,
                                    .generate = linear_generate,
                                    .losses = two_losses};
    elbo_values *options = small_options(&game);
    double encoder[2][Z * D], critic[2][Z];
    for (int turn = 0; turn <= 1; turn++) {
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        elbo_in in = inputs(&r, &game, options, 1);
        elbo_model_train(&in, &(elbo_optim){.name = "adam"});
        ck_assert_msg(elbo_graph_status(r.g) == ELBO_OK, "%s", elbo_error());
        rig_scalar(&r, "turn", turn);
        double losses[2];
        rig_run(&r, (elbo_var *[]){metric(&in, "recon_loss")->value, metric(&in, "critic_loss")->value}, 2,
                (double *[]){&losses[0], &losses[1]});
        rig_param(&r, "encoder.weight", encoder[turn]);
        rig_param(&r, "critic.weight", critic[turn]);
        rig_free(&r);
    }
    for (int i = 0; i < Z * D; i++)
        ck_assert_double_eq(encoder[0][i], encoder[1][i]); /* the critic's turn does not touch the encoder */
    for (int i = 0; i < Z; i++)
        assert_close(fabs(critic[0][i] - critic[1][i]), 0.01, 1e-6); /* Adam's first step is lr in size */
    elbo_values_free(options);
}
END_TEST

START_TEST(a_loss_that_moves_nothing_is_an_error)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    static const elbo_model constant = {.name = "constant",
                                        .options = options_of_all,
                                        .flags = ELBO_NO_PRIOR,
                                        .infer = ae_infer,
                                        .generate = linear_generate,
                                        .losses = two_losses};
    elbo_in in = inputs(&r, &constant, NULL, 1);
    elbo_scope(r.g, "elsewhere"); /* every name then begins with it */
    elbo_model_train(&in, &(elbo_optim){.name = "sgd"});
    elbo_scope_end(r.g);
    rig_assert_error(&r,
                     "model \"constant\", train: loss \"recon_loss\": no parameter's name begins with \"encoder.\", "
                     "after \"elsewhere.critic\"");
    rig_free(&r);
}
END_TEST

START_TEST(clipping_and_skipping_are_reported)
{
    elbo_values *options = small_options(&elbo_model_vae);
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_in in = inputs(&r, &elbo_model_vae, options, 1);
    elbo_model_train(&in, &(elbo_optim){.name = "adam", .clip_norm = 1, .skip_nonfinite = true});
    ck_assert_double_gt(measured(&r, &in, "grad_norm"), 0);
    ck_assert_double_eq(measured(&r, &in, "skipped"), 0);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(free_bits_of_a_posterior_known_only_when_drawing_are_an_error)
{
    static const elbo_model flow = {
        .name = "flow", .options = options_of_all, .infer = flow_infer, .generate = linear_generate};
    elbo_values *options = small_options(&flow);
    ck_assert_int_eq(elbo_values_set(options, "free-bits", "0.1"), ELBO_OK);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_in in = inputs(&r, &flow, options, K);
    elbo_model_evaluate(&in);
    rig_assert_error(&r, "model \"flow\", evaluate: free bits: KL(q || p) has no closed form where q is known "
                         "only when drawing, as with a gradient of less variance, after \"decoder.logits\"");
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

static int recon_losses(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    const elbo_bound bound = elbo_model_bound(in, elbo_corrupted(in), &inference);
    elbo_report_bound(in, &bound);
    elbo_var *cost = elbo_mean_all(elbo_negative_elbo(&bound, NULL));
    out[0].value = inference.penalty ? elbo_add(cost, elbo_mean_all(inference.penalty)) : cost;
    return 1;
}

static const elbo_option options_but_losses[] = {ELBO_OPTIONS_WITHOUT_OBJECTIVES, ELBO_OPTIONS_END};
static const elbo_model own_losses = {.name = "own",
                                      .options = options_but_losses,
                                      .infer = elbo_posterior,
                                      .prior = elbo_prior,
                                      .generate = elbo_generate,
                                      .lookup = elbo_lookup,
                                      .losses = recon_losses};

/* An option and its text that a part needs, or else a small number of dimensions. */
static const char *const *beside_part(const char *word)
{
    static const struct {
        const char *word, *beside[2];
    } known[] = {{"vq", {"net", "conv"}},
                 {"hrq", {"net", "conv"}},
                 {"ladder", {"hidden", "6"}},
                 {"learned", {"conditional", "yes"}}};
    static const char *const small[] = {"latent-dim", "2"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(word, known[i].word) == 0)
            return known[i].beside;
    return small;
}

/* Whatever is chosen of them finds its own options in the table. */
START_TEST(losses_of_ones_own_go_with_every_other_part)
{
    const struct {
        const char *option, *const *words;
    } parts[] = {
        {"posterior", elbo_posterior_names}, {"prior", elbo_prior_names}, {"likelihood", elbo_likelihood_names}};
    for (int i = 0; i < 3; i++)
        for (const char *const *word = parts[i].words; *word; word++) {
            if (strcmp(*word, "columns") == 0 || strcmp(*word, "none") == 0)
                continue; /* of tables alone; of losses that look at no prior */
            const char *const *beside = beside_part(*word);
            const bool conditional = strcmp(beside[0], "conditional") == 0;
            elbo_run *run = run_of(&own_losses, OPTIONS(parts[i].option, *word, beside[0], beside[1]), ELBO_SHAPE(8, 8),
                                   conditional ? 3 : 0);
            ck_assert_msg(run != NULL, "%s %s: %s", parts[i].option, *word, elbo_error());
            elbo_run_free(run);
        }
}
END_TEST

START_TEST(losses_that_weigh_no_path_refuse_the_gradient_that_needs_it)
{
    assert_no_run(&own_losses, OPTIONS("gradient", "dreg", "latent-dim", "2"), ELBO_SHAPE(D),
                  "option \"gradient\": dreg needs losses that call elbo_path_gradient");
    elbo_run_free(run_of(&own_losses, OPTIONS("gradient", "stl", "latent-dim", "2"), ELBO_SHAPE(D), 0));
}
END_TEST

static int losses_without_a_bound(elbo_in *in, elbo_loss *out)
{
    out[0].value = elbo_neg(elbo_mean_all(elbo_log_prob(linear_generate(in, ae_infer(in).z), in->x, NULL)));
    return 1;
}

START_TEST(a_cost_is_known_as_one_without_a_bound)
{
    elbo_model bare = autoencoder;
    bare.losses = losses_without_a_bound;
    const char *const likelihoods[] = {"squared-error", "bernoulli"};
    for (int i = 0; i < 2; i++) {
        elbo_run *run = run_of(&bare, OPTIONS("likelihood", likelihoods[i]), ELBO_SHAPE(D), 0);
        ck_assert(elbo_run_has_likelihood(run) == (i == 1));
        ck_assert_str_eq(elbo_run_unit(run), i ? "nats per image" : "per image");
        elbo_run_free(run);
    }
}
END_TEST

/* A table with a choice whose own options it lacks. */
START_TEST(an_option_that_the_table_lacks_is_named)
{
    static const elbo_option options[] = {ELBO_OPTION_LATENT_DIM, ELBO_OPTION_POSTERIOR, ELBO_OPTION_HIDDEN("6"),
                                          ELBO_OPTIONS_END};
    static const elbo_model lacking = {
        .name = "lacking", .options = options, .infer = elbo_posterior, .generate = linear_generate};
    assert_no_run(&lacking, OPTIONS("posterior", "ladder", "latent-dim", "2"), ELBO_SHAPE(D),
                  "; the model's table has no such row");
}
END_TEST

/* A code of fewer numbers than z has: its first. */
static elbo_inference narrow_infer(elbo_in *in)
{
    elbo_inference i = moved_infer(in);
    i.code = elbo_slice(i.code, 1, 0, 1);
    return i;
}

START_TEST(a_code_of_another_width_than_z_is_refused)
{
    static const elbo_model narrow = {
        .name = "narrow", .options = options_of_all, .infer = narrow_infer, .generate = linear_generate};
    assert_no_run(&narrow, OPTIONS("latent-dim", "2"), ELBO_SHAPE(D),
                  "infer: code: is of shape (4, 1); expected (B, Z) = (4, 2)");
}
END_TEST

/* A second level of latent variables has the draws of the first one as rows of its parameters. */
START_TEST(draws_of_a_second_level_go_on_with_the_first_draw_of_a_run)
{
    double all[B * K * Z], later[B * K * Z];
    for (int first = 0; first < 2; first++) {
        rig r = rig_new(ELBO_F64, ELBO_EVALUATE);
        r.at.first_draw = (uint64_t)first;
        elbo_dist q = elbo_standard_normal(r.g, ELBO_SHAPE(B, K, Z));
        rig_value(&r, elbo_rsample(q, "second", 0).z, first ? later : all);
        rig_free(&r);
    }
    for (int b = 0; b < B; b++)
        for (int i = 0; i < (K - 1) * Z; i++)
            ck_assert_double_eq(later[b * K * Z + i], all[b * K * Z + Z + i]);
}
END_TEST

Suite *suite_own_models(void)
{
    Suite *suite = suite_create("own_models");
    TCase *own = tcase_create("models of one's own");
    tcase_add_test(own, a_model_without_density_has_a_loss_but_no_elbo);
    tcase_add_test(own, a_prior_of_ones_own_is_the_one_that_counts);
    tcase_add_test(own, a_posterior_known_only_when_drawing_gives_the_same_weights);
    tcase_add_test(own, several_losses_move_their_own_parameters_in_their_turn);
    tcase_add_test(own, a_loss_that_moves_nothing_is_an_error);
    tcase_add_test(own, clipping_and_skipping_are_reported);
    tcase_add_test(own, free_bits_of_a_posterior_known_only_when_drawing_are_an_error);
    tcase_add_test(own, losses_of_ones_own_go_with_every_other_part);
    tcase_add_test(own, losses_that_weigh_no_path_refuse_the_gradient_that_needs_it);
    tcase_add_test(own, a_cost_is_known_as_one_without_a_bound);
    tcase_add_test(own, an_option_that_the_table_lacks_is_named);
    tcase_add_test(own, a_code_of_another_width_than_z_is_refused);
    tcase_add_test(own, draws_of_a_second_level_go_on_with_the_first_draw_of_a_run);
    suite_add_tcase(suite, own);
    return suite;
}
