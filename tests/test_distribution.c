#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "../nn/distribution.h"
#include "rig.h"
#include "suites.h"

enum { B = 2, K = 3, D = 4 };

static const double mean[B * D] = {0.5, -1, 2, 0, 0.25, 3, -0.5, 1};
static const double logvar[B * D] = {0, 0.5, -1, 1, -0.25, 2, -2, 0.1};
static const double other_mean[B * D] = {0, -0.5, 1, 0.5, -1, 2, 0.5, 1.5};
static const double other_logvar[B * D] = {0.3, 0, -0.5, 0.7, 0.2, 1, -1, -0.3};
static const double logits[B * D] = {0, 1.5, -2, 0.3, -0.7, 4, -3, 1};
static const double other_logits[B * D] = {0.4, 1, -1, -0.3, 0.7, 2, -2.5, 0};
static const double grey[B * D] = {0, 1, 0.5, 0.25, 1, 0, 0.75, 0.1};
static const double points[B * K * D] = {0.1, -0.2, 0.3, 0.4, 1.5, -0.6, 0.7,  -0.8, 0.9, 1,   -1.1, 1.2,
                                         1.3, 0.4,  1.5, -1,  0.7, 1.8,  -1.9, 2,    0,   0.2, -0.3, 2.4};

static elbo_var *input(rig *r, const char *name, const double *values)
{
    return rig_input(r, name, ELBO_SHAPE(B, D), values);
}

/* ---- log_prob by hand -------------------------------------------------------------------------------------------- */

static double plain_normal(double x, double m, double variance)
{
    return -log(sqrt(2 * M_PI * variance)) - (x - m) * (x - m) / (2 * variance);
}

static double plain_bernoulli(double x, double logit)
{
    double p = 1 / (1 + exp(-logit));
    return x * log(p) + (1 - x) * log(1 - p);
}

START_TEST(log_prob_of_a_normal_is_its_formula_with_all_constants)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *lv = input(&r, "lv", logvar), *x = input(&r, "x", points);
    double diagonal[B], fixed[B], standard[B];
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(elbo_normal(m, lv), x, NULL),
                           elbo_log_prob(elbo_normal_fixed(m, 0.3), x, NULL),
                           elbo_log_prob(elbo_standard_normal(r.g, ELBO_SHAPE(B, D)), x, NULL)},
            3, (double *[]){diagonal, fixed, standard});
    for (int b = 0; b < B; b++) {
        double expected[3] = {0};
        for (int i = b * D; i < (b + 1) * D; i++) {
            expected[0] += plain_normal(points[i], mean[i], exp(logvar[i]));
            expected[1] += plain_normal(points[i], mean[i], 0.3);
            expected[2] += plain_normal(points[i], 0, 1);
        }
        assert_close(diagonal[b], expected[0], 1e-14);
        assert_close(fixed[b], expected[1], 1e-14);
        assert_close(standard[b], expected[2], 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(log_prob_of_bernoulli_and_categorical_are_their_formulas)
{
    const double one_hot[B * D] = {0, 0, 1, 0, 1, 0, 0, 0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *l = input(&r, "l", logits);
    double bernoulli[B], categorical[B];
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(elbo_bernoulli(l), input(&r, "grey", grey), NULL),
                           elbo_log_prob(elbo_categorical(l), input(&r, "one_hot", one_hot), NULL)},
            2, (double *[]){bernoulli, categorical});
    for (int b = 0; b < B; b++) {
        double expected = 0, sum = 0, chosen = 0;
        for (int i = b * D; i < (b + 1) * D; i++) {
            expected += plain_bernoulli(grey[i], logits[i]);
            sum += exp(logits[i]);
            chosen += one_hot[i] * exp(logits[i]);
        }
        assert_close(bernoulli[b], expected, 1e-14);
        assert_close(categorical[b], log(chosen / sum), 1e-14);
    }
    rig_free(&r);
}
END_TEST

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
    double bernoulli[B * K], diagonal[B * K], fixed[B * K];
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(elbo_bernoulli(l), x, keep), elbo_log_prob(elbo_normal(l, l), x, keep),
                           elbo_log_prob(elbo_normal_fixed(l, 2), x, keep)},
            3, (double *[]){bernoulli, diagonal, fixed});
    for (int b = 0; b < B; b++)
        for (int k = 0; k < K; k++) {
            double expected[3] = {0};
            for (int d = 0; d < D; d++) {
                double of = points[(b * K + k) * D + d], at = grey[b * D + d], m = mask[b * D + d];
                expected[0] += m * plain_bernoulli(at, of);
                expected[1] += m * plain_normal(at, of, exp(of));
                expected[2] += m * plain_normal(at, of, 2);
            }
            assert_close(bernoulli[b * K + k], expected[0], 1e-14);
            assert_close(diagonal[b * K + k], expected[1], 1e-14);
            assert_close(fixed[b * K + k], expected[2], 1e-14);
        }
    rig_free(&r);
}
END_TEST

START_TEST(an_event_may_have_several_axes)
{
    /* three categorical variables of two classes each, for two images; the mask leaves single variables out */
    const double l[2 * 3 * 2] = {0, 1, 2, -1, 0.5, 0.5, 1, 1, -2, 0, 3, 1};
    const double x[2 * 3 * 2] = {1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0};
    const double mask[2 * 3] = {1, 1, 0, 0, 1, 1};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist p = elbo_categorical(rig_input(&r, "l", ELBO_SHAPE(2, 3, 2), l));
    p.event_rank = 2;
    elbo_var *log_p = elbo_log_prob(p, rig_input(&r, "x", ELBO_SHAPE(2, 3, 2), x),
                                    rig_input(&r, "m", ELBO_SHAPE(2, 3), mask));
    double out[2];
    rig_value(&r, log_p, out);
    for (int b = 0; b < 2; b++) {
        double expected = 0;
        for (int v = 0; v < 3; v++) {
            const double *row = &l[(b * 3 + v) * 2], *at = &x[(b * 3 + v) * 2];
            expected += mask[b * 3 + v] * (at[0] * row[0] + at[1] * row[1] - log(exp(row[0]) + exp(row[1])));
        }
        assert_close(out[b], expected, 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(extreme_logits_give_finite_numbers_and_gradients)
{
    const double far[B * D] = {100, -100, 100, -100, 1000, -1000, 0, 88}, x[B * D] = {1, 1, 0, 0, 1, 0, 0.5, 1};
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *l = input(&r, "l", far), *dl[3], *values[3];
    elbo_dist p = elbo_bernoulli(l);
    values[0] = elbo_log_prob(p, input(&r, "x", x), NULL);
    values[1] = elbo_entropy(p);
    values[2] = elbo_kl(p, elbo_bernoulli(input(&r, "m", mean)), NULL);
    for (int i = 0; i < 3; i++)
        elbo_grad(values[i], &l, 1, &dl[i]);
    double out[3][B], grad[3][B * D];
    rig_run(&r, (elbo_var *[]){values[0], values[1], values[2], dl[0], dl[1], dl[2]}, 6,
            (double *[]){out[0], out[1], out[2], grad[0], grad[1], grad[2]});
    for (int i = 0; i < B * D; i++)
        for (int k = 0; k < 3; k++)
            ck_assert_msg(isfinite(out[k][i / D]) && isfinite(grad[k][i]), "quantity %d, logit %g: %g, derivative %g",
                          k, far[i], out[k][i / D], grad[k][i]);
    assert_close(out[0][0], -200, 1e-6); /* -100 for a certain 1 that is 0, and the other way round */
    assert_close(grad[0][1], 1, 1e-6);
    assert_close(grad[0][2], -1, 1e-6);
    ck_assert_double_le(fabs(out[1][0]), 1e-6);
    rig_free(&r);
}
END_TEST

/* ---- mean and entropy -------------------------------------------------------------------------------------------- */

START_TEST(means_and_entropies_are_their_formulas)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *lv = input(&r, "lv", logvar), *l = input(&r, "l", logits);
    elbo_dist dists[] = {elbo_normal(m, lv), elbo_normal_fixed(m, 0.3), elbo_standard_normal(r.g, ELBO_SHAPE(B, D)),
                         elbo_bernoulli(l), elbo_categorical(l)};
    double means[5][B * D], entropies[5][B];
    for (int i = 0; i < 5; i++)
        rig_run(&r, (elbo_var *[]){elbo_dist_mean(dists[i]), elbo_entropy(dists[i])}, 2,
                (double *[]){means[i], entropies[i]});
    for (int b = 0; b < B; b++) {
        double expected[5] = {0}, sum = 0;
        for (int i = b * D; i < (b + 1) * D; i++)
            sum += exp(logits[i]);
        for (int i = b * D; i < (b + 1) * D; i++) {
            double p = 1 / (1 + exp(-logits[i])), c = exp(logits[i]) / sum;
            expected[0] += 0.5 * log(2 * M_PI * M_E * exp(logvar[i]));
            expected[1] += 0.5 * log(2 * M_PI * M_E * 0.3);
            expected[2] += 0.5 * log(2 * M_PI * M_E);
            expected[3] -= p * log(p) + (1 - p) * log(1 - p);
            expected[4] -= c * log(c);
            assert_close(means[0][i], mean[i], 0);
            assert_close(means[1][i], mean[i], 0);
            assert_close(means[2][i], 0, 0);
            assert_close(means[3][i], p, 1e-14);
            assert_close(means[4][i], c, 1e-14);
        }
        for (int k = 0; k < 5; k++)
            assert_close(entropies[k][b], expected[k], 1e-14);
    }
    rig_free(&r);
}
END_TEST

/* ---- draws ------------------------------------------------------------------------------------------------------- */

enum { MANY = 20000 };

START_TEST(a_draw_comes_with_its_log_density)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *lv = input(&r, "lv", logvar), *l = input(&r, "l", logits);
    elbo_dist dists[] = {elbo_normal(m, lv), elbo_normal_fixed(m, 0.3), elbo_standard_normal(r.g, ELBO_SHAPE(B, D)),
                         elbo_bernoulli(l), elbo_categorical(l)};
    for (int i = 0; i < 5; i++)
        for (int draws = 0; draws <= K; draws += K) {
            elbo_draw draw = i < 3 ? elbo_rsample(dists[i], "z", draws) : elbo_sample(dists[i], "z", draws);
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

/* Mean over MANY draws of each value, and of its square. */
static void draw_moments(rig *r, elbo_dist d, bool reparametrised, double *first, double *second)
{
    elbo_var *z = reparametrised ? elbo_rsample(d, "many", MANY).z : elbo_sample(d, "many", MANY).z;
    rig_run(r, (elbo_var *[]){elbo_mean(z, (int[]){1}, 1, false), elbo_mean(elbo_square(z), (int[]){1}, 1, false)}, 2,
            (double *[]){first, second});
}

START_TEST(draws_have_the_moments_of_their_distribution)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *lv = input(&r, "lv", logvar), *l = input(&r, "l", logits);
    double first[B * D], second[B * D];
    draw_moments(&r, elbo_normal(m, lv), true, first, second);
    for (int i = 0; i < B * D; i++) {
        /* Var(z) = v; Var(z^2) = 2 v^2 + 4 m^2 v; five standard deviations of the mean of MANY */
        double v = exp(logvar[i]);
        ck_assert_double_le(fabs(first[i] - mean[i]), 5 * sqrt(v / MANY));
        ck_assert_double_le(fabs(second[i] - mean[i] * mean[i] - v),
                            5 * sqrt((2 * v * v + 4 * mean[i] * mean[i] * v) / MANY));
    }
    draw_moments(&r, elbo_normal_fixed(m, 0.3), true, first, second);
    for (int i = 0; i < B * D; i++)
        ck_assert_double_le(fabs(second[i] - mean[i] * mean[i] - 0.3),
                            5 * sqrt((2 * 0.09 + 4 * mean[i] * mean[i] * 0.3) / MANY));
    draw_moments(&r, elbo_bernoulli(l), false, first, second);
    for (int i = 0; i < B * D; i++) {
        double p = 1 / (1 + exp(-logits[i]));
        ck_assert_double_le(fabs(first[i] - p), 5 * sqrt(p * (1 - p) / MANY));
        ck_assert_double_eq(first[i], second[i]); /* nothing but 0 and 1 */
    }
    draw_moments(&r, elbo_categorical(l), false, first, second);
    for (int b = 0; b < B; b++) {
        double sum = 0, all = 0;
        for (int i = b * D; i < (b + 1) * D; i++)
            sum += exp(logits[i]);
        for (int i = b * D; i < (b + 1) * D; i++) {
            double p = exp(logits[i]) / sum;
            ck_assert_double_le(fabs(first[i] - p), 5 * sqrt(p * (1 - p) / MANY));
            ck_assert_double_eq(first[i], second[i]);
            all += first[i];
        }
        assert_close(all, 1, 1e-12); /* one class a draw */
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_reparametrised_draw_carries_the_derivative_of_its_parameters)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *args[] = {input(&r, "m", mean), input(&r, "lv", logvar)}, *grads[2];
    elbo_draw draw = elbo_rsample(elbo_normal(args[0], args[1]), "z", 0);
    elbo_grad(draw.z, args, 2, grads);
    double z[B * D], dm[B * D], dlv[B * D];
    rig_run(&r, (elbo_var *[]){draw.z, grads[0], grads[1]}, 3, (double *[]){z, dm, dlv});
    for (int i = 0; i < B * D; i++) {
        assert_close(dm[i], 1, 0);
        assert_close(dlv[i], (z[i] - mean[i]) / 2, 1e-14); /* d (s e) / d log s^2 = s e / 2 */
    }
    rig_free(&r);
}
END_TEST

START_TEST(the_log_density_of_a_sample_is_a_score_function)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *args[] = {input(&r, "m", mean), input(&r, "lv", logvar)}, *through[2], *score[2];
    elbo_draw draw = elbo_sample(elbo_normal(args[0], args[1]), "z", 0);
    elbo_grad(draw.z, args, 2, through);
    elbo_grad(draw.log_prob, args, 2, score);
    double z[B * D], none[B * D], dm[B * D];
    rig_run(&r, (elbo_var *[]){draw.z, through[0], score[0]}, 3, (double *[]){z, none, dm});
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

/* The closed form agrees with the mean of log q(z) - log p(z) over MANY draws from q, within five of its own standard
 * deviations (which one normal mean exceeds once in two million). */
static void assert_kl_is_the_mean_log_ratio(rig *r, elbo_dist q, elbo_dist p)
{
    static double log_q[B * MANY], log_p[B * MANY];
    double closed[B], dims[B * D];
    elbo_draw draw = elbo_sample(q, "kl", MANY);
    ck_assert(elbo_kl_closed(q, p));
    rig_run(r, (elbo_var *[]){elbo_kl(q, p, NULL), elbo_kl_dims(q, p), draw.log_prob, elbo_log_prob(p, draw.z, NULL)},
            4, (double *[]){closed, dims, log_q, log_p});
    for (int b = 0; b < B; b++) {
        double sum = 0, squares = 0, over_dims = 0;
        for (int k = b * MANY; k < (b + 1) * MANY; k++) {
            sum += log_q[k] - log_p[k];
            squares += (log_q[k] - log_p[k]) * (log_q[k] - log_p[k]);
        }
        double average = sum / MANY, variance = squares / MANY - average * average;
        ck_assert_msg(fabs(closed[b] - average) <= 5 * sqrt(variance / MANY), "KL(%s||%s) = %g, by draws %g +- %g",
                      q.kind->name, p.kind->name, closed[b], average, sqrt(variance / MANY));
        ck_assert_double_gt(closed[b], 0.05); /* so that the comparison means something */
        for (int d = 0; d < D; d++)
            over_dims += dims[b * D + d];
        assert_close(over_dims, closed[b], 1e-13);
    }
}

START_TEST(kl_in_closed_form_agrees_with_monte_carlo)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *n = input(&r, "n", other_mean);
    elbo_dist normals[] = {elbo_normal(m, input(&r, "lv", logvar)), elbo_normal_fixed(m, 0.3),
                           elbo_standard_normal(r.g, ELBO_SHAPE(B, D))};
    elbo_dist others[] = {elbo_normal(n, input(&r, "lw", other_logvar)), elbo_normal_fixed(n, 0.6),
                          elbo_standard_normal(r.g, ELBO_SHAPE(B, D))};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            if (i != 2 || k != 2)
                assert_kl_is_the_mean_log_ratio(&r, normals[i], others[k]);
    elbo_var *a = input(&r, "a", logits), *c = input(&r, "c", other_logits);
    assert_kl_is_the_mean_log_ratio(&r, elbo_bernoulli(a), elbo_bernoulli(c));
    assert_kl_is_the_mean_log_ratio(&r, elbo_categorical(a), elbo_categorical(c));
    rig_free(&r);
}
END_TEST

START_TEST(kl_to_the_standard_normal_is_the_formula_of_the_paper)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist q = elbo_normal(input(&r, "m", mean), input(&r, "lv", logvar));
    double out[B];
    rig_value(&r, elbo_kl(q, elbo_standard_normal(r.g, ELBO_SHAPE(D)), NULL), out);
    for (int b = 0; b < B; b++) {
        double expected = 0;
        for (int i = b * D; i < (b + 1) * D; i++)
            expected -= 0.5 * (1 + logvar[i] - mean[i] * mean[i] - exp(logvar[i]));
        assert_close(out[b], expected, 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(kl_of_a_distribution_to_itself_is_zero)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *lv = input(&r, "lv", logvar), *l = input(&r, "l", logits);
    elbo_dist dists[] = {elbo_normal(m, lv), elbo_normal_fixed(m, 0.3), elbo_standard_normal(r.g, ELBO_SHAPE(B, D)),
                         elbo_bernoulli(l), elbo_categorical(l)};
    for (int i = 0; i < 5; i++) {
        double out[B];
        rig_value(&r, elbo_kl(dists[i], dists[i], NULL), out);
        for (int b = 0; b < B; b++)
            ck_assert_double_le(fabs(out[b]), 1e-14);
    }
    rig_free(&r);
}
END_TEST

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
        elbo_dist p = {
            .kind = &laplace, .graph = r.g, .args = {input(&r, "m", mean)}, .shape = ELBO_SHAPE(B, D), .event_rank = 1};
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

START_TEST(impossible_parameters_are_refused)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_normal_fixed(input(&r, "m", mean), 0);
    rig_assert_error(&r, "normal: variance 0 is not a positive number");
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_normal(input(&r, "m", mean), rig_input(&r, "lv", ELBO_SHAPE(B, 2), logvar));
    rig_assert_error(&r, "normal: mean (2, 4) and log-variance (2, 2) differ in shape");
    rig_free(&r);
}
END_TEST

Suite *suite_distribution(void)
{
    Suite *suite = suite_create("distribution");
    TCase *density = tcase_create("density");
    tcase_add_test(density, log_prob_of_a_normal_is_its_formula_with_all_constants);
    tcase_add_test(density, log_prob_of_bernoulli_and_categorical_are_their_formulas);
    tcase_add_test(density, a_point_without_draws_meets_a_distribution_with_draws);
    tcase_add_test(density, a_mask_leaves_values_out);
    tcase_add_test(density, an_event_may_have_several_axes);
    tcase_add_test(density, extreme_logits_give_finite_numbers_and_gradients);
    tcase_add_test(density, means_and_entropies_are_their_formulas);
    tcase_add_test(density, what_a_kind_lacks_is_named);
    tcase_add_test(density, impossible_parameters_are_refused);
    suite_add_tcase(suite, density);
    TCase *draws = tcase_create("draws");
    tcase_add_test(draws, a_draw_comes_with_its_log_density);
    tcase_add_test(draws, draws_have_the_moments_of_their_distribution);
    tcase_add_test(draws, a_reparametrised_draw_carries_the_derivative_of_its_parameters);
    tcase_add_test(draws, the_log_density_of_a_sample_is_a_score_function);
    tcase_add_test(draws, what_cannot_be_reparametrised_says_so);
    suite_add_tcase(suite, draws);
    TCase *kl = tcase_create("kl");
    tcase_add_test(kl, kl_in_closed_form_agrees_with_monte_carlo);
    tcase_add_test(kl, kl_to_the_standard_normal_is_the_formula_of_the_paper);
    tcase_add_test(kl, kl_of_a_distribution_to_itself_is_zero);
    tcase_add_test(kl, without_a_closed_form_kl_uses_the_draw_that_is_passed_in);
    suite_add_tcase(suite, kl);
    return suite;
}
