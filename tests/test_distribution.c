#include <check.h>
#include <math.h>

#include "small_dists.h"
#include "suites.h"

enum { KINDS = 6 }; /* of distributions, a normal being three */

START_TEST(a_point_without_draws_meets_a_distribution_with_draws)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *l = rig_input(&r, "l", ELBO_SHAPE(B, K, D), points), *x = input(&r, "x", grey), *m = input(&r, "m", mean);
    elbo_var *of_x = elbo_log_prob(elbo_bernoulli(l), x, NULL);                       /* x (B, D),  p (B, K, D) */
    elbo_var *of_z = elbo_log_prob(elbo_normal(m, input(&r, "lv", logvar)), l, NULL); /* z (B, K, D), q (B, D)  */
    double a[B * K], c[B * K];
    rig_run(&r, (elbo_var *[]){of_x, of_z}, 2, (double *[]){a, c});
    for (int b = 0; b < B; b++)
        for (int k = 0; k < K; k++) {
            double bernoulli = 0, normal = 0;
            for (int d = 0; d < D; d++) {
                bernoulli += plain_bernoulli(grey[b * D + d], points[(b * K + k) * D + d]);
                normal += plain_normal(points[(b * K + k) * D + d], mean[b * D + d], exp(logvar[b * D + d]));
            }
            assert_close(a[b * K + k], bernoulli, 1e-14);
            assert_close(c[b * K + k], normal, 1e-14);
        }
    rig_free(&r);
}
END_TEST

START_TEST(a_mask_leaves_values_out)
{
    const double mask[B * D] = {1, 0, 1, 1, 0, 0, 1, 0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *l = rig_input(&r, "l", ELBO_SHAPE(B, K, D), points), *x = input(&r, "x", grey),
             *keep = input(&r, "k", mask);
    double bernoulli[B * K], diagonal[B * K], fixed[B * K], continuous[B * K];
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(elbo_bernoulli(l), x, keep), elbo_log_prob(elbo_normal(l, l), x, keep),
                           elbo_log_prob(elbo_normal_fixed(l, 2), x, keep),
                           elbo_log_prob(elbo_continuous_bernoulli(l), x, keep)},
            4, (double *[]){bernoulli, diagonal, fixed, continuous});
    for (int b = 0; b < B; b++)
        for (int k = 0; k < K; k++) {
            double expected[4] = {0};
            for (int d = 0; d < D; d++) {
                double of = points[(b * K + k) * D + d], at = grey[b * D + d], m = mask[b * D + d];
                expected[0] += m * plain_bernoulli(at, of);
                expected[1] += m * plain_normal(at, of, exp(of));
                expected[2] += m * plain_normal(at, of, 2);
                expected[3] += m * plain_continuous_bernoulli(at, of);
            }
            assert_close(bernoulli[b * K + k], expected[0], 1e-14);
            assert_close(diagonal[b * K + k], expected[1], 1e-14);
            assert_close(fixed[b * K + k], expected[2], 1e-14);
            assert_close(continuous[b * K + k], expected[3], 1e-14);
        }
    rig_free(&r);
}
END_TEST

/* ---- draws ------------------------------------------------------------------------------------------------------- */

START_TEST(a_draw_comes_with_its_log_density)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *lv = input(&r, "lv", logvar), *l = input(&r, "l", logits);
    elbo_dist dists[] = {elbo_normal(m, lv), elbo_normal_fixed(m, 0.3), elbo_standard_normal(r.g, ELBO_SHAPE(B, D)),
                         elbo_bernoulli(l),  elbo_categorical(l),       elbo_continuous_bernoulli(l)};
    for (int i = 0; i < KINDS; i++)
        for (int draws = 0; draws <= K; draws += K) {
            if (!dists[i].kind->reparametrised)
                continue;
            elbo_draw draw = elbo_rsample(dists[i], "z", draws);
            elbo_shape z = elbo_shape_of(draw.z), log_q = elbo_shape_of(draw.log_prob);
            ck_assert(elbo_shape_equal(&z, draws ? &ELBO_SHAPE(B, K, D) : &ELBO_SHAPE(B, D)));
            ck_assert(elbo_shape_equal(&log_q, draws ? &ELBO_SHAPE(B, K) : &ELBO_SHAPE(B)));
            double a[B * K], c[B * K];
            rig_run(&r, (elbo_var *[]){draw.log_prob, elbo_log_prob(dists[i], draw.z, NULL)}, 2, (double *[]){a, c});
            for (int k = 0; k < (draws ? B * K : B); k++)
                assert_close(a[k], c[k], 1e-12);
        }
    rig_free(&r);
}
END_TEST

START_TEST(the_log_density_of_a_sample_is_a_score_function)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *args[] = {input(&r, "m", mean), input(&r, "lv", logvar)}, *through[2], *score[2];
    const elbo_dist normal = elbo_normal(args[0], args[1]);
    elbo_var *drawn = elbo_sample(normal, "z", 0);
    elbo_grad(drawn, args, 2, through);
    elbo_grad(elbo_log_prob(normal, drawn, NULL), args, 2, score);
    double z[B * D], none[B * D], dm[B * D];
    rig_run(&r, (elbo_var *[]){drawn, through[0], score[0]}, 3, (double *[]){z, none, dm});
    for (int i = 0; i < B * D; i++) {
        assert_close(none[i], 0, 0);
        assert_close(dm[i], (z[i] - mean[i]) / exp(logvar[i]), 1e-13);
    }
    rig_free(&r);
}
END_TEST

START_TEST(what_cannot_be_reparametrised_says_so)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_rsample(elbo_bernoulli(input(&r, "l", logits)), "z", 1);
    rig_assert_error(&r, "distribution \"bernoulli\" has no reparametrised draw");
    rig_free(&r);
}
END_TEST

/* ---- KL ---------------------------------------------------------------------------------------------------------- */

START_TEST(kl_of_a_distribution_to_itself_is_zero)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *lv = input(&r, "lv", logvar), *l = input(&r, "l", logits);
    elbo_dist dists[] = {elbo_normal(m, lv), elbo_normal_fixed(m, 0.3), elbo_standard_normal(r.g, ELBO_SHAPE(B, D)),
                         elbo_bernoulli(l),  elbo_categorical(l),       elbo_continuous_bernoulli(l)};
    for (int i = 0; i < KINDS; i++) {
        double out[B];
        rig_value(&r, elbo_kl(dists[i], dists[i], NULL), out);
        for (int b = 0; b < B; b++)
            ck_assert_double_le(fabs(out[b]), 1e-14);
    }
    rig_free(&r);
}
END_TEST

/* ---- a kind of one's own ----------------------------------------------------------------------------------------- */

/* A kind of one's own, as a user would write it: Laplace with location args[0] and scale 1; no closed KL, no mean. */
static elbo_var *laplace_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *location = elbo_align(d->args[0], d->event_rank, elbo_ndim(x));
    return elbo_event_sum(elbo_shift(elbo_neg(elbo_abs(elbo_sub(x, location))), -log(2)), mask, d->event_rank);
}

static const elbo_dist_kind laplace = {.name = "laplace", .log_prob = laplace_log_prob};

START_TEST(without_a_closed_form_kl_uses_the_draw_that_is_passed_in)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean);
    elbo_dist q = elbo_normal(m, input(&r, "lv", logvar));
    elbo_dist p = {.kind = &laplace, .graph = r.g, .args = {m}, .shape = ELBO_SHAPE(B, D), .event_rank = 1};
    elbo_draw draw = elbo_rsample(q, "z", K);
    double kl[B * K], z[B * K * D], log_q[B * K];
    ck_assert(!elbo_kl_closed(q, p));
    rig_run(&r, (elbo_var *[]){elbo_kl(q, p, &draw), draw.z, draw.log_prob}, 3, (double *[]){kl, z, log_q});
    for (int b = 0; b < B; b++)
        for (int k = b * K; k < (b + 1) * K; k++) {
            double expected = log_q[k];
            for (int d = 0; d < D; d++)
                expected += fabs(z[k * D + d] - mean[b * D + d]) + log(2);
            assert_close(kl[k], expected, 1e-14);
        }
    elbo_kl(q, p, NULL);
    rig_assert_error(&r, "KL(normal || laplace) has no closed form and needs a draw");
    rig_free(&r);
}
END_TEST

START_TEST(what_a_kind_lacks_is_named)
{
    for (int i = 0; i < 4; i++) {
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        elbo_dist p = elbo_dist_of(&laplace, ELBO_SHAPE(B, D), input(&r, "m", mean));
        static const char *const messages[] = {
            "distribution \"laplace\" has no mean", "distribution \"laplace\" has no entropy",
            "distribution \"laplace\" has no draw", "KL(laplace || laplace) has no closed form"};
        switch (i) {
        case 0: elbo_dist_mean(p); break;
        case 1: elbo_entropy(p); break;
        case 2: elbo_sample(p, "z", 1); break;
        case 3: elbo_kl_dims(p, p); break;
        }
        rig_assert_error(&r, messages[i]);
        rig_free(&r);
    }
}
END_TEST

Suite *suite_distribution(void)
{
    Suite *suite = suite_create("distribution");
    TCase *density = tcase_create("density");
    tcase_add_test(density, a_point_without_draws_meets_a_distribution_with_draws);
    tcase_add_test(density, a_mask_leaves_values_out);
    suite_add_tcase(suite, density);
    TCase *draws = tcase_create("draws");
    tcase_add_test(draws, a_draw_comes_with_its_log_density);
    tcase_add_test(draws, the_log_density_of_a_sample_is_a_score_function);
    tcase_add_test(draws, what_cannot_be_reparametrised_says_so);
    suite_add_tcase(suite, draws);
    TCase *kl = tcase_create("kl");
    tcase_add_test(kl, kl_of_a_distribution_to_itself_is_zero);
    suite_add_tcase(suite, kl);
    TCase *own = tcase_create("a kind of one's own");
    tcase_add_test(own, without_a_closed_form_kl_uses_the_draw_that_is_passed_in);
    tcase_add_test(own, what_a_kind_lacks_is_named);
    suite_add_tcase(suite, own);
    return suite;
}
