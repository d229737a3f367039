/* Draws of counts, shares and logarithms: as often as log p says. */
#include <check.h>
#include <math.h>

#include "small_dists.h"
#include "suites.h"

/* A distribution of single numbers, one for each place; its last parameters are not looked at where it has fewer. */
typedef elbo_dist maker(elbo_var *a, elbo_var *b, elbo_var *c);

static elbo_dist poisson(elbo_var *a, elbo_var *b, elbo_var *c)
{
    (void)b, (void)c;
    return elbo_poisson(a);
}

static elbo_dist negative_binomial(elbo_var *a, elbo_var *b, elbo_var *c)
{
    (void)c;
    return elbo_negative_binomial(a, b);
}

static elbo_dist inflated(elbo_var *a, elbo_var *b, elbo_var *c)
{
    return elbo_zero_inflated_negative_binomial(a, b, c);
}

static elbo_dist log_normal(elbo_var *a, elbo_var *b, elbo_var *c)
{
    (void)c;
    return elbo_log_normal(a, b);
}

static elbo_dist beta(elbo_var *a, elbo_var *b, elbo_var *c)
{
    (void)c;
    return elbo_beta_density(a, b, 1e-9);
}

enum { PLACES = 6, MOST = 400 };
static const double first[PLACES] = {-3, 0.5, log(9.9), log(10.1), 3.5, 5}, second[PLACES] = {0, -1, 2, 1, 4, 0.5},
                    third[PLACES] = {-2, 0, 1, -0.5, 3, -6};

static elbo_dist of(rig *r, maker *make)
{
    const elbo_shape shape = ELBO_SHAPE(PLACES, 1);
    return make(rig_input(r, "a", shape, first), rig_input(r, "b", shape, second), rig_input(r, "c", shape, third));
}

START_TEST(counts_are_drawn_as_often_as_log_p_says)
{
    static maker *const makers[] = {poisson, negative_binomial, inflated};
    static double z[PLACES * MANY], x[PLACES * MOST], log_p[PLACES * MOST], count[MOST];
    for (int i = 0; i < PLACES * MOST; i++)
        x[i] = i % MOST;
    rig r = rig_new(_i % 2 ? ELBO_F64 : ELBO_F32, ELBO_TRAIN);
    r.planned = true;
    const elbo_dist d = of(&r, makers[_i / 2]);
    rig_run(&r,
            (elbo_var *[]){elbo_sample(d, "x", MANY),
                           elbo_log_prob(d, rig_input(&r, "x", ELBO_SHAPE(PLACES, MOST, 1), x), NULL)},
            2, (double *[]){z, log_p});
    for (int i = 0; i < PLACES; i++) {
        double chi = 0, rest = 1, more = 0;
        int cells = 0;
        for (int k = 0; k < MOST; k++)
            count[k] = 0;
        for (int k = 0; k < MANY; k++) {
            const double at = z[i * MANY + k];
            if (!(at >= 0 && at == floor(at)))
                ck_abort_msg("place %d: drew %g", i, at);
            if (at < MOST)
                count[(int)at]++;
            else
                more++;
        }
        for (int k = 0; k < MOST; k++) {
            const double p = exp(log_p[i * MOST + k]);
            if (p * MANY >= 5) {
                chi += (count[k] - p * MANY) * (count[k] - p * MANY) / (p * MANY);
                cells++;
            } else
                more += count[k];
            rest -= p * MANY >= 5 ? p : 0;
        }
        if (rest * MANY >= 5)
            chi += (more - rest * MANY) * (more - rest * MANY) / (rest * MANY);
        /* chi-square of about `cells` degrees of freedom: 5 deviations above its mean, and a little for few cells */
        ck_assert_msg(chi <= cells + 5 * sqrt(2. * cells) + 10, "place %d: chi-square %g of %d cells", i, chi, cells);
        ck_assert_double_le(more, rest * MANY + 5 * sqrt(rest * MANY) + 5);
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_large_mean_is_drawn_with_its_variance)
{
    static double z[2 * MANY];
    const double log_mean[2] = {log(1000), 14};
    rig r = rig_new(_i ? ELBO_F64 : ELBO_F32, ELBO_TRAIN);
    r.planned = true;
    rig_value(&r, elbo_sample(elbo_poisson(rig_input(&r, "m", ELBO_SHAPE(2, 1), log_mean)), "x", MANY), z);
    for (int i = 0; i < 2; i++) {
        const double m = exp(log_mean[i]);
        double sum = 0, square = 0;
        for (int k = i * MANY; k < (i + 1) * MANY; k++) {
            sum += z[k] - m;
            square += (z[k] - m) * (z[k] - m);
        }
        ck_assert_double_le(fabs(sum / MANY), 5 * sqrt(m / MANY) + 1e-7 * m);
        ck_assert_double_le(fabs(square / MANY - m), 5 * sqrt(2 * m * m / MANY));
    }
    rig_free(&r);
}
END_TEST

START_TEST(shares_and_logarithms_have_their_moments)
{
    static double z[PLACES * MANY];
    double means[PLACES];
    rig r = rig_new(_i % 2 ? ELBO_F64 : ELBO_F32, ELBO_TRAIN);
    r.planned = true;
    const elbo_dist d = of(&r, _i / 2 ? log_normal : beta);
    rig_run(&r, (elbo_var *[]){elbo_sample(d, "x", MANY), elbo_dist_mean(d)}, 2, (double *[]){z, means});
    for (int i = 0; i < PLACES; i++) {
        const double a = exp(first[i]), b = exp(second[i]);
        double sum = 0, square = 0;
        for (int k = i * MANY; k < (i + 1) * MANY; k++) {
            const double x = _i / 2 ? log(z[k]) : z[k];
            sum += x;
            square += x * x;
        }
        const double m = _i / 2 ? first[i] : a / (a + b), v = _i / 2 ? b : a * b / ((a + b) * (a + b) * (a + b + 1));
        const double average = sum / MANY, variance = square / MANY - average * average;
        ck_assert_double_le(fabs(average - m), 5 * sqrt(v / MANY));
        ck_assert_double_le(fabs(variance - v), 0.1 * v);
        assert_close(means[i] / (_i / 2 ? exp(first[i] + b / 2) : m), 1, 1e-4);
    }
    rig_free(&r);
}
END_TEST

START_TEST(parts_side_by_side_are_drawn_each)
{
    static double z[MANY * 3];
    const double m[2] = {1, -2}, lv[2] = {0, -1}, l[2] = {0.3, -0.4};
    double sum[3] = {0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    const elbo_dist parts[] = {
        elbo_normal(rig_input(&r, "m", ELBO_SHAPE(1, 2), m), rig_input(&r, "v", ELBO_SHAPE(1, 2), lv)),
        elbo_classes(rig_input(&r, "l", ELBO_SHAPE(1, 1, 2), l))};
    elbo_var *drawn = elbo_sample(elbo_independent(parts, 2), "x", MANY);
    ck_assert_int_eq(elbo_size(drawn, -1), 3);
    rig_value(&r, drawn, z);
    for (int k = 0; k < MANY * 3; k++)
        sum[k % 3] += z[k] / MANY;
    ck_assert_double_le(fabs(sum[0] - 1), 5 / sqrt(MANY));
    ck_assert_double_le(fabs(sum[1] + 2), 5 / sqrt(MANY));
    ck_assert_double_le(fabs(sum[2] - 1 / (1 + exp(0.7))), 5 * 0.5 / sqrt(MANY));
    elbo_independent(
        (const elbo_dist[]){parts[0], elbo_normal_fixed(rig_input(&r, "o", ELBO_SHAPE(2, 2), (const double[4]){0}), 1)},
        2);
    rig_assert_error(&r, "independent: \"normal\" (2, 2) does not go beside \"normal\" (1, 2)");
    rig_free(&r);
}
END_TEST

Suite *suite_dist_draws(void)
{
    Suite *suite = suite_create("dist_draws");
    TCase *draws = tcase_create("draws");
    tcase_add_loop_test(draws, counts_are_drawn_as_often_as_log_p_says, 0, 6);
    tcase_add_loop_test(draws, a_large_mean_is_drawn_with_its_variance, 0, 2);
    tcase_add_loop_test(draws, shares_and_logarithms_have_their_moments, 0, 4);
    tcase_add_test(draws, parts_side_by_side_are_drawn_each);
    suite_add_tcase(suite, draws);
    return suite;
}
