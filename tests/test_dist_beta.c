#include <check.h>
#include <float.h>
#include <math.h>

#include "small_dists.h"
#include "suites.h"

/* By mpmath, in 60 digits, from the distribution's definition:
 *
 *     from mpmath import mp, mpf, exp, log, loggamma, digamma
 *     def lbeta(a, b): return loggamma(a) + loggamma(b) - loggamma(a + b)
 *     log_prob = (a - 1) * log(x) + (b - 1) * log(1 - x) - lbeta(a, b)
 *     entropy = lbeta(a, b) - (a - 1) * digamma(a) - (b - 1) * digamma(b) + (a + b - 2) * digamma(a + b)
 */
// clang-format off
static const struct {
    double x, log_a, log_b, log_prob, mean, entropy;
} exact[] = {
    {0.5, 0.0, 0.0, 0.0, 0.5, 0.0},
    {0.25, 1.0, -0.5, -2.0936781535226793, 0.81757447619364366, -0.77267203662726671},
    {0.9375, -2.0, 3.0, -54.393500366843691, 0.0066928509242848556, -7.6265326429519833},
    {0.125, -1.0, -1.0, -0.14791570825031608, 0.5, -0.59043646650773774},
    {0.0625, 4.0, 5.0, -39.002884953266922, 0.26894142136999512, -2.0552280956967568},
    {0.4375, 6.5, 7.0, -9.5381274578027243, 0.37754066879814544, -3.0425092462551893},
};
// clang-format on
enum { EXACT = sizeof exact / sizeof exact[0] };

static elbo_dist beta_of(rig *r, int n, const double *log_a, const double *log_b, double edge)
{
    elbo_dist d = elbo_beta_density(rig_input(r, "a", ELBO_SHAPE(n), log_a), rig_input(r, "b", ELBO_SHAPE(n), log_b),
                                    edge);
    d.event_rank = 0;
    return d;
}

static void assert_values(elbo_dtype dtype, double tolerance)
{
    double x[EXACT], a[EXACT], b[EXACT], log_prob[EXACT], means[EXACT], entropy[EXACT];
    for (int i = 0; i < EXACT; i++)
        x[i] = exact[i].x, a[i] = exact[i].log_a, b[i] = exact[i].log_b;
    rig r = rig_new(dtype, ELBO_TRAIN);
    const elbo_dist d = beta_of(&r, EXACT, a, b, 1e-6);
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(d, rig_input(&r, "x", ELBO_SHAPE(EXACT), x), NULL), elbo_dist_mean(d),
                           elbo_entropy(d)},
            3, (double *[]){log_prob, means, entropy});
    for (int i = 0; i < EXACT; i++) {
        const double all = exp(a[i]) + exp(b[i]), largest = fmax(1, all * fmax(1, log(all))); /* of what is added up */
        assert_close(log_prob[i] / largest, exact[i].log_prob / largest, tolerance);
        assert_close(means[i], exact[i].mean, tolerance);
        assert_close(entropy[i] / largest, exact[i].entropy / largest, tolerance);
    }
    rig_free(&r);
}

START_TEST(values_are_those_of_the_definition_in_60_digits)
{
    assert_values(ELBO_F64, 8 * DBL_EPSILON);
    assert_values(ELBO_F32, 8 * FLT_EPSILON);
}
END_TEST

START_TEST(the_density_integrates_to_one)
{
    enum { PLACES = 4, POINTS = 20001 };
    const double a[PLACES] = {0.75, 2, 1.5, 3}, b[PLACES] = {0.75, 1, 3, 3.5};
    static double x[PLACES * POINTS], log_p[PLACES * POINTS];
    double means[PLACES];
    for (int i = 0; i < PLACES * POINTS; i++)
        x[i] = (double)(i % POINTS) / (POINTS - 1);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    const elbo_dist d = beta_of(&r, PLACES, a, b, 1e-9);
    rig_run(
        &r,
        (elbo_var *[]){elbo_log_prob(d, rig_input(&r, "x", ELBO_SHAPE(PLACES, POINTS), x), NULL), elbo_dist_mean(d)}, 2,
        (double *[]){log_p, means});
    for (int k = 0; k < PLACES; k++) {
        double sum = 0, first = 0;
        for (int i = 0; i < POINTS; i++) { /* Simpson's rule */
            const double weight = (i == 0 || i == POINTS - 1 ? 1 : i % 2 ? 4 : 2) / (3. * (POINTS - 1));
            sum += weight * exp(log_p[k * POINTS + i]);
            first += weight * exp(log_p[k * POINTS + i]) * x[i];
        }
        assert_close(sum, 1, 1e-6);
        assert_close(first, means[k], 1e-6);
    }
    rig_free(&r);
}
END_TEST

START_TEST(black_and_white_count_as_the_edges)
{
    enum { N = 4 };
    const double edge = 1.0 / 512, ends[N] = {0, 1, 0, 1}, inside[N] = {edge, 1 - edge, edge, 1 - edge};
    const double a[N] = {-1, -1, 2, 2}, b[N] = {-2, 1, -2, 1};
    double at[N], within[N];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    const elbo_dist d = beta_of(&r, N, a, b, edge);
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(d, rig_input(&r, "x", ELBO_SHAPE(N), ends), NULL),
                           elbo_log_prob(d, rig_input(&r, "y", ELBO_SHAPE(N), inside), NULL)},
            2, (double *[]){at, within});
    for (int i = 0; i < N; i++) {
        ck_assert(isfinite(at[i]));
        assert_close(at[i], within[i], 0);
    }
    elbo_beta_density(rig_input(&r, "a", ELBO_SHAPE(N), a), rig_input(&r, "b", ELBO_SHAPE(N), b), 0.5);
    rig_assert_error(&r, "beta: an edge of 0.5; it lies between 0 and 1/2");
    rig_free(&r);
}
END_TEST

Suite *suite_dist_beta(void)
{
    Suite *suite = suite_create("dist_beta");
    TCase *values = tcase_create("values");
    tcase_add_test(values, values_are_those_of_the_definition_in_60_digits);
    tcase_add_test(values, the_density_integrates_to_one);
    tcase_add_test(values, black_and_white_count_as_the_edges);
    suite_add_tcase(suite, values);
    return suite;
}
