/* Objectives of the aggregate posterior: parts that add up, limits that are other models, labels, refusals. */
#include <check.h>
#include <math.h>

#include "../nn/objectives/aggregate.h"
#include "scene.h"
#include "suites.h"

/* ---- beta-tc ----------------------------------------------------------------------------------------------------- */

/* -E log w of the draws, w = p(x|z) p(z) / q(z|x): recon and the KL at the draws. */
static double at_the_draws(scene *s)
{
    elbo_inference unused;
    const elbo_bound bound = elbo_model_bound(&s->in, s->in.x, &unused);
    return -rig_number(&s->r, elbo_mean_all(bound.log_weight));
}

START_TEST(with_all_weights_1_the_parts_add_up_to_the_kl_at_every_draw)
{
    static const char *const options[] = {"objective=beta-tc", "objective=beta-tc tc-estimator=mws draws=3",
                                          "objective=beta-tc prior=mixture draws=2",
                                          "objective=beta-tc conditional=yes prior=learned"};
    for (int i = 0; i < 4; i++) {
        scene *s = scene_new(options[i], NULL, false);
        for (int size = 4; size < 5000; size *= 10) {
            rig_scalar(&s->r, "dataset-size", size);
            assert_close(rig_number(&s->r, s->losses[0].value), at_the_draws(s), 1e-12);
        }
        scene_free(s);
    }
}
END_TEST

START_TEST(each_part_has_a_weight_of_its_own)
{
    scene *s = scene_new("objective=beta-tc beta=6 tc-alpha=0.5 tc-gamma=3 draws=2", NULL, false);
    const double expected = scene_metric(s, "recon") + 0.5 * scene_metric(s, "information") +
                            6 * scene_metric(s, "tc") + 3 * scene_metric(s, "marginal_kl");
    assert_close(rig_number(&s->r, s->losses[0].value), expected, 1e-12);
    ck_assert_double_gt(fabs(scene_metric(s, "tc")), 1e-6);
    scene_free(s);
}
END_TEST

START_TEST(information_is_at_most_log_n_of_the_images_of_the_training)
{
    scene *s = scene_new("objective=beta-tc", NULL, false);
    double before = -INFINITY;
    for (int size = 4; size < 5000; size *= 10) {
        rig_scalar(&s->r, "dataset-size", size);
        const double information = scene_metric(s, "information");
        ck_assert_double_le(information, log(size));
        ck_assert_double_ne(information, before);
        before = information;
    }
    scene_free(s);
}
END_TEST

/* ---- mmd and info ------------------------------------------------------------------------------------------------ */

/* The pictures are the codes. */
static elbo_inference picture_as_code(elbo_in *in)
{
    return elbo_infer_code(in->x);
}

static const double drawn[IMAGES * PIXELS] = {0.5, -1,  2, 0.3, 0.1, 1, -1.2, 0.7, 1,   1,  -2, 0,
                                              0.7, 0.4, 0, 0.9, 1.3, 0, -0.2, 0.6, 0.8, -1, 1,  0.2};

START_TEST(the_mmd_is_that_of_codes_and_draws_of_the_prior)
{
    for (int labels = 0; labels < 2; labels++) {
        scene *s = scene_new(labels ? "objective=mmd latent-dim=6 mmd-weight=3 mmd-kernel=rbf conditional=yes"
                                    : "objective=mmd latent-dim=6 mmd-weight=3 mmd-kernel=rbf",
                             picture_as_code, true);
        rig_feed(&s->r, "prior#0", ELBO_SHAPE(IMAGES, 1, PIXELS), drawn);
        elbo_var *prior = elbo_array(s->r.g, ELBO_SHAPE(IMAGES, PIXELS), drawn);
        elbo_var *beside = elbo_array(s->r.g, ELBO_SHAPE(IMAGES, CLASSES), scene_labels), *expected;
        if (labels)
            expected = elbo_mmd_paired(elbo_condition(s->in.x, beside), elbo_condition(prior, beside), "rbf", 1);
        else
            expected = elbo_mmd(s->in.x, prior, "rbf", 1);
        assert_close(scene_metric(s, "mmd"), rig_number(&s->r, expected), 1e-13);
        assert_close(rig_number(&s->r, s->losses[0].value), scene_metric(s, "recon") + 3 * rig_number(&s->r, expected),
                     1e-13);
        scene_free(s);
    }
}
END_TEST

START_TEST(draws_of_an_image_belong_to_samples_of_their_own)
{
    double noise[IMAGES * 2 * 2], codes[IMAGES * 2 * 2];
    scene *s = scene_new("objective=mmd posterior=normal draws=2", NULL, true);
    for (int i = 0; i < IMAGES * 2 * 2; i++) {
        noise[i] = sin(12.9898 * i);
        codes[i] = cos(78.233 * i);
    }
    rig_feed(&s->r, "z#0", ELBO_SHAPE(IMAGES, 2, 2), codes);
    rig_feed(&s->r, "prior#0", ELBO_SHAPE(IMAGES, 2, 2), noise);
    elbo_inference inference;
    elbo_model_bound(&s->in, s->in.x, &inference);
    double expected = 0;
    for (int k = 0; k < 2; k++) {
        elbo_var *z = elbo_squeeze(elbo_slice(inference.z, 1, k, 1), 1);
        elbo_var *e = elbo_squeeze(elbo_slice(elbo_array(s->r.g, ELBO_SHAPE(IMAGES, 2, 2), noise), 1, k, 1), 1);
        expected += rig_number(&s->r, elbo_mmd(z, e, "imq", 1)) / 2;
    }
    assert_close(scene_metric(s, "mmd"), expected, 1e-13);
    scene_free(s);
}
END_TEST

START_TEST(infovae_weighs_the_kl_by_1_less_alpha_and_the_mmd_by_the_rest)
{
    scene *s = scene_new("objective=info info-alpha=0.3 info-lambda=5 beta=2", NULL, false);
    const double expected = scene_metric(s, "recon") + 2 * 0.7 * scene_metric(s, "kl") + 4.3 * scene_metric(s, "mmd");
    assert_close(rig_number(&s->r, s->losses[0].value), expected, 1e-12);
    scene_free(s);
}
END_TEST

/* ---- limits that are other models -------------------------------------------------------------------------------- */

START_TEST(without_a_weight_of_the_mmd_they_are_the_models_that_they_come_from)
{
    assert_same_training("objective=elbo", "objective=info info-alpha=0 info-lambda=1");
    assert_same_training("objective=elbo beta=0", "objective=info info-alpha=1 info-lambda=0");
    assert_same_training("objective=elbo posterior=delta", "objective=mmd posterior=delta mmd-weight=0");
    assert_same_training("objective=elbo beta=0", "objective=mmd posterior=normal mmd-weight=0");
}
END_TEST

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

START_TEST(what_makes_no_sense_is_refused)
{
    assert_scene_refused("objective=info info-alpha=0 info-lambda=0.5",
                         "the weight of the MMD, their sum less 1, is -0.5; expected at least 0");
    assert_scene_refused("objective=info posterior=delta",
                         "option \"objective\": info needs a posterior with a density");
    assert_scene_refused("objective=beta-tc posterior=delta",
                         "option \"objective\": beta-tc needs a posterior with a density");
    assert_scene_refused("objective=beta-tc posterior=planar",
                         "total correlation: needs a normal q(z|x), got one that is known at its draws alone");
    assert_scene_refused("objective=mmd prior=mixture",
                         "option \"prior\": objective mmd is for a prior that does not learn; take standard");
}
END_TEST

Suite *suite_objective_aggregate(void)
{
    Suite *suite = suite_create("objective_aggregate");
    TCase *tc = tcase_create("beta-tc");
    tcase_add_test(tc, with_all_weights_1_the_parts_add_up_to_the_kl_at_every_draw);
    tcase_add_test(tc, each_part_has_a_weight_of_its_own);
    tcase_add_test(tc, information_is_at_most_log_n_of_the_images_of_the_training);
    suite_add_tcase(suite, tc);
    TCase *mmd = tcase_create("mmd and info");
    tcase_add_test(mmd, the_mmd_is_that_of_codes_and_draws_of_the_prior);
    tcase_add_test(mmd, draws_of_an_image_belong_to_samples_of_their_own);
    tcase_add_test(mmd, infovae_weighs_the_kl_by_1_less_alpha_and_the_mmd_by_the_rest);
    suite_add_tcase(suite, mmd);
    TCase *rest = tcase_create("limits and refusals");
    tcase_add_test(rest, without_a_weight_of_the_mmd_they_are_the_models_that_they_come_from);
    tcase_add_test(rest, what_makes_no_sense_is_refused);
    suite_add_tcase(suite, rest);
    return suite;
}
