/* Objectives with a discriminator: who moves by what and when, limits that are other models, and what a discriminator
 * alone learns of laws that are known. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../nn/parts/discriminator.h"
#include "../nn/training/train.h"
#include "patterns.h"
#include "scene.h"
#include "suites.h"

/* ---- who moves by what ------------------------------------------------------------------------------------------- */

enum { PARAMS = 40, NUMBERS = 200 };

/* A parameter before a step, and the gradient of its player's loss. */
typedef struct {
    int n;
    double before[NUMBERS], gradient[NUMBERS];
    bool of_discriminator;
} mover;

/* The loss whose player `name` belongs to, as the papers have it. */
static int player_of(const scene *s, const char *name)
{
    if (strncmp(name, "discriminator.", 14) == 0)
        return s->n - 1;
    return s->n == 3 && strncmp(name, "decoder.", 8) == 0 ? 1 : 0;
}

static int find_movers(scene *s, mover *movers, const char **names)
{
    elbo_var *params[PARAMS];
    const int n = elbo_graph_params(s->r.g, NULL);
    ck_assert_int_le(n, PARAMS);
    rig_number(&s->r, s->losses[0].value); /* closes the set */
    elbo_graph_params(s->r.g, params);
    for (int i = 0; i < n; i++) {
        elbo_var *gradient;
        const elbo_shape shape = elbo_shape_of(params[i]);
        names[i] = elbo_params_name(s->r.params, elbo_params_find(s->r.params, elbo_name_of(params[i])));
        movers[i].n = (int)elbo_shape_size(&shape);
        movers[i].of_discriminator = strncmp(names[i], "discriminator.", 14) == 0;
        ck_assert_int_le(movers[i].n, NUMBERS);
        elbo_grad(s->losses[player_of(s, names[i])].value, &params[i], 1, &gradient);
        rig_value(&s->r, gradient, movers[i].gradient);
        rig_param(&s->r, names[i], movers[i].before);
    }
    return n;
}

/* A plain step of the rate 1; and adam's first, in which the moments cancel but for the root's 1e-8. */
static double step(const mover *m, int k)
{
    const double g = m->gradient[k];
    return m->of_discriminator ? g / (fabs(g) + 1e-8) : g;
}

static double largest(const mover *m)
{
    double most = 0;
    for (int k = 0; k < m->n; k++)
        most = fmax(most, fabs(m->gradient[k]));
    return most;
}

START_TEST(each_player_moves_by_its_own_loss_alone)
{
    static const char *const options[] = {
        "objective=factor tc-weight=3",
        "objective=factor conditional=yes draws=2 posterior=iaf flow-hidden=4",
        "objective=adversarial posterior=delta",
        "objective=adversarial draws=2 conditional=yes",
        "objective=vae-gan gan-alpha=0.3",
        "objective=vae-gan net=conv channels=2,3 conditional=yes draws=2 prior=learned gan-layer=1",
    };
    static mover movers[PARAMS];
    const char *names[PARAMS];
    char full[200] = "discriminator-hidden=4,3 ";
    scene *s = scene_new(strcat(full, options[_i]), NULL, false);
    const int n = find_movers(s, movers, names);
    bool moved[ELBO_MAX_LOSSES] = {false};
    for (int i = 0; i < n; i++)
        moved[player_of(s, names[i])] |= largest(&movers[i]) > 1e-6;
    for (int i = 0; i < s->n; i++)
        ck_assert_msg(moved[i], "loss %d moves nothing", i);
    scene_train(s);
    rig_number(&s->r, s->in.metrics[0].value);
    for (int i = 0; i < n; i++) {
        double after[NUMBERS];
        rig_param(&s->r, names[i], after);
        for (int k = 0; k < movers[i].n; k++)
            if (!(fabs(after[k] - movers[i].before[k] + step(&movers[i], k)) <= 1e-9))
                ck_abort_msg("%s, element %d: moved by %.9g, expected %.9g", names[i], k,
                             after[k] - movers[i].before[k], -step(&movers[i], k));
    }
    scene_free(s);
}
END_TEST

START_TEST(a_discriminator_has_a_rate_and_decays_of_its_own)
{
    scene *s = scene_new("objective=factor discriminator-lr=0.01 discriminator-beta1=0.25 discriminator-beta2=0.75",
                         NULL, false);
    ck_assert_double_eq(s->losses[1].lr, 0.01);
    ck_assert_double_eq(s->losses[1].optim.beta1, 0.25);
    ck_assert_double_eq(s->losses[1].optim.beta2, 0.75);
    ck_assert_ptr_null(s->losses[0].optim.name);
    scene_free(s);
}
END_TEST

/* ---- what the losses are ----------------------------------------------------------------------------------------- */

static double loss(scene *s, int i)
{
    return rig_number(&s->r, s->losses[i].value);
}

START_TEST(losses_are_made_of_what_is_reported)
{
    scene *s = scene_new("objective=factor tc-weight=3 beta=2", NULL, false);
    const double bound = scene_metric(s, "recon") + 2 * scene_metric(s, "kl");
    assert_close(loss(s, 0), bound + 3 * scene_metric(s, "tc"), 1e-12);
    scene_free(s);
    s = scene_new("objective=adversarial adversarial-weight=3", NULL, false);
    assert_close(loss(s, 0), scene_metric(s, "recon") + 3 * scene_metric(s, "deceit"), 1e-12);
    scene_free(s);
    s = scene_new("objective=vae-gan gan-alpha=0.3 beta=2", NULL, false);
    assert_close(loss(s, 0), scene_metric(s, "features") + 2 * scene_metric(s, "kl"), 1e-12);
    assert_close(loss(s, 1), 0.7 * scene_metric(s, "features") - 0.3 * loss(s, 2), 1e-12);
    scene_free(s);
}
END_TEST

/* Its last layer becomes the number b for all. */
static void set_verdict(scene *s, double b)
{
    static const double zeros[256];
    rig_set_param(&s->r, "discriminator.out.weight", zeros);
    rig_set_param(&s->r, "discriminator.out.bias", &b);
}

START_TEST(a_discriminator_that_knows_nothing_pays_log_2_for_each_kind)
{
    static const struct {
        const char *options;
        int player;
        double kinds;
    } cases[] = {{"objective=factor", 1, 1}, {"objective=adversarial", 1, 2}, {"objective=vae-gan", 2, 2}};
    for (int i = 0; i < 3; i++) { /* that of a factor is halved */
        scene *s = scene_new(cases[i].options, NULL, false);
        loss(s, cases[i].player);
        set_verdict(s, 0);
        assert_close(loss(s, cases[i].player), cases[i].kinds * log(2), 1e-13);
        scene_free(s);
    }
}
END_TEST

START_TEST(what_is_real_is_drawn_from_the_prior_and_shuffled_codes_are_made)
{
    static const double b = 1.5;
    scene *s = scene_new("objective=adversarial", NULL, false);
    loss(s, 1);
    set_verdict(s, b);
    assert_close(loss(s, 1), log1p(exp(-b)) + log1p(exp(b)), 1e-13);
    assert_close(scene_metric(s, "deceit"), log1p(exp(-b)), 1e-13);
    scene_free(s);
    s = scene_new("objective=factor", NULL, false);
    loss(s, 1);
    set_verdict(s, b);
    assert_close(scene_metric(s, "tc"), b, 1e-13);
    scene_free(s);
}
END_TEST

/* ---- turns of a VAE-GAN ------------------------------------------------------------------------------------------ */

/* A weight of the decoder, and one of the discriminator. */
static void first_weights(scene *s, double *out)
{
    double values[256];
    rig_param(&s->r, "decoder.hidden.weight", values);
    out[0] = values[0];
    rig_param(&s->r, "discriminator.out.weight", values);
    out[1] = values[0];
}

START_TEST(who_rests_follows_from_equilibrium_and_margin)
{
    static const struct {
        const char *limits;
        double verdict; /* log 2 is paid at 0; at 1.5: 0.2 for what is real, 1.7 for what is made */
        bool decoder, discriminator;
    } cases[] = {
        {"", 0, true, true},
        {"gan-equilibrium=0.9 gan-margin=0.1", 0, true, false},   /* both costs below 0.8       */
        {"gan-equilibrium=0.3 gan-margin=0.1", 0, false, true},   /* both above 0.4             */
        {"gan-equilibrium=1.2 gan-margin=0.6", 1.5, true, false}, /* one below 0.6, none above 1.8 */
        {"gan-equilibrium=0.6 gan-margin=0.5", 1.5, false, true}, /* none below 0.1, one above 1.1 */
        {"", 1.5, true, true},                                    /* both would rest            */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char options[120] = "objective=vae-gan ";
        scene *s = scene_new(strcat(options, cases[i].limits), NULL, false);
        loss(s, 0);
        set_verdict(s, cases[i].verdict);
        ck_assert_ptr_null(s->losses[0].when);
        ck_assert_msg(rig_number(&s->r, s->losses[1].when) == cases[i].decoder, "%s: decoder", options);
        ck_assert_msg(rig_number(&s->r, s->losses[2].when) == cases[i].discriminator, "%s: discriminator", options);
        double before[2], after[2];
        scene_train(s);
        first_weights(s, before);
        rig_number(&s->r, s->in.metrics[0].value);
        first_weights(s, after);
        ck_assert_int_eq(before[0] != after[0], cases[i].decoder);
        ck_assert_int_eq(before[1] != after[1], cases[i].discriminator);
        scene_free(s);
    }
}
END_TEST

START_TEST(features_are_those_of_the_layer_that_is_named)
{
    double last = 0, values[4];
    static const char *const layers[] = {"gan-layer=1", "gan-layer=2", "gan-layer=3", "gan-layer=0"};
    for (int i = 0; i < 4; i++) { /* two convolutions and a dense layer */
        char options[200] = "objective=vae-gan net=conv channels=2,3 discriminator-hidden=4 ";
        scene *s = scene_new(strcat(options, layers[i]), NULL, false);
        values[i] = scene_metric(s, "features");
        ck_assert_double_gt(values[i], 0);
        ck_assert_double_ne(values[i], last);
        last = i == 2 ? 0 : values[i];
        scene_free(s);
    }
    ck_assert_double_eq(values[3], values[2]);
}
END_TEST

/* ---- limits that are other models -------------------------------------------------------------------------------- */

START_TEST(without_a_weight_of_the_verdict_they_are_the_models_that_they_come_from)
{
    assert_same_training("objective=elbo", "objective=factor tc-weight=0");
    assert_same_training("objective=elbo posterior=delta",
                         "objective=adversarial posterior=delta adversarial-weight=0");
    assert_same_training("objective=elbo beta=0", "objective=adversarial adversarial-weight=0");
}
END_TEST

/* ---- a discriminator alone, on laws that are known --------------------------------------------------------------- */

enum { ROWS = 128, STEPS = 2000, HALF = STEPS / 2 };
static const double rho = 0.8, m = 1.2;

/* Codes of a law instead of pictures: N(0, (1 rho; rho 1)), or N(m, 1). */
static elbo_inference correlated(elbo_in *in)
{
    elbo_var *e = elbo_random_normal(in->g, "law", ELBO_SHAPE(ROWS, 2), -1);
    static const double factor[2 * 2] = {1, 0, 0.8, 0.6}; /* e factor^T */
    return elbo_infer_code(elbo_matmul(e, elbo_transpose(elbo_array(in->g, ELBO_SHAPE(2, 2), factor))));
}

static elbo_inference moved(elbo_in *in)
{
    return elbo_infer_code(elbo_shift(elbo_random_normal(in->g, "law", ELBO_SHAPE(ROWS, 1), -1), m));
}

/* Trains and returns the mean of a metric over the second half of the steps. */
static double train_alone(rig *r, const elbo_model *model, const elbo_values *options, const char *metric)
{
    elbo_in in = {.g = r->g, .model = model, .options = options, .image = ELBO_SHAPE(2), .draws = 1};
    in.x = elbo_expand(elbo_constant(r->g, 0), ELBO_SHAPE(ROWS, 2));
    elbo_model_train(&in, &(elbo_optim){.name = "adam"});
    elbo_var *wanted = NULL;
    for (int i = 0; i < in.n_metrics; i++)
        wanted = strcmp(in.metrics[i].name, metric) == 0 ? in.metrics[i].value : wanted;
    ck_assert_ptr_nonnull(wanted);
    elbo_plan *plan = elbo_compile(r->g, &wanted, 1);
    ck_assert_msg(plan != NULL, "%s", elbo_error());
    double sum = 0;
    for (int t = 1; t <= STEPS; t++) {
        ck_assert_int_eq(elbo_plan_set(plan, "lr", t <= HALF ? 0.003 : 0.0005), ELBO_OK);
        ck_assert_int_eq(elbo_plan_set(plan, "step", t), ELBO_OK);
        ck_assert_int_eq(elbo_plan_run(plan, r->params, (elbo_at){.seed = 1, .step = (uint64_t)t}), ELBO_OK);
        const elbo_tensor value = elbo_plan_output(plan, 0);
        sum += t > HALF ? elbo_tensor_get(&value, NULL) : 0;
    }
    elbo_plan_free(plan);
    return sum / (STEPS - HALF);
}

static elbo_values *alone(const char *options)
{
    elbo_values *values = elbo_values_new_preset(elbo_options_of_parts, options);
    ck_assert_msg(values != NULL, "%s", elbo_error());
    return values;
}

START_TEST(of_a_normal_with_correlations_factor_finds_the_total_correlation)
{
    elbo_model model = {.name = "law", ELBO_OF_PARTS};
    model.infer = correlated;
    elbo_values *options = alone("objective=factor posterior=delta latent-dim=2 hidden=none likelihood=squared-error "
                                 "discriminator-hidden=32,32 discriminator-beta1=0.9 discriminator-beta2=0.99");
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    const double truth = -0.5 * log(1 - rho * rho), found = train_alone(&r, &model, options, "tc");
    ck_assert_msg(fabs(found - truth) < 0.05 * truth, "%g, expected %g", found, truth);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* log N(z; 0, 1) / N(z; m, 1) = m^2 / 2 - m z */
START_TEST(of_two_normals_the_discriminator_of_an_aae_learns_the_log_odds)
{
    enum { POINTS = 7 };
    elbo_model model = {.name = "law", ELBO_OF_PARTS};
    model.infer = moved;
    elbo_values *options = alone("objective=adversarial posterior=delta latent-dim=1 hidden=none "
                                 "likelihood=squared-error discriminator-hidden=32,32 discriminator-beta1=0.9 "
                                 "discriminator-beta2=0.99");
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    train_alone(&r, &model, options, "discriminator");
    rig_next_graph(&r, ELBO_EVALUATE);
    double z[POINTS], odds[POINTS];
    for (int i = 0; i < POINTS; i++)
        z[i] = -0.9 + 0.5 * i; /* where either law has most of its mass */
    elbo_in in = {.g = r.g, .model = &model, .options = options, .image = ELBO_SHAPE(2), .draws = 1};
    rig_value(&r, elbo__judge_codes(&in, rig_input(&r, "z", ELBO_SHAPE(POINTS, 1), z), false).logits, odds);
    for (int i = 0; i < POINTS; i++)
        ck_assert_msg(fabs(odds[i] - (m * m / 2 - m * z[i])) < 0.15, "at %g: %g, expected %g", z[i], odds[i],
                      m * m / 2 - m * z[i]);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* ---- batches ----------------------------------------------------------------------------------------------------- */

START_TEST(they_train_with_convolutions_labels_draws_and_a_last_batch_of_one)
{
    static const char *const objectives[] = {"mmd", "info", "beta-tc", "factor", "adversarial", "vae-gan"};
    static const char *const others[] = {"draws=2", "conditional=yes net=conv channels=2,3"};
    const elbo_images images = pattern_images(33);
    char preset[200];
    for (int i = 0; i < 2; i++) {
        snprintf(preset, sizeof preset, "hidden=6 latent-dim=2 discriminator-hidden=5 objective=%s %s", objectives[_i],
                 others[i]);
        elbo_model model = {.name = "mine", .preset = preset, ELBO_OF_PARTS};
        elbo_values *values = elbo_model_values(&model);
        elbo_run *run = elbo_run_for(&model, values, &images, 1);
        ck_assert_msg(run != NULL, "%s", elbo_error());
        elbo_epoch last;
        const elbo_training how = {.epochs = 1, .batch_size = 16, .lr = 1e-3};
        ck_assert_msg(elbo_train(run, &images, &images, &how, &last) == ELBO_OK, "%s", elbo_error());
        ck_assert(isfinite(elbo_figures_get(&last.train, "loss")));
        ck_assert(isfinite(elbo_figures_get(&last.test, "loss")));
        ck_assert_int_eq(last.skipped, 0);
        elbo_run_free(run);
        elbo_values_free(values);
    }
}
END_TEST

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

START_TEST(what_makes_no_sense_is_refused)
{
    assert_scene_refused("objective=vae-gan gan-layer=3",
                         "option \"gan-layer\": the discriminator has 2 hidden layers");
    assert_scene_refused("objective=vae-gan discriminator-hidden=none",
                         "option \"gan-layer\": the discriminator has 0 hidden layers");
    assert_scene_refused("objective=adversarial prior=vamp components=3",
                         "option \"prior\": objective adversarial is for a prior that does not learn; take standard");
}
END_TEST

Suite *suite_objective_players(void)
{
    Suite *suite = suite_create("objective_players");
    TCase *moves = tcase_create("who moves");
    tcase_add_loop_test(moves, each_player_moves_by_its_own_loss_alone, 0, 6);
    tcase_add_test(moves, a_discriminator_has_a_rate_and_decays_of_its_own);
    tcase_add_test(moves, who_rests_follows_from_equilibrium_and_margin);
    suite_add_tcase(suite, moves);
    TCase *values = tcase_create("losses");
    tcase_add_test(values, losses_are_made_of_what_is_reported);
    tcase_add_test(values, a_discriminator_that_knows_nothing_pays_log_2_for_each_kind);
    tcase_add_test(values, what_is_real_is_drawn_from_the_prior_and_shuffled_codes_are_made);
    tcase_add_test(values, features_are_those_of_the_layer_that_is_named);
    tcase_add_test(values, without_a_weight_of_the_verdict_they_are_the_models_that_they_come_from);
    tcase_add_test(values, what_makes_no_sense_is_refused);
    tcase_add_loop_test(values, they_train_with_convolutions_labels_draws_and_a_last_batch_of_one, 0, 6);
    suite_add_tcase(suite, values);
    TCase *alone_on = tcase_create("a discriminator alone");
    tcase_set_timeout(alone_on, 120);
    tcase_add_test(alone_on, of_a_normal_with_correlations_factor_finds_the_total_correlation);
    tcase_add_test(alone_on, of_two_normals_the_discriminator_of_an_aae_learns_the_log_odds);
    suite_add_tcase(suite, alone_on);
    return suite;
}
