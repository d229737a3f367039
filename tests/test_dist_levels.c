/* Grey levels: a categorical over them, and the logistic distribution on them. */
#include <check.h>
#include <float.h>
#include <math.h>

#include "small_dists.h"
#include "suites.h"

enum { C = 5 };
static const double level_logits[B * D * C] = {0, 1, 2,   -1, 0.5, 0, 1, 1, -2, 0.3, 0, 1, 3, 0, 0, 0.2, 0, 1, -1, -0.5,
                                               2, 1, 1.5, 0,  -2,  3, 0, 0, 0,  1,   1, 1, 1, 1, 1, -3,  2, 0, 1,  4};
static const double level_numbers[B * D] = {0, 4, 2, 1, 3, 4, 0, 2};

static void softmax(const double *l, double *p)
{
    double sum = 0;
    for (int c = 0; c < C; c++)
        sum += p[c] = exp(l[c]);
    for (int c = 0; c < C; c++)
        p[c] /= sum;
}

/* ---- a categorical ----------------------------------------------------------------------------------------------- */

START_TEST(a_level_has_the_probability_of_its_class)
{
    const double greatest = _i ? 1 : C - 1; /* grey levels; numbers of classes */
    const double mask[B * D] = {1, 1, 0, 1, 0, 1, 1, 1};
    double x[B * D], near[B * D], log_p[B], rounded[B], masked[B], means[B * D], entropy[B];
    for (int i = 0; i < B * D; i++) {
        x[i] = level_numbers[i] * greatest / (C - 1);
        near[i] = x[i] + (i % 2 ? -0.4 : 0.4) * greatest / (C - 1);
    }
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *l = rig_input(&r, "l", ELBO_SHAPE(B, D, C), level_logits);
    const elbo_dist d = _i ? elbo_levels(l) : elbo_classes(l);
    ck_assert(elbo_shape_equal(&d.shape, &ELBO_SHAPE(B, D)) && d.event_rank == 1);
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(d, input(&r, "x", x), NULL), elbo_log_prob(d, input(&r, "n", near), NULL),
                           elbo_log_prob(d, input(&r, "x", x), input(&r, "k", mask)), elbo_dist_mean(d),
                           elbo_entropy(d)},
            5, (double *[]){log_p, rounded, masked, means, entropy});
    for (int b = 0; b < B; b++) {
        double sum = 0, some = 0, bits = 0;
        for (int i = b * D; i < (b + 1) * D; i++) {
            double p[C], average = 0;
            int likely = 0;
            softmax(level_logits + i * C, p);
            sum += log(p[(int)level_numbers[i]]);
            some += mask[i] * log(p[(int)level_numbers[i]]);
            for (int c = 0; c < C; c++) {
                average += p[c] * c / (C - 1);
                likely = p[c] > p[likely] ? c : likely;
                bits -= p[c] * log(p[c]);
            }
            assert_close(means[i], _i ? average : likely, 1e-14);
        }
        assert_close(log_p[b], sum, 1e-14);
        assert_close(rounded[b], sum, 1e-14);
        assert_close(masked[b], some, 1e-14);
        assert_close(entropy[b], bits, 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(the_256_grey_levels_of_u8_are_told_apart_in_f32)
{
    enum { L = 256 };
    static double x[L], l[L * L], log_p[L];
    for (int i = 0; i < L; i++) {
        x[i] = (double)((float)i * (1.0f / 255)); /* as a graph makes of u8 */
        for (int k = 0; k < L; k++)
            l[i * L + k] = i == k ? 30 : 0;
    }
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    const elbo_dist d = elbo_levels(rig_input(&r, "l", ELBO_SHAPE(L, 1, L), l));
    rig_value(&r, elbo_log_prob(d, rig_input(&r, "x", ELBO_SHAPE(L, 1), x), NULL), log_p);
    for (int i = 0; i < L; i++)
        ck_assert_msg(fabs(log_p[i]) < 1e-4, "level %d: log p %g", i, log_p[i]);
    rig_free(&r);
}
END_TEST

START_TEST(levels_are_drawn_as_often_as_their_probability_says)
{
    static double z[B * MANY * D];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    const elbo_dist d = elbo_levels(rig_input(&r, "l", ELBO_SHAPE(B, D, C), level_logits));
    elbo_var *drawn = elbo_sample(d, "x", MANY);
    const elbo_shape shape = elbo_shape_of(drawn);
    ck_assert(elbo_shape_equal(&shape, &ELBO_SHAPE(B, MANY, D)));
    rig_value(&r, drawn, z);
    for (int i = 0; i < B * D; i++) {
        double p[C], count[C] = {0};
        softmax(level_logits + i * C, p);
        for (int k = 0; k < MANY; k++)
            count[(int)lround(z[(i / D * MANY + k) * D + i % D] * (C - 1))]++;
        for (int c = 0; c < C; c++)
            ck_assert_double_le(fabs(count[c] / MANY - p[c]), 5 * sqrt(p[c] * (1 - p[c]) / MANY));
    }
    rig_free(&r);
}
END_TEST

START_TEST(kl_is_that_of_the_categorical)
{
    double other[B * D * C], kl[B], expected[B];
    for (int i = 0; i < B * D * C; i++)
        other[i] = level_logits[B * D * C - 1 - i];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *a = rig_input(&r, "a", ELBO_SHAPE(B, D, C), level_logits),
             *c = rig_input(&r, "c", ELBO_SHAPE(B, D, C), other);
    elbo_dist q = elbo_categorical(a), p = elbo_categorical(c);
    q.event_rank = p.event_rank = 2;
    rig_run(&r, (elbo_var *[]){elbo_kl(elbo_levels(a), elbo_levels(c), NULL), elbo_kl(q, p, NULL)}, 2,
            (double *[]){kl, expected});
    for (int b = 0; b < B; b++)
        assert_close(kl[b], expected[b], 1e-14);
    rig_free(&r);
}
END_TEST

START_TEST(classes_in_an_order_lie_between_thresholds)
{
    double log_p[B * D * C], x[B * D * C], parameters[B * D * C];
    for (int i = 0; i < B * D * C; i++) {
        x[i] = i % C;
        parameters[i] = 1.5 * level_logits[i] - (i % 7 == 0 ? 5 : 0); /* some thresholds lie close together */
    }
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    const elbo_shape each = ELBO_SHAPE(B * D, C), one = ELBO_SHAPE(B * D, 1, C);
    elbo_dist d = elbo_ordinal(rig_input(&r, "p", one, parameters));
    d.event_rank = 0;
    rig_value(&r, elbo_log_prob(d, rig_input(&r, "x", each, x), NULL), log_p);
    for (int i = 0; i < B * D; i++) {
        const double *t = parameters + i * C, h = t[0];
        long double tau = 0, below = 0;
        for (int c = 0; c < C; c++) {
            tau += c + 1 < C ? log1pl(expl(t[c + 1])) : 0;
            const long double up_to = c + 1 < C ? 1 / (1 + expl(h - tau)) : 1;
            assert_close(log_p[i * C + c], (double)logl(up_to - below), 1e-9);
            below = up_to;
        }
    }
    rig_free(&r);
}
END_TEST

START_TEST(one_class_is_certain_and_two_need_one_threshold)
{
    const double h[1] = {0.7}, two[2] = {0.7, -0.4}, x[2] = {0, 1};
    double certain, log_p[2];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *at = rig_input(&r, "x", ELBO_SHAPE(2, 1), x);
    const elbo_dist d = elbo_ordinal(rig_input(&r, "t", ELBO_SHAPE(1, 1, 2), two));
    rig_value(&r,
              elbo_log_prob(elbo_ordinal(rig_input(&r, "h", ELBO_SHAPE(1, 1, 1), h)), elbo_slice(at, 0, 0, 1), NULL),
              &certain);
    rig_value(&r, elbo_log_prob(d, at, NULL), log_p);
    const double p = 1 / (1 + exp(0.7 - log1p(exp(-0.4))));
    assert_close(certain, 0, 0);
    assert_close(log_p[0], log(p), 1e-14);
    assert_close(log_p[1], log(1 - p), 1e-14);
    rig_free(&r);
}
END_TEST

/* ---- the logistic distribution ----------------------------------------------------------------------------------- */

/* Level of 255, log p by mpmath in 1500 digits from the definition: log(sigmoid(a) - sigmoid(b)), 1, 0 at the ends */
// clang-format off
static const struct {
    double level, mean, logscale, log_prob;
} exact[] = {
    {0.0, 0.5, -2.0, -3.7049488527305041},
    {255.0, 0.5, -2.0, -3.7049488527305041},
    {128.0, 0.5, -3.0, -3.9280747367938913},
    {3.0, 0.5, -6.0, -196.40724202300173},
    {250.0, -0.25, -5.0, -183.13357600803586},
    {0.0, 0.75, -6.5, -497.55202550279224},
    {255.0, 0.25, -7.0, -820.32460772638619},
    {100.0, 0.375, 3.0, -9.9275580894825728},
    {0.0, -1.0, -4.0, -1.745143875797733e-24},
    {77.0, 0.3125, -9.0, -69.511749378710418},
    {200.0, 20.0, 0.5, -17.696183535092527},
};
// clang-format on
enum { EXACT = sizeof exact / sizeof exact[0] };

static elbo_dist logistic(rig *r, int n, const double *m, const double *s, int levels)
{
    elbo_dist d = elbo_discretised_logistic(rig_input(r, "m", ELBO_SHAPE(n), m), rig_input(r, "s", ELBO_SHAPE(n), s),
                                            levels);
    d.event_rank = 0;
    return d;
}

static void assert_values(elbo_dtype dtype, double tolerance)
{
    double x[EXACT], m[EXACT], s[EXACT], log_p[EXACT];
    for (int i = 0; i < EXACT; i++)
        x[i] = exact[i].level / 255, m[i] = exact[i].mean, s[i] = exact[i].logscale;
    rig r = rig_new(dtype, ELBO_TRAIN);
    rig_value(&r, elbo_log_prob(logistic(&r, EXACT, m, s, 256), rig_input(&r, "x", ELBO_SHAPE(EXACT), x), NULL), log_p);
    for (int i = 0; i < EXACT; i++) {
        const double terms = fmax(1, exp(-s[i])); /* as much larger is a rounding of x - m, divided by the scale */
        assert_close(log_p[i] / terms, exact[i].log_prob / terms, tolerance);
    }
    rig_free(&r);
}

START_TEST(values_are_those_of_the_definition_in_1500_digits)
{
    assert_values(ELBO_F64, 8 * DBL_EPSILON);
    assert_values(ELBO_F32, 8 * FLT_EPSILON);
}
END_TEST

START_TEST(levels_of_a_logistic_sum_to_one_and_to_its_mean)
{
    enum { PLACES = 8, MOST = 256 };
    const double m[PLACES] = {0.5, 0.1, -0.3, 1.5, 0, 1, 0.7, 0.25}, s[PLACES] = {-2, -4, -1, 0, -8, -5, 2, 12};
    const int levels = _i;
    static double x[PLACES * MOST], log_p[PLACES * MOST];
    double means[PLACES];
    for (int i = 0; i < PLACES * levels; i++)
        x[i] = i % levels / (levels - 1.);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    const elbo_dist d = logistic(&r, PLACES, m, s, levels);
    rig_run(
        &r,
        (elbo_var *[]){elbo_log_prob(d, rig_input(&r, "x", ELBO_SHAPE(PLACES, levels), x), NULL), elbo_dist_mean(d)}, 2,
        (double *[]){log_p, means});
    for (int i = 0; i < PLACES; i++) {
        double sum = 0, first = 0;
        for (int k = i * levels; k < (i + 1) * levels; k++) {
            sum += exp(log_p[k]);
            first += x[k] * exp(log_p[k]);
        }
        const double step = 1. / (levels - 1), smooth = exp(s[i]) > step ? 0.01 : 0.5;
        assert_close(sum, 1, 1e-12);
        ck_assert_double_le(fabs(first - means[i]), smooth * step);
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_mixture_of_one_logistic_is_that_logistic)
{
    double alone[B], mixed[B], averages[B * D], mixed_averages[B * D];
    const elbo_shape one = ELBO_SHAPE(B, D, 1);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *x = input(&r, "x", grey), *m = rig_input(&r, "m1", one, grey), *s = rig_input(&r, "s1", one, logvar);
    elbo_dist c = elbo_discretised_logistic(m, s, 256);
    c.event_rank = 0;
    const elbo_dist p = elbo_mixture(rig_input(&r, "w", one, logits), c);
    const elbo_dist d = elbo_discretised_logistic(input(&r, "m", grey), input(&r, "s", logvar), 256);
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(d, x, NULL), elbo_log_prob(p, x, NULL), elbo_dist_mean(d), elbo_dist_mean(p)},
            4, (double *[]){alone, mixed, averages, mixed_averages});
    for (int b = 0; b < B; b++)
        assert_close(alone[b], mixed[b], 1e-14);
    for (int i = 0; i < B * D; i++)
        assert_close(averages[i], mixed_averages[i], 1e-14);
    rig_free(&r);
}
END_TEST

START_TEST(draws_of_a_logistic_are_levels_as_often_as_it_says)
{
    enum { L = 4 };
    static double z[MANY];
    const double m[1] = {0.4}, s[1] = {-1.5}, x[L] = {0, 1. / 3, 2. / 3, 1};
    double log_p[L], count[L] = {0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    const elbo_dist d = logistic(&r, 1, m, s, L);
    rig_run(&r,
            (elbo_var *[]){elbo_sample(d, "x", MANY), elbo_log_prob(d, rig_input(&r, "x", ELBO_SHAPE(1, L), x), NULL)},
            2, (double *[]){z, log_p});
    for (int k = 0; k < MANY; k++) {
        const int level = (int)lround(z[k] * (L - 1));
        ck_assert_double_le(fabs(z[k] - x[level]), 1e-15);
        count[level]++;
    }
    for (int i = 0; i < L; i++)
        ck_assert_double_le(fabs(count[i] / MANY - exp(log_p[i])), 5 * sqrt(exp(log_p[i]) / MANY));
    rig_free(&r);
}
END_TEST

Suite *suite_dist_levels(void)
{
    Suite *suite = suite_create("dist_levels");
    TCase *levels = tcase_create("levels");
    tcase_add_loop_test(levels, a_level_has_the_probability_of_its_class, 0, 2);
    tcase_add_test(levels, the_256_grey_levels_of_u8_are_told_apart_in_f32);
    tcase_add_test(levels, levels_are_drawn_as_often_as_their_probability_says);
    tcase_add_test(levels, kl_is_that_of_the_categorical);
    tcase_add_test(levels, classes_in_an_order_lie_between_thresholds);
    tcase_add_test(levels, one_class_is_certain_and_two_need_one_threshold);
    suite_add_tcase(suite, levels);
    TCase *logistics = tcase_create("logistic");
    tcase_add_test(logistics, values_are_those_of_the_definition_in_1500_digits);
    tcase_add_loop_test(logistics, levels_of_a_logistic_sum_to_one_and_to_its_mean, 2, 4);
    tcase_add_loop_test(logistics, levels_of_a_logistic_sum_to_one_and_to_its_mean, 256, 257);
    tcase_add_test(logistics, a_mixture_of_one_logistic_is_that_logistic);
    tcase_add_test(logistics, draws_of_a_logistic_are_levels_as_often_as_it_says);
    suite_add_tcase(suite, logistics);
    return suite;
}
