/* The aggregate posterior from a batch: beside plain loops, beside all batches that could have been drawn, and, with
 * all images in the batch, beside integrals. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/objectives/aggregate.h"
#include "derivatives.h"
#include "rig.h"
#include "suites.h"

enum { MOST = 12000 };

/* Normals (n, dims), and draws (n, draws, dims) that need not be of them. */
typedef struct {
    int n, draws, dims;
    const double *mean, *logvar, *z;
} batch;

typedef struct {
    double log_q[MOST], log_product[MOST]; /* (n, draws) */
} estimates;

static estimates estimate(const batch *b, double images, const char *estimator)
{
    static estimates e;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    ck_assert_int_le(b->n * b->draws, MOST);
    elbo_dist q = elbo_normal(rig_input(&r, "mean", ELBO_SHAPE(b->n, b->dims), b->mean),
                              rig_input(&r, "logvar", ELBO_SHAPE(b->n, b->dims), b->logvar));
    elbo_var *z = rig_input(&r, "z", ELBO_SHAPE(b->n, b->draws, b->dims), b->z);
    rig_scalar(&r, "images", images);
    const elbo_aggregate a = elbo_aggregate_posterior(q, z, elbo_scalar(r.g, "images"), estimator);
    rig_run(&r, (elbo_var *[]){a.log_q, a.log_product}, 2, (double *[]){e.log_q, e.log_product});
    rig_free(&r);
    return e;
}

/* ---- plain loops ------------------------------------------------------------------------------------------------- */

static double log_normal(double x, double m, double variance)
{
    return -0.5 * ((x - m) * (x - m) / variance + log(2 * M_PI * variance));
}

static double density(const batch *b, int of, int dim, double z)
{
    const int at = of * b->dims + dim;
    return exp(log_normal(z, b->mean[at], exp(b->logvar[at])));
}

static double joint(const batch *b, int of, const double *z)
{
    double product = 1;
    for (int d = 0; d < b->dims; d++)
        product *= density(b, of, d, z[d]);
    return product;
}

static double plain_weight(const char *estimator, int n, double images, int i, int j)
{
    const double m = n - 1;
    if (strcmp(estimator, "mws") == 0)
        return 1 / (n * images);
    return n == 1 ? 1 : j == i ? 1 / images : j == (i + 1) % n ? (images - m) / (images * m) : 1 / m;
}

static const double means[4 * 3] = {0.3, -1, 0.5, 1.2, 0.1, -0.4, -0.7, 0.9, 0, 0.2, 0.4, 1.5};
static const double logvars[4 * 3] = {-1, 0, 0.3, -0.5, -2, 0.1, 0.2, -1, -0.3, 0, 0.5, -1.5};
static const double draws[4 * 2 * 3] = {0.1, -0.8, 0.6, 0.5, -1.2, 1,  1,    0.2, 0, 1.4, -0.1, -0.9,
                                        -1,  1.2,  0.3, 0,   0.5,  -1, -0.2, 1,   2, 0.6, 0,    1.1};
static const batch four = {4, 2, 3, means, logvars, draws};

static void assert_plain(const batch *b, double images, const char *estimator)
{
    const double n = fmax(images, b->n);
    const estimates e = estimate(b, images, estimator);
    for (int row = 0; row < b->n * b->draws; row++) {
        const int i = row / b->draws;
        const double *z = b->z + row * b->dims;
        double whole = 0, log_product = 0;
        for (int j = 0; j < b->n; j++)
            whole += plain_weight(estimator, b->n, n, i, j) * joint(b, j, z);
        for (int d = 0; d < b->dims; d++) {
            double one = 0;
            for (int j = 0; j < b->n; j++)
                one += plain_weight(estimator, b->n, n, i, j) * density(b, j, d, z[d]);
            log_product += log(one);
        }
        assert_close(e.log_q[row], log(whole), 1e-13);
        assert_close(e.log_product[row], log_product, 1e-13);
    }
}

START_TEST(estimates_are_what_plain_loops_say)
{
    static const double images[] = {4, 5, 60000, 2}; /* the last as for a data set that is smaller than the batch */
    const char *estimator = elbo_aggregate_estimator_names[_i];
    for (int n = 1; n <= 4; n++)
        for (int i = 0; i < 4; i++) {
            const batch b = {n, 2, 3, means, logvars, draws};
            assert_plain(&b, images[i], estimator);
        }
}
END_TEST

/* ---- weights ----------------------------------------------------------------------------------------------------- */

/* Normals so narrow and far apart that a draw sees one of them alone. */
START_TEST(weights_of_mss_are_those_of_five_of_a_hundred_images)
{
    enum { N = 5 };
    static const double expected[N] = {0.01, 0.24, 0.25, 0.25, 0.25}; /* by how many images j comes after i */
    static const double mean[N] = {0, 100, 200, 300, 400}, logvar[N] = {0};
    for (int after = 0; after < N; after++) {
        double z[N];
        for (int i = 0; i < N; i++)
            z[i] = mean[(i + after) % N];
        const batch b = {N, 1, 1, mean, logvar, z};
        const estimates e = estimate(&b, 100, "mss");
        for (int i = 0; i < N; i++)
            assert_close(exp(e.log_q[i]) * sqrt(2 * M_PI), expected[after], 1e-13);
    }
}
END_TEST

START_TEST(of_equal_posteriors_mss_gives_that_posterior_for_its_rows_sum_to_1)
{
    static const double mean[4] = {0.3, 0.3, 0.3, 0.3}, logvar[4] = {-1, -1, -1, -1}, z[4] = {0, 1, -2, 0.5};
    for (int n = 1; n <= 4; n++) {
        const batch b = {n, 1, 1, mean, logvar, z};
        const estimates e = estimate(&b, 1000, "mss");
        for (int i = 0; i < n; i++)
            assert_close(e.log_q[i], log_normal(z[i], 0.3, exp(-1)), 1e-13);
    }
}
END_TEST

/* Image 0 and every ordered choice of two of the other three. */
START_TEST(on_average_over_all_batches_mss_is_the_density)
{
    double sum = 0, truth = 0;
    int batches = 0;
    for (int j = 0; j < 4; j++)
        truth += joint(&four, j, draws) / 4;
    for (int first = 1; first < 4; first++)
        for (int second = 1; second < 4; second++) {
            const int chosen[] = {0, first, second};
            double mean[3 * 3], logvar[3 * 3], z[3 * 3] = {0};
            if (first == second)
                continue;
            for (int i = 0; i < 3; i++) {
                memcpy(mean + 3 * i, means + 3 * chosen[i], 3 * sizeof *mean);
                memcpy(logvar + 3 * i, logvars + 3 * chosen[i], 3 * sizeof *logvar);
            }
            memcpy(z, draws, 3 * sizeof *z);
            const batch b = {3, 1, 3, mean, logvar, z};
            sum += exp(estimate(&b, 4, "mss").log_q[0]);
            batches++;
        }
    assert_close(sum / batches, truth, 1e-13);
}
END_TEST

/* ---- all images in the batch: mws is q(z) / N -------------------------------------------------------------------- */

START_TEST(of_a_factorised_posterior_the_total_correlation_is_0)
{
    enum { N = 6 }; /* images on a grid of three by two: each pair of a first and a second marginal */
    static const double first[3] = {-1, 0.2, 1.5}, second[2] = {0.5, -0.8};
    double mean[N * 2], logvar[N * 2], z[N * 2];
    for (int i = 0; i < N; i++) {
        mean[2 * i] = first[i / 2];
        mean[2 * i + 1] = second[i % 2];
        logvar[2 * i] = first[i / 2] - 1;
        logvar[2 * i + 1] = -second[i % 2];
        z[2 * i] = i * 0.3 - 1;
        z[2 * i + 1] = 0.7 - i * 0.2;
    }
    const batch b = {N, 1, 2, mean, logvar, z};
    const estimates e = estimate(&b, N, "mws");
    for (int i = 0; i < N; i++)
        assert_close(e.log_q[i] + log(N), e.log_product[i] + 2 * log(N), 1e-13);
}
END_TEST

/* Three normals of the plane, of which mutual information and total correlation are integrals over a grid. */
enum { IMAGES = 3, GRID = 61 };
static const double plane_mean[IMAGES * 2] = {-1, -0.8, 0.1, 0.4, 1.3, 0.9};
static const double plane_logvar[IMAGES * 2] = {-1, -0.5, -0.2, -1.2, -0.7, 0};

START_TEST(with_all_images_in_the_batch_the_parts_are_integrals)
{
    static double z[IMAGES * GRID * GRID * 2];
    const double step = 14.0 / (GRID - 1);
    double expected[3] = {0}, kl = 0, got[3] = {0};
    for (int i = 0; i < IMAGES * GRID * GRID; i++) {
        z[2 * i] = i % GRID * step - 7;
        z[2 * i + 1] = i / GRID % GRID * step - 7;
    }
    const batch b = {IMAGES, GRID * GRID, 2, plane_mean, plane_logvar, z};
    static estimates e;
    e = estimate(&b, IMAGES, "mws");
    for (int row = 0; row < IMAGES * GRID * GRID; row++) {
        const double *at = z + 2 * row, prior = log_normal(at[0], 0, 1) + log_normal(at[1], 0, 1);
        const double own = joint(&b, row / (GRID * GRID), at), share = own * step * step / IMAGES;
        double q = 0, first = 0, second = 0;
        for (int j = 0; j < IMAGES; j++) {
            q += joint(&b, j, at) / IMAGES;
            first += density(&b, j, 0, at[0]) / IMAGES;
            second += density(&b, j, 1, at[1]) / IMAGES;
        }
        expected[0] += share * log(own / q);
        expected[1] += share * log(q / (first * second));
        expected[2] += share * (log(first * second) - prior);
        const double log_q = e.log_q[row] + log(IMAGES), log_product = e.log_product[row] + 2 * log(IMAGES);
        got[0] += share * (log(own) - log_q);
        got[1] += share * (log_q - log_product);
        got[2] += share * (log_product - prior);
    }
    for (int i = 0; i < IMAGES * 2; i++)
        kl += (plane_mean[i] * plane_mean[i] + exp(plane_logvar[i]) - 1 - plane_logvar[i]) / 2 / IMAGES;
    for (int i = 0; i < 3; i++) {
        assert_close(got[i], expected[i], 1e-12);
        ck_assert_double_gt(expected[i], 0.05);
    }
    assert_close(got[0] + got[1] + got[2], kl, 1e-6); /* the grid's own error */
    ck_assert_double_lt(got[0], log(IMAGES));
}
END_TEST

START_TEST(mss_finds_at_most_log_n_of_information_at_every_draw)
{
    const estimates e = estimate(&four, 50, "mss");
    for (int row = 0; row < 4 * 2; row++)
        ck_assert_double_le(log(joint(&four, row / 2, draws + 3 * row)) - e.log_q[row], log(50));
}
END_TEST

/* ---- derivatives and errors -------------------------------------------------------------------------------------- */

static elbo_var *build(elbo_var **in, const char *estimator)
{
    elbo_var *images = elbo_constant(elbo_graph_of(in[0]), 7);
    const elbo_aggregate a = elbo_aggregate_posterior(elbo_normal(in[0], in[1]), in[2], images, estimator);
    return elbo_add(a.log_q, elbo_scale(a.log_product, 0.7));
}

static elbo_var *build_mss(elbo_var **in)
{
    return build(in, "mss");
}

static elbo_var *build_mws(elbo_var **in)
{
    return build(in, "mws");
}

START_TEST(derivatives_agree_with_central_differences)
{
    static const elbo__case cases[] = {
        {"mss", build_mss, 3, {{2, {3, 2}}, {2, {3, 2}}, {3, {3, 2, 2}}}, -1, 1, 0},
        {"mws", build_mws, 3, {{2, {3, 2}}, {2, {3, 2}}, {3, {3, 2, 2}}}, -1, 1, 0},
        {0},
    };
    derivative_report r = {0};
    check_derivatives("aggregate posterior", cases, ELBO_TRAIN, 1, &r);
    ck_assert_int_gt(r.entries, 0);
}
END_TEST

static void assert_wrong(elbo_dist q, rig *r, const char *estimator, const char *message)
{
    elbo_aggregate_posterior(q, elbo_input(r->g, "z", ELBO_F64, ELBO_SHAPE(2, 1, 3)), elbo_constant(r->g, 5),
                             estimator);
    rig_assert_error(r, message);
    rig_free(r);
}

START_TEST(a_posterior_that_is_no_normal_is_an_error)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    assert_wrong((elbo_dist){.kind = NULL}, &r, "mss",
                 "total correlation: needs a normal q(z|x), got one that is known at its draws alone");
    r = rig_new(ELBO_F64, ELBO_TRAIN);
    assert_wrong(elbo_bernoulli(elbo_input(r.g, "q", ELBO_F64, ELBO_SHAPE(2, 3))), &r, "mss",
                 "total correlation: needs a normal q(z|x), got bernoulli");
    r = rig_new(ELBO_F64, ELBO_TRAIN);
    assert_wrong(elbo_standard_normal(r.g, ELBO_SHAPE(2, 3)), &r, "mmm", "total correlation: no estimator \"mmm\"");
}
END_TEST

Suite *suite_total_correlation(void)
{
    Suite *suite = suite_create("total_correlation");
    TCase *values = tcase_create("estimates");
    tcase_add_loop_test(values, estimates_are_what_plain_loops_say, 0, 2);
    tcase_add_test(values, weights_of_mss_are_those_of_five_of_a_hundred_images);
    tcase_add_test(values, of_equal_posteriors_mss_gives_that_posterior_for_its_rows_sum_to_1);
    tcase_add_test(values, on_average_over_all_batches_mss_is_the_density);
    tcase_add_test(values, mss_finds_at_most_log_n_of_information_at_every_draw);
    suite_add_tcase(suite, values);
    TCase *all = tcase_create("all images in the batch");
    tcase_add_test(all, of_a_factorised_posterior_the_total_correlation_is_0);
    tcase_add_test(all, with_all_images_in_the_batch_the_parts_are_integrals);
    suite_add_tcase(suite, all);
    TCase *rest = tcase_create("derivatives and errors");
    tcase_add_test(rest, derivatives_agree_with_central_differences);
    tcase_add_test(rest, a_posterior_that_is_no_normal_is_an_error);
    suite_add_tcase(suite, rest);
    return suite;
}
