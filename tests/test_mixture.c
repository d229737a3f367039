/* Mixtures of normals: density, fit and draws. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../nn/samplers/kmeans.h"
#include "../nn/samplers/mixture.h"
#include "../tensor/watch.h"
#include "numbers.h"
#include "rig.h"
#include "runs.h"
#include "suites.h"

enum { N = 3000, Z = 2, K = 3 };

/* Of weights 0.5, 0.3, 0.2; covariances as rows */
static const double weights[K] = {0.5, 0.3, 0.2}, means[K * Z] = {0, 0, 4, 4, -4, 5},
                    covariances[K * Z * Z] = {1, 0.6, 0.6, 2, 0.5, -0.2, -0.2, 0.5, 1, 0, 0, 0.25},
                    variances[K * Z] = {1, 2, 0.5, 0.5, 1, 0.25};

static elbo__mixture known_mixture(bool full)
{
    elbo__mixture m;
    assert_ok(elbo__mixture_new(K, Z, full, &m));
    memcpy(m.weights, weights, sizeof weights);
    memcpy(m.means, means, sizeof means);
    if (full)
        memcpy(m.covariances, covariances, sizeof covariances);
    else
        memcpy(m.covariances, variances, sizeof variances);
    assert_ok(elbo__mixture_prepare(&m));
    return m;
}

/* Two normal numbers, by the test's own means. */
static void two_normals(numbers *r, double *e)
{
    const double length = sqrt(-2 * log(numbers_between(r, 1e-12, 1))), angle = numbers_between(r, 0, 2 * M_PI);
    e[0] = length * cos(angle);
    e[1] = length * sin(angle);
}

/* Codes (N, Z) of the known mixture */
static void draw_codes(float *x)
{
    numbers r = {5};
    for (int i = 0; i < N; i++) {
        const double u = numbers_between(&r, 0, 1);
        const int k = u < 0.5 ? 0 : u < 0.8 ? 1 : 2;
        const double *c = covariances + k * Z * Z, first = sqrt(c[0]), across = c[1] / first;
        double e[2];
        two_normals(&r, e);
        x[i * Z] = (float)(means[k * Z] + first * e[0]);
        x[i * Z + 1] = (float)(means[k * Z + 1] + across * e[0] + sqrt(c[3] - across * across) * e[1]);
    }
}

static float codes[N * Z];

static void setup(void)
{
    draw_codes(codes);
}

/* ---- density ----------------------------------------------------------------------------------------------------- */

/* The textbook's p(x) in two dimensions, with the inverse and the determinant written out */
static double plain_density(const double *x, bool full)
{
    double sum = 0;
    for (int k = 0; k < K; k++) {
        const double *c = covariances + k * 4, a = full ? c[0] : variances[k * 2],
                     d = full ? c[3] : variances[k * 2 + 1], b = full ? c[1] : 0, determinant = a * d - b * b,
                     u = x[0] - means[k * 2], v = x[1] - means[k * 2 + 1];
        const double square = (d * u * u - 2 * b * u * v + a * v * v) / determinant;
        sum += weights[k] * exp(-square / 2) / (2 * M_PI * sqrt(determinant));
    }
    return sum;
}

START_TEST(the_density_is_that_of_the_textbook)
{
    static double nats[N];
    elbo__mixture m = known_mixture(_i);
    assert_ok(elbo__mixture_log_prob(&m, codes, N, nats));
    for (int i = 0; i < N; i++) {
        const double x[] = {codes[i * 2], codes[i * 2 + 1]}, expected = log(plain_density(x, _i));
        if (!(fabs(nats[i] - expected) <= 1e-12 * fabs(expected) + 1e-12))
            ck_abort_msg("code %d: %.17g, expected %.17g", i, nats[i], expected);
    }
    elbo__mixture_free(&m);
}
END_TEST

START_TEST(far_away_the_density_is_small_and_not_nothing)
{
    elbo__mixture m = known_mixture(true);
    const float far[] = {1e4f, -1e4f};
    double nats;
    assert_ok(elbo__mixture_log_prob(&m, far, 1, &nats));
    ck_assert(isfinite(nats) && nats < -1e7);
    elbo__mixture_free(&m);
}
END_TEST

START_TEST(what_is_no_mixture_is_refused)
{
    elbo__mixture m = known_mixture(true);
    m.weights[0] = 0.6;
    assert_refused(elbo__mixture_prepare(&m), "the weights of a mixture add up to 1.1");
    m.weights[0] = -0.5;
    assert_refused(elbo__mixture_prepare(&m), "component 1 of a mixture: a weight of -0.5");
    m.weights[0] = 0.5;
    m.covariances[4] = -1;
    assert_refused(elbo__mixture_prepare(&m), "component 2 of a mixture: a matrix (2, 2) is not positive definite");
    elbo__mixture_free(&m);
    m = known_mixture(false);
    m.covariances[5] = NAN;
    assert_refused(elbo__mixture_prepare(&m), "component 3 of a mixture: a variance of");
    elbo__mixture_free(&m);
}
END_TEST

/* ---- fit --------------------------------------------------------------------------------------------------------- */

START_TEST(one_component_is_mean_and_covariance)
{
    elbo__mixture m;
    double mean[Z] = {0}, square[Z * Z] = {0}, found;
    assert_ok(elbo__mixture_fit(codes, N, Z, &(elbo__mixture_shape){1, _i}, 1, &m, &found));
    for (int i = 0; i < N * Z; i++)
        mean[i % Z] += (double)codes[i] / N;
    for (int i = 0; i < N * Z * Z; i++) {
        const float *x = codes + i / (Z * Z) * Z;
        square[i % (Z * Z)] += (x[i / Z % Z] - mean[i / Z % Z]) * (x[i % Z] - mean[i % Z]) / N;
    }
    ck_assert_double_eq(m.weights[0], 1);
    for (int j = 0; j < Z; j++)
        assert_close(m.means[j], mean[j], 1e-9);
    for (int i = 0; i < (_i ? Z * Z : Z); i++)
        assert_close(m.covariances[i], _i ? square[i] + (i % 3 == 0 ? 1e-6 : 0) : square[3 * i] + 1e-6, 1e-9);
    /* of a normal with its own covariance: -(Z log 2 pi + log det + Z) / 2 */
    const double determinant = _i ? square[0] * square[3] - square[1] * square[1] : square[0] * square[3];
    assert_close(found, -(Z * log(2 * M_PI) + log(determinant) + Z) / 2, 1e-5);
    elbo__mixture_free(&m);
}
END_TEST

/* However far away the mixture was before it. */
START_TEST(a_step_with_one_component_finds_mean_and_covariance)
{
    elbo__mixture m, next, expected;
    double nats;
    assert_ok(elbo__mixture_new(1, Z, _i, &m));
    assert_ok(elbo__mixture_new(1, Z, _i, &next));
    m.weights[0] = 1;
    m.means[0] = 30;
    for (int i = 0; i < (_i ? Z * Z : Z); i++)
        m.covariances[i] = !_i || i % 3 == 0;
    assert_ok(elbo__mixture_prepare(&m));
    assert_ok(elbo__mixture_step(&m, codes, N, 0, &next, &nats));
    assert_ok(elbo__mixture_fit(codes, N, Z, &(elbo__mixture_shape){1, _i}, 1, &expected, NULL));
    for (int j = 0; j < Z; j++)
        assert_close(next.means[j], expected.means[j], 1e-12);
    for (int i = 0; i < (_i ? Z * Z : Z); i++)
        assert_close(next.covariances[i], expected.covariances[i], 1e-11);
    elbo__mixture_free(&m);
    elbo__mixture_free(&next);
    elbo__mixture_free(&expected);
}
END_TEST

START_TEST(no_step_makes_the_codes_less_likely)
{
    elbo__mixture m, next;
    double before = -INFINITY, now, first = 0;
    assert_ok(elbo__mixture_new(5, Z, _i, &m));
    assert_ok(elbo__mixture_new(5, Z, _i, &next));
    assert_ok(elbo__mixture_start(codes, N, 3, &m));
    for (int step = 0; step < 60; step++) {
        assert_ok(elbo__mixture_step(&m, codes, N, step, &next, &now));
        ck_assert_msg(now >= before - 1e-9, "step %d: %.15g after %.15g", step, now, before);
        first = step ? first : now;
        before = now;
        const elbo__mixture other = m;
        m = next;
        next = other;
    }
    ck_assert_double_gt(now, first + 1e-3); /* and there was something to gain */
    elbo__mixture_free(&m);
    elbo__mixture_free(&next);
}
END_TEST

/* The component whose mean is nearest to that of component k. */
static int64_t match(const elbo__mixture *m, int k)
{
    int64_t best = 0;
    double least = INFINITY;
    for (int64_t i = 0; i < m->components; i++) {
        const double d = hypot(m->means[i * Z] - means[k * Z], m->means[i * Z + 1] - means[k * Z + 1]);
        best = d < least ? i : best;
        least = fmin(d, least);
    }
    return best;
}

START_TEST(a_known_mixture_is_found_again)
{
    elbo__mixture m;
    assert_ok(elbo__mixture_fit(codes, N, Z, &(elbo__mixture_shape){K, true}, 1, &m, NULL));
    for (int k = 0; k < K; k++) {
        const int64_t i = match(&m, k);
        const double n = N * weights[k];
        ck_assert_double_eq_tol(m.weights[i], weights[k], 4 * sqrt(weights[k] * (1 - weights[k]) / N));
        for (int j = 0; j < Z; j++)
            ck_assert_double_eq_tol(m.means[i * Z + j], means[k * Z + j], 4 * sqrt(covariances[k * 4 + 3 * j] / n));
        for (int j = 0; j < Z * Z; j++)
            ck_assert_double_eq_tol(m.covariances[i * 4 + j], covariances[k * 4 + j], 4 * 2 * sqrt(2 / n));
    }
    elbo__mixture_free(&m);
}
END_TEST

START_TEST(codes_in_fewer_dimensions_have_a_density_all_the_same)
{
    static float line[300 * Z];
    numbers r = {2};
    for (int i = 0; i < 300; i++)
        line[i * Z] = line[i * Z + 1] = i < 100 ? 1 : (float)numbers_between(&r, -1, 1); /* a third is one point */
    elbo__mixture m;
    double found, nats[300], sum = 0;
    assert_ok(elbo__mixture_fit(line, 300, Z, &(elbo__mixture_shape){4, _i}, 1, &m, &found));
    assert_ok(elbo__mixture_log_prob(&m, line, 300, nats));
    for (int i = 0; i < 300; i++)
        sum += nats[i] / 300;
    ck_assert(isfinite(found));
    assert_close(sum, found, 1e-9);
    elbo__mixture_free(&m);
}
END_TEST

START_TEST(there_are_no_more_components_than_codes)
{
    elbo__mixture m;
    assert_ok(elbo__mixture_fit(codes, 4, Z, &(elbo__mixture_shape){10, true}, 1, &m, NULL));
    ck_assert_int_eq(m.components, 4);
    elbo__mixture_free(&m);
    assert_ok(elbo__mixture_fit(codes, 1, Z, &(elbo__mixture_shape){10, true}, 1, &m, NULL));
    ck_assert_double_eq(m.means[1], codes[1]);
    elbo__mixture_free(&m);
}
END_TEST

/* Few dimensions, and so many that threads share the products. */
START_TEST(the_fit_is_the_same_for_any_number_of_threads)
{
    enum { MANY = 260, ROWS = 1500 };
    static float wide[ROWS * MANY];
    numbers r = {3};
    for (int i = 0; i < ROWS * MANY; i++)
        wide[i] = (float)numbers_between(&r, -1, 1);
    const int before = elbo_threads(), dims = _i ? MANY : Z;
    const elbo__mixture_shape shape = {2, true};
    elbo__mixture m[2];
    for (int i = 0; i < 2; i++) {
        elbo_set_threads(i + 1);
        assert_ok(elbo__mixture_fit(_i ? wide : codes, ROWS, dims, &shape, 1, &m[i], NULL));
    }
    elbo_set_threads(before);
    ck_assert_mem_eq(m[0].covariances, m[1].covariances, 2 * sizeof(double) * (size_t)(dims * dims));
    ck_assert_mem_eq(m[0].means, m[1].means, 2 * sizeof(double) * (size_t)dims);
    elbo__mixture_free(&m[0]);
    elbo__mixture_free(&m[1]);
}
END_TEST

static bool refuse(void *user, const char *what, int64_t done, int64_t total)
{
    ck_assert_str_eq(what, "fitting a mixture");
    ck_assert_int_lt(done, total);
    return --*(int *)user > 0;
}

START_TEST(a_fit_can_be_stopped)
{
    elbo__mixture m;
    int asked = _i ? 15 : 1; /* in the steps; at once */
    elbo_watch(refuse, &asked);
    ck_assert_int_eq(elbo__mixture_fit(codes, N, Z, &(elbo__mixture_shape){9, true}, 1, &m, NULL), ELBO_STOPPED);
    elbo_watch(NULL, NULL);
    ck_assert_ptr_null(m.means);
}
END_TEST

/* Eight heaps of five, ten apart: the start is one code of each as a rule, since far ones are likelier. */
START_TEST(centres_are_the_means_of_heaps)
{
    float x[40];
    double centres[8];
    int32_t nearest[40];
    int found = 0;
    for (int i = 0; i < 40; i++)
        x[i] = (float)(i % 8 * 10 + i / 8);
    for (uint64_t seed = 0; seed < 20; seed++) {
        bool all = true;
        assert_ok(elbo__kmeans(x, 40, 1, 8, seed, "centres", centres, nearest));
        for (int i = 0; i < 40; i++)
            all &= fabs(centres[nearest[i]] - (i % 8 * 10 + 2)) < 1e-12;
        found += all;
    }
    ck_assert_int_ge(found, 15);
    for (int i = 0; i < 40; i++)
        x[i] = 1;
    assert_ok(elbo__kmeans(x, 40, 1, 8, 1, "centres", centres, nearest));
    ck_assert_double_eq(centres[nearest[7]], 1);
}
END_TEST

/* ---- draws ------------------------------------------------------------------------------------------------------- */

START_TEST(draws_have_the_moments_of_the_mixture)
{
    enum { MANY = 20000 };
    elbo__mixture m = known_mixture(_i);
    double mean[Z] = {0}, square[Z * Z] = {0}, expected[Z] = {0}, second[Z * Z] = {0}, fourth[Z * Z] = {0}, noise[Z];
    for (int k = 0; k < K; k++)
        for (int i = 0; i < Z * Z; i++) {
            const double spread = _i ? covariances[k * 4 + i] : i % 3 ? 0 : variances[k * 2 + i / 3];
            expected[i % Z] += i < Z ? weights[k] * means[k * Z + i] : 0;
            second[i] += weights[k] * (spread + means[k * Z + i / Z] * means[k * Z + i % Z]);
        }
    for (int i = 0; i < MANY; i++) {
        float z[Z];
        elbo__mixture_draw(&m, 3, (uint64_t)i, noise, z);
        for (int j = 0; j < Z * Z; j++) {
            const double product = (double)z[j / Z] * z[j % Z];
            mean[j % Z] += j < Z ? z[j] / (double)MANY : 0;
            square[j] += product / MANY;
            fourth[j] += product * product / MANY;
        }
    }
    for (int j = 0; j < Z; j++)
        ck_assert_double_eq_tol(mean[j], expected[j], 4 * sqrt(second[3 * j] / MANY));
    for (int j = 0; j < Z * Z; j++)
        ck_assert_double_eq_tol(square[j], second[j], 4 * sqrt(fourth[j] / MANY));
    elbo__mixture_free(&m);
}
END_TEST

Suite *suite_mixture(void)
{
    Suite *s = suite_create("mixture");
    TCase *t = tcase_create("mixture");
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_loop_test(t, the_density_is_that_of_the_textbook, 0, 2);
    tcase_add_test(t, far_away_the_density_is_small_and_not_nothing);
    tcase_add_test(t, what_is_no_mixture_is_refused);
    tcase_add_loop_test(t, one_component_is_mean_and_covariance, 0, 2);
    tcase_add_loop_test(t, a_step_with_one_component_finds_mean_and_covariance, 0, 2);
    tcase_add_loop_test(t, no_step_makes_the_codes_less_likely, 0, 2);
    tcase_add_test(t, a_known_mixture_is_found_again);
    tcase_add_loop_test(t, codes_in_fewer_dimensions_have_a_density_all_the_same, 0, 2);
    tcase_add_test(t, there_are_no_more_components_than_codes);
    tcase_add_loop_test(t, the_fit_is_the_same_for_any_number_of_threads, 0, 2);
    tcase_add_loop_test(t, a_fit_can_be_stopped, 0, 2);
    tcase_add_test(t, centres_are_the_means_of_heaps);
    tcase_add_loop_test(t, draws_have_the_moments_of_the_mixture, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
