/* Mixtures: of one component for all of z (a prior), and of one for each value (a likelihood). */
#include <check.h>
#include <math.h>

#include "small_dists.h"
#include "suites.h"

enum { C = 3, Z = D };

static const double weights[B * C] = {0.5, -1, 2, 0, 0.3, -0.7}; /* logits (B, C)                */
static const double centres[C * Z] = {0.5, -1, 2, 0, 0.25, 3, -0.5, 1, 1, 0, -2, 0.5}; /* (C, Z)         */
static const double spreads[C * Z] = {0, 0.5, -1, 1, -0.25, 0.2, -2, 0.1, 0.3, 0, 0, -0.4};
static const double pixel_logits[B * D * C] = {0, 1, 2, -1,  0.5, 0, 1,  1,    -2, 0.3, 0,   1,
                                               3, 0, 0, 0.2, 0,   1, -1, -0.5, 2,  1,   1.5, 0};
static const double pixel_means[B * D * C] = {0.1, 0.9,  0.5, 0,   1, 0.2, -0.3, 0.7, 2,   0.4, 0.6, 0.8,
                                              1.1, -0.2, 0.3, 0.5, 0, 1,   0.25, 2,   0.7, 1,   0,   -1};

/* log sum_c softmax(logits)_c e^terms_c */
static double plain_mixture(const double *l, const double *terms)
{
    double above = 0, below = 0;
    for (int c = 0; c < C; c++) {
        above += exp(l[c] + terms[c]);
        below += exp(l[c]);
    }
    return log(above / below);
}

/* log p(z) of image b under a mixture of normals (C, Z), with a mask (Z) or NULL */
static double plain_prior(int b, const double *z, const double *mask)
{
    double terms[C] = {0};
    for (int c = 0; c < C; c++)
        for (int i = 0; i < Z; i++)
            terms[c] += (mask ? mask[i] : 1) * plain_normal(z[i], centres[c * Z + i], exp(spreads[c * Z + i]));
    return plain_mixture(&weights[b * C], terms);
}

static elbo_dist shared_prior(rig *r)
{
    elbo_var *m = rig_input(r, "m", ELBO_SHAPE(C, Z), centres), *lv = rig_input(r, "lv", ELBO_SHAPE(C, Z), spreads);
    return elbo_mixture(rig_input(r, "w", ELBO_SHAPE(B, C), weights), elbo_normal(m, lv));
}

/* Variance 0.3 for every value. */
static elbo_dist of_pixels(rig *r)
{
    elbo_dist c = elbo_normal_fixed(rig_input(r, "pm", ELBO_SHAPE(B, D, C), pixel_means), 0.3);
    c.event_rank = 0;
    return elbo_mixture(rig_input(r, "pw", ELBO_SHAPE(B, D, C), pixel_logits), c);
}

static elbo_var *draws_of(elbo_dist p, int draws)
{
    return elbo_sample(p, "z", draws);
}

/* ---- log_prob ---------------------------------------------------------------------------------------------------- */

START_TEST(a_vector_shares_a_component)
{
    static const double mask[B * Z] = {1, 0, 1, 1, 0, 0, 1, 1};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_dist p = shared_prior(&r);
    ck_assert(elbo_shape_equal(&p.shape, &ELBO_SHAPE(B, Z)) && p.event_rank == 1);
    elbo_var *z = rig_input(&r, "z", ELBO_SHAPE(B, K, Z), points), *x = input(&r, "x", mean);
    double of_z[B * K], of_x[B], masked[B * K];
    rig_run(
        &r,
        (elbo_var *[]){elbo_log_prob(p, z, NULL), elbo_log_prob(p, x, NULL), elbo_log_prob(p, z, input(&r, "k", mask))},
        3, (double *[]){of_z, of_x, masked});
    for (int b = 0; b < B; b++) {
        assert_close(of_x[b], plain_prior(b, &mean[b * Z], NULL), 1e-14);
        for (int k = b * K; k < (b + 1) * K; k++) {
            assert_close(of_z[k], plain_prior(b, &points[k * Z], NULL), 1e-14);
            assert_close(masked[k], plain_prior(b, &points[k * Z], &mask[b * Z]), 1e-14);
        }
    }
    rig_free(&r);
}
END_TEST

START_TEST(components_may_differ_between_images)
{
    double both[B * C * Z], terms[C] = {0}, got[B];
    for (int i = 0; i < B * C * Z; i++)
        both[i] = centres[i % (C * Z)] + (i < C * Z ? 0 : 0.5);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist c = elbo_normal_fixed(rig_input(&r, "m", ELBO_SHAPE(B, C, Z), both), 2);
    elbo_dist p = elbo_mixture(rig_input(&r, "w", ELBO_SHAPE(B, C), weights), c);
    rig_value(&r, elbo_log_prob(p, input(&r, "x", grey), NULL), got);
    for (int b = 0; b < B; b++) {
        for (int k = 0; k < C; k++) {
            terms[k] = 0;
            for (int i = 0; i < Z; i++)
                terms[k] += plain_normal(grey[b * Z + i], both[(b * C + k) * Z + i], 2);
        }
        assert_close(got[b], plain_mixture(&weights[b * C], terms), 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_value_chooses_for_itself_where_components_have_no_event)
{
    static const double mask[B * D] = {1, 0, 0.5, 1, 0, 0, 1, 1};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_dist p = of_pixels(&r);
    ck_assert(elbo_shape_equal(&p.shape, &ELBO_SHAPE(B, D)) && p.event_rank == 1);
    double got[B], masked[B], draws[B * K];
    elbo_var *x = input(&r, "x", grey), *z = rig_input(&r, "z", ELBO_SHAPE(B, K, D), points);
    rig_run(
        &r,
        (elbo_var *[]){elbo_log_prob(p, x, NULL), elbo_log_prob(p, x, input(&r, "k", mask)), elbo_log_prob(p, z, NULL)},
        3, (double *[]){got, masked, draws});
    for (int b = 0; b < B; b++) {
        double all = 0, some = 0, of_draw[K] = {0};
        for (int d = b * D; d < (b + 1) * D; d++) {
            double terms[C];
            for (int k = -1; k < K; k++) {
                double at = k < 0 ? grey[d] : points[(b * K + k) * D + d - b * D];
                for (int c = 0; c < C; c++)
                    terms[c] = plain_normal(at, pixel_means[d * C + c], 0.3);
                double term = plain_mixture(&pixel_logits[d * C], terms);
                if (k < 0)
                    all += term, some += mask[d] * term;
                else
                    of_draw[k] += term;
            }
        }
        assert_close(got[b], all, 1e-14);
        assert_close(masked[b], some, 1e-14);
        for (int k = 0; k < K; k++)
            assert_close(draws[b * K + k], of_draw[k], 1e-14);
    }
    rig_free(&r);
}
END_TEST

/* The same logits and means with and without the axes that they share. */
START_TEST(values_may_share_their_components)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *l = rig_input(&r, "l", ELBO_SHAPE(B, D, C), pixel_logits),
             *few = rig_input(&r, "f", ELBO_SHAPE(C), weights);
    elbo_var *z = rig_input(&r, "z", ELBO_SHAPE(B, K, D), points);
    elbo_dist one = elbo_normal_fixed(few, 0.3), many = elbo_normal_fixed(elbo_expand(few, ELBO_SHAPE(B, D, C)), 0.3);
    one.event_rank = many.event_rank = 0;
    double a[B * K], b[B * K], c[B * 5 * D], d[B * 5 * D];
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(elbo_mixture(l, one), z, NULL), elbo_log_prob(elbo_mixture(l, many), z, NULL),
                           draws_of(elbo_mixture(l, one), 5)},
            3, (double *[]){a, b, c});
    rig other = rig_new(ELBO_F64, ELBO_TRAIN);
    l = rig_input(&other, "l", ELBO_SHAPE(B, D, C), pixel_logits);
    many = elbo_normal_fixed(elbo_expand(rig_input(&other, "f", ELBO_SHAPE(C), weights), ELBO_SHAPE(B, D, C)), 0.3);
    many.event_rank = 0;
    rig_value(&other, draws_of(elbo_mixture(l, many), 5), d);
    for (int i = 0; i < B * K; i++)
        assert_close(a[i], b[i], 1e-14);
    for (int i = 0; i < B * 5 * D; i++)
        ck_assert_double_eq(c[i], d[i]);
    rig_free(&other);
    rig_free(&r);
}
END_TEST

/* d log p / d m_c = r_c (z - m_c) / s_c^2 and d log p / d w_c = r_c - softmax(w)_c, r_c the posterior of component c */
START_TEST(the_derivative_is_that_of_each_component_by_its_posterior)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_dist p = shared_prior(&r);
    elbo_var *in[] = {p.args[0], p.components->args[0]}, *d[2];
    elbo_grad(elbo_sum_all(elbo_log_prob(p, input(&r, "x", mean), NULL)), in, 2, d);
    double dw[B * C], dm[C * Z], expected[C * Z] = {0};
    rig_run(&r, d, 2, (double *[]){dw, dm});
    for (int b = 0; b < B; b++) {
        double posterior[C], sum = 0, all = 0;
        for (int c = 0; c < C; c++) {
            double term = weights[b * C + c];
            for (int i = 0; i < Z; i++)
                term += plain_normal(mean[b * Z + i], centres[c * Z + i], exp(spreads[c * Z + i]));
            sum += posterior[c] = exp(term);
            all += exp(weights[b * C + c]);
        }
        for (int c = 0; c < C; c++) {
            assert_close(dw[b * C + c], posterior[c] / sum - exp(weights[b * C + c]) / all, 1e-13);
            for (int i = 0; i < Z; i++)
                expected[c * Z + i] += posterior[c] / sum * (mean[b * Z + i] - centres[c * Z + i]) /
                                       exp(spreads[c * Z + i]);
        }
    }
    for (int i = 0; i < C * Z; i++)
        assert_close(dm[i], expected[i], 1e-13);
    rig_free(&r);
}
END_TEST

/* ---- mean and draws ---------------------------------------------------------------------------------------------- */

/* weight[c] of C, and the two first moments of component c at entry i */
static void assert_moments(const double *first, const double *second, const double *average, int i, const double *logit,
                           const double m[C], const double variance[C])
{
    double all = 0, one = 0, two = 0, four = 0;
    for (int c = 0; c < C; c++)
        all += exp(logit[c]);
    for (int c = 0; c < C; c++) {
        double w = exp(logit[c]) / all, s = variance[c], mm = m[c] * m[c];
        one += w * m[c];
        two += w * (mm + s);
        four += w * (mm * mm + 6 * mm * s + 3 * s * s);
    }
    assert_close(average[i], one, 1e-14);
    ck_assert_double_le(fabs(first[i] - one), 5 * sqrt((two - one * one) / MANY));
    ck_assert_double_le(fabs(second[i] - two), 5 * sqrt((four - two * two) / MANY));
}

START_TEST(draws_and_mean_have_the_moments_of_the_mixture)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist p = _i ? of_pixels(&r) : shared_prior(&r);
    double first[B * D], second[B * D], average[B * D], m[C], variance[C];
    rig_value(&r, elbo_dist_mean(p), average);
    draw_moments(&r, p, false, first, second);
    for (int i = 0; i < B * D; i++) {
        for (int c = 0; c < C; c++) {
            m[c] = _i ? pixel_means[i * C + c] : centres[c * Z + i % Z];
            variance[c] = _i ? 0.3 : exp(spreads[c * Z + i % Z]);
        }
        assert_moments(first, second, average, i, _i ? &pixel_logits[i * C] : &weights[i / Z * C], m, variance);
    }
    rig_free(&r);
}
END_TEST

/* Components far apart and narrow: a draw lies at one centre in all of its entries, or each at one of its own. */
START_TEST(a_draw_is_of_one_component)
{
    enum { DRAWS = 200 };
    static const double far[C * Z] = {-10, -10, -10, -10, 0, 0, 0, 0, 10, 10, 10, 10};
    static const double apart[C] = {-10, 0, 10};
    double z[B * DRAWS * Z];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist c = elbo_normal_fixed(
        _i ? rig_input(&r, "m", ELBO_SHAPE(C), apart) : rig_input(&r, "m", ELBO_SHAPE(C, Z), far), 1e-4);
    elbo_var *zero = elbo_constant(r.g, 0);
    if (_i)
        c.event_rank = 0;
    elbo_dist p = elbo_mixture(elbo_expand(zero, _i ? ELBO_SHAPE(B, Z, C) : ELBO_SHAPE(B, C)), c);
    rig_value(&r, draws_of(p, DRAWS), z);
    int mixed = 0, seen[C] = {0};
    for (int i = 0; i < B * DRAWS; i++) {
        for (int d = 0; d < Z; d++) {
            double at = round(z[i * Z + d] / 10);
            ck_assert_double_le(fabs(z[i * Z + d] - 10 * at), 0.1);
            mixed += at != round(z[i * Z] / 10);
            seen[(int)at + 1]++;
        }
    }
    ck_assert(_i ? mixed > DRAWS : mixed == 0);
    for (int k = 0; k < C; k++) /* 1600 or 400 choices, a third each */
        ck_assert_int_gt(seen[k], B * DRAWS * Z / 5);
    rig_free(&r);
}
END_TEST

START_TEST(other_kinds_mix_too)
{
    static const double x[B] = {1, 0};
    double got[B], average[B];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist p = elbo_mixture(rig_input(&r, "w", ELBO_SHAPE(B, C), weights),
                               elbo_bernoulli(rig_input(&r, "l", ELBO_SHAPE(C, 1), (double[]){2, -1, 0.5})));
    rig_run(&r, (elbo_var *[]){elbo_log_prob(p, rig_input(&r, "x", ELBO_SHAPE(B, 1), x), NULL), elbo_dist_mean(p)}, 2,
            (double *[]){got, average});
    for (int b = 0; b < B; b++) {
        double above = 0, below = 0;
        static const double l[C] = {2, -1, 0.5};
        for (int c = 0; c < C; c++) {
            above += exp(weights[b * C + c]) / (1 + exp(-l[c]));
            below += exp(weights[b * C + c]);
        }
        assert_close(average[b], above / below, 1e-14);
        assert_close(got[b], log(x[b] == 1 ? above / below : 1 - above / below), 1e-14);
    }
    rig_free(&r);
}
END_TEST

/* ---- what it serves ---------------------------------------------------------------------------------------------- */

/* No closed form, so the draw decides. */
START_TEST(kl_to_a_mixture_is_taken_at_the_draw)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist q = elbo_normal(input(&r, "qm", mean), input(&r, "ql", logvar)), p = shared_prior(&r);
    elbo_draw draw = elbo_rsample(q, "z", K);
    double kl[B * K], z[B * K * Z], log_q[B * K];
    ck_assert(!elbo_kl_closed(q, p));
    rig_run(&r, (elbo_var *[]){elbo_kl(q, p, &draw), draw.z, draw.log_prob}, 3, (double *[]){kl, z, log_q});
    for (int k = 0; k < B * K; k++)
        assert_close(kl[k], log_q[k] - plain_prior(k / K, &z[k * Z], NULL), 1e-13);
    rig_free(&r);
}
END_TEST

START_TEST(numbers_far_out_neither_overflow_nor_vanish)
{
    static const double far[B * Z] = {1e4, -1e4, 1e4, 1e4, 3e3, 0, 0, -5e3};
    double got[B];
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    rig_value(&r, elbo_log_prob(shared_prior(&r), input(&r, "x", far), NULL), got);
    for (int b = 0; b < B; b++) { /* the largest term is all of the sum */
        double most = -INFINITY, all = 0;
        for (int c = 0; c < C; c++) {
            double term = weights[b * C + c];
            for (int i = 0; i < Z; i++)
                term += plain_normal(far[b * Z + i], centres[c * Z + i], exp(spreads[c * Z + i]));
            most = fmax(most, term);
            all += exp(weights[b * C + c]);
        }
        assert_close(got[b], most - log(all), 1e-6);
    }
    rig_free(&r);
}
END_TEST

START_TEST(wrong_shapes_and_what_a_mixture_lacks_are_named)
{
    for (int i = 0; i < 6; i++) {
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        elbo_var *w = rig_input(&r, "w", ELBO_SHAPE(B, C), weights), *m = rig_input(&r, "m", ELBO_SHAPE(C, Z), centres);
        static const char *const messages[] = {
            "mixture: logits (2, 3) and components (2, 4) of \"normal\" with event_rank 1, expected (B, ..., C) and "
            "(..., C) "
            "followed by the event",
            "mixture: logits (3) and components (3, 4) of \"normal\" with event_rank 1, expected (B, ..., C) and "
            "(..., C) followed by the event",
            "distribution \"mixture\" has no entropy",
            "distribution \"mixture\" has no reparametrised draw",
            "distribution \"mixture\" of \"squared-error\" has no draw",
            "mixture: its components are mixtures"};
        elbo_dist p = elbo_mixture(w, elbo_normal_fixed(m, 1));
        switch (i) {
        case 0: elbo_mixture(w, elbo_normal_fixed(input(&r, "x", mean), 1)); break;
        case 1: elbo_mixture(rig_input(&r, "l", ELBO_SHAPE(C), weights), elbo_normal_fixed(m, 1)); break;
        case 2: elbo_entropy(p); break;
        case 3: elbo_rsample(p, "z", 1); break;
        case 4: draws_of(elbo_mixture(w, elbo_squared_error(m)), 1); break;
        case 5: elbo_mixture(w, p); break;
        }
        rig_assert_error(&r, messages[i]);
        rig_free(&r);
    }
}
END_TEST

Suite *suite_dist_mixture(void)
{
    Suite *suite = suite_create("dist_mixture");
    TCase *density = tcase_create("density");
    tcase_add_loop_test(density, a_vector_shares_a_component, 0, 2);
    tcase_add_test(density, components_may_differ_between_images);
    tcase_add_loop_test(density, a_value_chooses_for_itself_where_components_have_no_event, 0, 2);
    tcase_add_test(density, values_may_share_their_components);
    tcase_add_loop_test(density, the_derivative_is_that_of_each_component_by_its_posterior, 0, 2);
    tcase_add_test(density, numbers_far_out_neither_overflow_nor_vanish);
    suite_add_tcase(suite, density);
    TCase *draws = tcase_create("draws");
    tcase_add_loop_test(draws, draws_and_mean_have_the_moments_of_the_mixture, 0, 2);
    tcase_add_loop_test(draws, a_draw_is_of_one_component, 0, 2);
    suite_add_tcase(suite, draws);
    TCase *use = tcase_create("use");
    tcase_add_test(use, other_kinds_mix_too);
    tcase_add_test(use, kl_to_a_mixture_is_taken_at_the_draw);
    tcase_add_test(use, wrong_shapes_and_what_a_mixture_lacks_are_named);
    suite_add_tcase(suite, use);
    return suite;
}
