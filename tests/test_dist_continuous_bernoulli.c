#include <check.h>
#include <float.h>
#include <math.h>

#include "small_dists.h"
#include "suites.h"

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* log p, mean, entropy and KL to a logit b by mpmath, from the distribution's definition:
 *
 *     from mpmath import mp, mpf, exp, expm1, log
 *     mp.dps = 60
 *     def log_a(l): return log(expm1(l) / l) if l else mpf(0)
 *     def mean(l): return exp(l) / expm1(l) - 1 / l if l else mpf(1) / 2
 *     for l in "0 0.0001220703125 -0.3125 0.9990234375 -1 1.0009765625 -1.5 6.25 30 -30 100 -100".split():
 *         x, b, l = mpf("0.6875"), mpf("0.75"), mpf(l)
 *         entropy = log_a(l) - l * mean(l)
 *         print("    {%s}," % ", ".join(mp.nstr(v, 17) for v in (
 *             l, x * l - log_a(l), mean(l), entropy, log_a(b) - b * mean(l) - entropy)))
 */
static const double at = 0.6875, kl_to = 0.75;

// clang-format off
static const struct {
    double logit, log_prob, mean, entropy, kl;
} exact[] = {
    {0.0, 0.0, 0.5, 0.0, 0.023328607411426988},
    {0.0001220703125, 2.2887562712033667e-5, 0.50001017252603914, -6.2088171617902255e-10, 0.023320978637779349},
    {-0.3125, -0.062659454171082967, 0.47400062054586872, -0.0040591019083330582, 0.046887243910358506},
    {0.9990234375, 0.1460720574691603, 0.58189923600303967, -0.040574419218290748, 0.0024785996274379831},
    {-1.0, -0.22882485461291811, 0.41802329313067358, -0.040651852256408315, 0.12546298981983012},
    {1.0009765625, 0.14627815765344816, 0.58205417038733074, -0.040729353597797777, 0.002517333218726712},
    {-1.5, -0.37330243296638162, 0.37944974987779842, -0.088772942216920745, 0.20251423721999892},
    {6.25, -0.11861121638735442, 0.84193418799744762, -0.84660245859669323, 0.6134804250100345},
    {30.0, -5.973802618337751, 0.96666666666676024, -2.4011973816650562, 2.074525989076413},
    {-30.0, -17.223802618337751, 0.033333333333239757, -2.4011973816650562, 2.7745259890765534},
    {100.0, -26.644829814011909, 0.99, -3.6051701859880914, 3.2609987933995184},
    {-100.0, -64.144829814011909, 0.01, -3.6051701859880914, 3.9959987933995184},
};
// clang-format on
enum { EXACT = sizeof exact / sizeof exact[0] };

/* Logits as a distribution whose events are single numbers: nothing is summed. */
static elbo_dist single(elbo_var *logit)
{
    elbo_dist d = elbo_continuous_bernoulli(logit);
    d.event_rank = 0;
    return d;
}

static void assert_values(elbo_dtype dtype, double tolerance)
{
    double l[EXACT], x[EXACT], b[EXACT], log_prob[EXACT], means[EXACT], entropy[EXACT], kl[EXACT];
    for (int i = 0; i < EXACT; i++)
        l[i] = exact[i].logit, x[i] = at, b[i] = kl_to;
    rig r = rig_new(dtype, ELBO_TRAIN);
    elbo_dist d = single(rig_input(&r, "l", ELBO_SHAPE(EXACT), l));
    elbo_dist to = single(rig_input(&r, "b", ELBO_SHAPE(EXACT), b));
    elbo_var *values[] = {elbo_log_prob(d, rig_input(&r, "x", ELBO_SHAPE(EXACT), x), NULL), elbo_dist_mean(d),
                          elbo_entropy(d), elbo_kl(d, to, NULL)};
    rig_run(&r, values, 4, (double *[]){log_prob, means, entropy, kl});
    for (int i = 0; i < EXACT; i++) {
        double terms = fmax(1, fabs(l[i]) / 2); /* the largest that log_prob and KL are sums of */
        assert_close(log_prob[i] / terms, exact[i].log_prob / terms, tolerance);
        assert_close(means[i] / exact[i].mean, 1, tolerance); /* to the last digits even for black */
        assert_close(entropy[i], exact[i].entropy, tolerance);
        assert_close(kl[i] / terms, exact[i].kl / terms, tolerance);
    }
    rig_free(&r);
}

START_TEST(values_are_those_of_the_definition_in_60_digits)
{
    assert_values(ELBO_F64, 4 * DBL_EPSILON);
    assert_values(ELBO_F32, 4 * FLT_EPSILON);
}
END_TEST

/* ---- integrals --------------------------------------------------------------------------------------------------- */

enum { LOGITS = 9, POINTS = 16001 };
static const double some[LOGITS] = {0, 1e-4, -0.4, 0.999, -1.001, 3, -8, 60, -100};

/* Simpson's rule over [0, 1]; f (POINTS) */
static double integral(const double *f)
{
    double sum = 0;
    for (int i = 0; i < POINTS; i++)
        sum += f[i] * (i == 0 || i == POINTS - 1 ? 1 : i % 2 ? 4 : 2);
    return sum / (3 * (POINTS - 1));
}

/* log p (LOGITS, POINTS) of x = 0, ..., 1 */
static void log_density(rig *r, double *x, double *log_p)
{
    for (int i = 0; i < LOGITS * POINTS; i++)
        x[i] = (double)(i % POINTS) / (POINTS - 1);
    r->planned = true;
    elbo_dist p = single(rig_input(r, "l", ELBO_SHAPE(LOGITS), some));
    rig_value(r, elbo_log_prob(p, rig_input(r, "x", ELBO_SHAPE(LOGITS, POINTS), x), NULL), log_p);
}

START_TEST(density_mean_and_entropy_are_integrals)
{
    static double x[LOGITS * POINTS], log_p[LOGITS * POINTS], f[POINTS];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    log_density(&r, x, log_p);
    elbo_dist p = single(rig_input(&r, "l", ELBO_SHAPE(LOGITS), some));
    double means[LOGITS], entropies[LOGITS];
    rig_run(&r, (elbo_var *[]){elbo_dist_mean(p), elbo_entropy(p)}, 2, (double *[]){means, entropies});
    for (int k = 0; k < LOGITS; k++) {
        const double *at_k = log_p + k * POINTS;
        for (int i = 0; i < POINTS; i++)
            f[i] = exp(at_k[i]);
        assert_close(integral(f), 1, 1e-10);
        for (int i = 0; i < POINTS; i++)
            f[i] = exp(at_k[i]) * x[i];
        assert_close(means[k], integral(f), 1e-10);
        for (int i = 0; i < POINTS; i++)
            f[i] = -exp(at_k[i]) * at_k[i];
        assert_close(entropies[k], integral(f), 1e-10);
    }
    rig_free(&r);
}
END_TEST

START_TEST(kl_is_an_integral)
{
    static double x[LOGITS * POINTS], log_p[LOGITS * POINTS], f[POINTS];
    double of[LOGITS * LOGITS], to[LOGITS * LOGITS], kl[LOGITS * LOGITS];
    for (int i = 0; i < LOGITS * LOGITS; i++)
        of[i] = some[i / LOGITS], to[i] = some[i % LOGITS];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    log_density(&r, x, log_p);
    elbo_shape pairs = ELBO_SHAPE(LOGITS * LOGITS);
    rig_value(&r, elbo_kl_dims(single(rig_input(&r, "of", pairs, of)), single(rig_input(&r, "to", pairs, to))), kl);
    for (int i = 0; i < LOGITS * LOGITS; i++) {
        const double *q = log_p + i / LOGITS * POINTS, *p = log_p + i % LOGITS * POINTS;
        for (int k = 0; k < POINTS; k++)
            f[k] = exp(q[k]) * (q[k] - p[k]);
        assert_close(kl[i], integral(f), 1e-10);
    }
    rig_free(&r);
}
END_TEST

START_TEST(kl_agrees_with_monte_carlo)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *a = input(&r, "a", logits), *c = input(&r, "c", other_logits);
    assert_kl_is_the_mean_log_ratio(&r, elbo_continuous_bernoulli(a), elbo_continuous_bernoulli(c));
    ck_assert(!elbo_kl_closed(elbo_continuous_bernoulli(a), elbo_bernoulli(c)));
    rig_free(&r);
}
END_TEST

/* ---- draws ------------------------------------------------------------------------------------------------------- */

START_TEST(draws_have_the_moments_of_their_distribution)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    double first[B * D], second[B * D];
    draw_moments(&r, elbo_continuous_bernoulli(input(&r, "l", logits)), true, first, second);
    for (int i = 0; i < B * D; i++) {
        double l = logits[i], m = l == 0 ? 0.5 : 1 / (1 - exp(-l)) - 1 / l;
        double variance = l == 0 ? 1. / 12 : 1 / (l * l) - 1 / pow(2 * sinh(l / 2), 2);
        ck_assert_double_le(fabs(first[i] - m), 5 * sqrt(variance / MANY));
        ck_assert_double_le(fabs(second[i] - m * m - variance), 5 * sqrt(variance / MANY)); /* Var(x^2) <= 4 Var(x) */
    }
    rig_free(&r);
}
END_TEST

enum { DRAWN_LOGITS = 16, NOISES = 7 };
static const double drawn_logits[DRAWN_LOGITS] = {0,     1e-6, -1e-4, 0.1, -0.3, 0.499, -0.499, 0.5,
                                                  0.501, -0.9, 2,     -5,  30,   -30,   100,    -100};
static const double noises[NOISES] = {0x1p-33, 0x1p-20, 0.1, 0.5, 0.75, 0.999, 1 - 0x1p-24};

/* One draw (DRAWN_LOGITS, NOISES) for each logit and noise. */
static elbo_draw all_draws(rig *r)
{
    double l[DRAWN_LOGITS * NOISES], u[DRAWN_LOGITS * NOISES];
    for (int i = 0; i < DRAWN_LOGITS * NOISES; i++)
        l[i] = drawn_logits[i / NOISES], u[i] = noises[i % NOISES];
    elbo_shape shape = ELBO_SHAPE(DRAWN_LOGITS, NOISES);
    elbo_graph_feed_noise(r->g);
    rig_feed(r, "x#0", shape, u);
    return elbo_rsample(single(rig_input(r, "l", shape, l)), "x", 0);
}

START_TEST(a_draw_is_the_quantile_of_its_noise)
{
    static const struct {
        elbo_dtype dtype;
        double tolerance;
    } cases[] = {{ELBO_F64, 4 * DBL_EPSILON}, {ELBO_F32, 4 * FLT_EPSILON}};
    for (int c = 0; c < 2; c++) {
        rig r = rig_new(cases[c].dtype, ELBO_TRAIN);
        double z[DRAWN_LOGITS * NOISES];
        rig_value(&r, all_draws(&r).z, z);
        for (int i = 0; i < DRAWN_LOGITS * NOISES; i++) {
            double l = drawn_logits[i / NOISES], u = noises[i % NOISES];
            double x = l == 0 ? u : fabs(l) > 1 ? log(1 - u + u * exp(l)) / l : log1p(u * expm1(l)) / l;
            ck_assert_msg(fabs(z[i] - x) <= cases[c].tolerance, "logit %g, noise %g: %.17g, expected %.17g", l, u, z[i],
                          x);
        }
        rig_free(&r);
    }
}
END_TEST

START_TEST(no_draw_leaves_the_interval)
{
    enum { N = 2000 };
    static double l[2 * N], u[2 * N], z[2 * N];
    for (int i = 0; i < 2 * N; i++)
        l[i] = (i % N - N / 2) / 32., u[i] = i < N ? 0x1p-33 : 1 - 0x1p-24;
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_graph_feed_noise(r.g);
    rig_feed(&r, "x#0", ELBO_SHAPE(2 * N), u);
    rig_value(&r, elbo_rsample(single(rig_input(&r, "l", ELBO_SHAPE(2 * N), l)), "x", 0).z, z);
    for (int i = 0; i < 2 * N; i++)
        if (!(z[i] >= 0 && z[i] <= 1))
            ck_abort_msg("logit %g, noise %g: %.9g", l[i], u[i], z[i]);
    rig_free(&r);
}
END_TEST

/* ---- derivatives ------------------------------------------------------------------------------------------------- */

enum { QUANTITIES = 6, PLACES = 23 };
static const char *const quantity_names[QUANTITIES] = {"log_prob", "mean", "entropy", "kl of", "kl to", "draw"};

/* About 0, and on both sides of where the series end */
static const double places[PLACES] = {0,       1e-6,     1e-4, -1e-4,    0.3,    -0.3, 0.49999, 0.5,
                                      0.50001, -0.49999, -0.5, -0.50001, 0.9999, 1,    1.0001,  -0.9999,
                                      -1,      -1.0001,  3,    30,       -30,    100,  -100};

/* Each quantity (PLACES) of logits `l`, and its derivatives by l of first and second order. */
typedef struct {
    double value[QUANTITIES][PLACES], first[QUANTITIES][PLACES], second[QUANTITIES][PLACES];
} curves;

static void measure(elbo_dtype dtype, const double *l, curves *out)
{
    double x[PLACES], b[PLACES], u[PLACES];
    for (int i = 0; i < PLACES; i++)
        x[i] = 0.1875 + i / 32., b[i] = i % 3 - 0.75, u[i] = (i + 1) / 32.;
    rig r = rig_new(dtype, ELBO_TRAIN);
    r.planned = true;
    elbo_graph_feed_noise(r.g);
    rig_feed(&r, "z#0", ELBO_SHAPE(PLACES), u);
    elbo_var *logit = rig_input(&r, "l", ELBO_SHAPE(PLACES), l), *y[3];
    elbo_dist d = single(logit), to = single(rig_input(&r, "b", ELBO_SHAPE(PLACES), b));
    elbo_var *quantities[QUANTITIES] = {
        elbo_log_prob(d, rig_input(&r, "x", ELBO_SHAPE(PLACES), x), NULL),
        elbo_dist_mean(d),
        elbo_entropy(d),
        elbo_kl(d, to, NULL),
        elbo_kl(to, d, NULL),
        elbo_rsample(d, "z", 0).z,
    };
    for (int i = 0; i < QUANTITIES; i++) {
        y[0] = quantities[i];
        elbo_grad(y[0], &logit, 1, &y[1]);
        elbo_grad(y[1], &logit, 1, &y[2]);
        rig_run(&r, y, 3, (double *[]){out->value[i], out->first[i], out->second[i]});
    }
    rig_free(&r);
}

START_TEST(derivatives_are_those_of_central_differences)
{
    const double step = 1e-4;
    static curves here, above, below;
    double l[PLACES];
    measure(ELBO_F64, places, &here);
    for (int i = 0; i < PLACES; i++)
        l[i] = places[i] + step;
    measure(ELBO_F64, l, &above);
    for (int i = 0; i < PLACES; i++)
        l[i] = places[i] - step;
    measure(ELBO_F64, l, &below);
    for (int q = 0; q < QUANTITIES; q++)
        for (int i = 0; i < PLACES; i++) {
            double first = (above.value[q][i] - below.value[q][i]) / (2 * step);
            double second = (above.first[q][i] - below.first[q][i]) / (2 * step);
            ck_assert_msg(fabs(here.first[q][i] - first) <= 1e-9, "%s at %g: derivative %.12g, by differences %.12g",
                          quantity_names[q], places[i], here.first[q][i], first);
            ck_assert_msg(fabs(here.second[q][i] - second) <= 1e-9,
                          "%s at %g: 2nd derivative %.12g, by differences %.12g", quantity_names[q], places[i],
                          here.second[q][i], second);
        }
}
END_TEST

START_TEST(derivatives_in_f32_are_those_in_f64)
{
    static curves narrow, wide;
    double l[PLACES];
    for (int i = 0; i < PLACES; i++)
        l[i] = (float)places[i];
    measure(ELBO_F32, l, &narrow);
    measure(ELBO_F64, l, &wide);
    for (int q = 0; q < QUANTITIES; q++)
        for (int i = 0; i < PLACES; i++) {
            double first = fabs(narrow.first[q][i] - wide.first[q][i]);
            double second = fabs(narrow.second[q][i] - wide.second[q][i]);
            ck_assert_msg(first <= 8 * FLT_EPSILON, "%s at %g: derivative %g off", quantity_names[q], l[i], first);
            ck_assert_msg(second <= 32 * FLT_EPSILON, "%s at %g: 2nd derivative %g off", quantity_names[q], l[i],
                          second);
        }
}
END_TEST

START_TEST(no_logit_gives_an_infinity_or_a_nan)
{
    double l[PLACES] = {0,   -0.0, 1e-38, -1e-38, 1e-30, -1e-20, 88,   -88,
                        104, -104, 1000,  -1000,  1e10,  -1e10,  1e18, -1e18};
    static curves out;
    measure(ELBO_F32, l, &out);
    for (int q = 0; q < QUANTITIES; q++)
        for (int i = 0; i < PLACES; i++)
            ck_assert_msg(isfinite(out.value[q][i]) && isfinite(out.first[q][i]) && isfinite(out.second[q][i]),
                          "%s at %g: %g, derivatives %g, %g", quantity_names[q], l[i], out.value[q][i], out.first[q][i],
                          out.second[q][i]);
}
END_TEST

Suite *suite_dist_continuous_bernoulli(void)
{
    Suite *suite = suite_create("dist_continuous_bernoulli");
    TCase *values = tcase_create("values");
    tcase_add_test(values, values_are_those_of_the_definition_in_60_digits);
    tcase_add_test(values, density_mean_and_entropy_are_integrals);
    tcase_add_test(values, kl_is_an_integral);
    tcase_add_test(values, kl_agrees_with_monte_carlo);
    suite_add_tcase(suite, values);
    TCase *draws = tcase_create("draws");
    tcase_add_test(draws, draws_have_the_moments_of_their_distribution);
    tcase_add_test(draws, a_draw_is_the_quantile_of_its_noise);
    tcase_add_test(draws, no_draw_leaves_the_interval);
    suite_add_tcase(suite, draws);
    TCase *derivatives = tcase_create("derivatives");
    tcase_add_test(derivatives, derivatives_are_those_of_central_differences);
    tcase_add_test(derivatives, derivatives_in_f32_are_those_in_f64);
    tcase_add_test(derivatives, no_logit_gives_an_infinity_or_a_nan);
    suite_add_tcase(suite, derivatives);
    return suite;
}
