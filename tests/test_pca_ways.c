/* Every way to find principal components: of rows with a known covariance, against each other, and stopped anywhere. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../nn/pca/pca_private.h"
#include "../tensor/allocator.h"
#include "../tensor/memory.h"
#include "../tensor/threads.h"
#include "../tensor/vectors.h"
#include "../tensor/watch.h"
#include "numbers.h"
#include "scratch.h"
#include "suites.h"

/* ---- the ways ---------------------------------------------------------------------------------------------------- */

/* Krylov's space so small that it starts again and again. */
static elbo_status small_krylov(const elbo_rows *rows, elbo_pca *pca)
{
    const elbo__krylov_limits limits = {pca->components + 6, 3 * (pca->components + 6), 2000};
    bool converged;
    elbo_status status = elbo__pca_krylov(rows, pca, &limits, &converged);
    ck_assert_msg(status != ELBO_OK || converged, "krylov gives up");
    return status;
}

static const struct {
    elbo__pca_way *fit;
    const char *method;
} ways[] = {
    {elbo__pca_covariance, "covariance"},
    {elbo__pca_gram, "gram"},
    {elbo__pca_singular_values, "singular values"},
    {small_krylov, "krylov"},
};
enum { COVARIANCE, GRAM, SINGULAR_VALUES, KRYLOV, WAYS };

static elbo_pca fitted(elbo__pca_way *way, const float *x, int64_t n, int64_t columns, int64_t components)
{
    const elbo_rows rows = elbo_rows_of(x, n, columns);
    elbo_pca pca;
    ck_assert_msg(elbo__pca_fit_by(way, &rows, components, &pca) == ELBO_OK, "%s", elbo_error());
    return pca;
}

/* ---- rows with a known covariance -------------------------------------------------------------------------------- */

enum { MOST = 60, LONGEST = 240 };

typedef struct {
    int n, columns, rank;
    double variance[MOST];    /* falling, 0 from rank on       */
    double axes[MOST * MOST]; /* (columns, columns) orthonormal */
    float x[LONGEST * MOST];  /* (n, columns)                  */
} made;

/* The spectra: how far rows lie from the mean along direction k of `rank`. */
static double falling(int k, int rank)
{
    (void)rank;
    return pow(0.8, k);
}

static double in_pairs(int k, int rank)
{
    return 1 - (double)(k / 2) / rank;
}

static double close_in_fives(int k, int rank)
{
    return 1 - (double)(k / 5) / rank - 1e-5 * (k % 5);
}

static double slowly(int k, int rank)
{
    return 1 - 0.5 * k / rank;
}

static double all_equal(int k, int rank)
{
    (void)k;
    (void)rank;
    return 1;
}

static double (*const spectra[])(int k, int rank) = {falling, in_pairs, close_in_fives, slowly, all_equal};
enum { SPECTRA = sizeof spectra / sizeof spectra[0] };

/* Row i is mean + or - reach axis, of direction k = i / 2 % rank; n a multiple of 2 rank, so that the variances are
 * reach^2 / rank. */
static made *make(int n, int columns, int rank, double (*spectrum)(int k, int rank))
{
    made *m = calloc(1, sizeof *m);
    numbers r = {(uint64_t)(n + columns)};
    m->n = n;
    m->columns = columns;
    m->rank = rank;
    for (int i = 0; i < columns * columns; i++)
        m->axes[i] = numbers_between(&r, -1, 1);
    ck_assert_int_eq(elbo__basis_of(m->axes, columns, columns, 1), ELBO_OK);
    for (int k = 0; k < rank; k++)
        m->variance[k] = pow(spectrum(k, rank), 2) / rank;
    for (int i = 0; i < n; i++)
        for (int d = 0; d < columns; d++) {
            const int k = i / 2 % rank;
            m->x[i * columns + d] = (float)(0.01 * d + (i % 2 ? 1 : -1) * spectrum(k, rank) * m->axes[k * columns + d]);
        }
    return m;
}

static void assert_near(double got, double expected, double tolerance, const char *what, int at)
{
    if (!(fabs(got - expected) <= tolerance))
        ck_abort_msg("%s %d: %.17g, expected %.17g", what, at, got, expected);
}

/* S u = s u of the rows themselves within `tolerance`, by plain loops; u_i u_j = 1 or 0; the total is that of all
 * squares. */
static void assert_components(const elbo_pca *pca, const float *x, double tolerance)
{
    const int64_t n = pca->count, width = pca->columns;
    double *along = calloc((size_t)n, sizeof *along), *image = calloc((size_t)width, sizeof *image), squares = 0;
    for (int i = 0; i < pca->components; i++) {
        const double *u = pca->axes + i * width;
        for (int64_t row = 0; row < n; row++) {
            along[row] = 0;
            for (int64_t d = 0; d < width; d++)
                along[row] += (x[row * width + d] - pca->mean[d]) * u[d];
        }
        double rest = 0;
        for (int64_t d = 0; d < width; d++) {
            image[d] = -pca->variances[i] * u[d];
            for (int64_t row = 0; row < n; row++)
                image[d] += along[row] * (x[row * width + d] - pca->mean[d]) / (double)n;
            rest += image[d] * image[d];
        }
        assert_near(sqrt(rest), 0, tolerance, "residual of axis", i);
        if (i > 0 && pca->variances[i] > pca->variances[i - 1])
            ck_abort_msg("variance %d is larger than the one before", i);
        for (int j = 0; j <= i; j++)
            assert_near(elbo__dot(u, pca->axes + j * width, width), i == j, 1e-12, "product of axis", i);
    }
    for (int64_t i = 0; i < n * width; i++)
        squares += pow(x[i] - pca->mean[i % width], 2);
    assert_near(pca->total, squares / (double)n, 1e-12 * squares / (double)n, "total", 0);
    free(along);
    free(image);
}

static void check(int way, const made *m, int components)
{
    elbo_pca pca = fitted(ways[way].fit, m->x, m->n, m->columns, components);
    ck_assert_str_eq(pca.method, ways[way].method);
    assert_components(&pca, m->x, 1e-9 * m->variance[0]);
    for (int i = 0; i < components; i++) {
        assert_near(pca.variances[i], m->variance[i], 1e-6 * m->variance[0], "variance", i); /* x is rounded to f32 */
        const double next = i + 1 < MOST ? m->variance[i + 1] : 0, before = i ? m->variance[i - 1] : INFINITY;
        if (m->variance[i] - next > 0.01 * m->variance[0] && before - m->variance[i] > 0.01 * m->variance[0])
            assert_near(fabs(elbo__dot(pca.axes + i * m->columns, m->axes + i * m->columns, m->columns)), 1, 1e-8,
                        "axis", i);
    }
    elbo_pca_free(&pca);
}

static const int shapes[][3] = {{240, 60, 60}, {240, 60, 20}, {40, 60, 20}, {60, 60, 30}, {12, 9, 3}}; /* N, D, rank */
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

START_TEST(every_way_finds_the_components_that_the_rows_were_made_with)
{
    for (int s = 0; s < SHAPES; s++) {
        made *m = make(shapes[s][0], shapes[s][1], shapes[s][2], spectra[_i % SPECTRA]);
        const int most = m->n < m->columns ? m->n : m->columns, some[] = {1, 2, 5, m->rank, most};
        for (size_t k = 0; k < sizeof some / sizeof some[0]; k++)
            if (some[k] <= most && (_i / SPECTRA != SINGULAR_VALUES || m->n <= m->columns))
                check(_i / SPECTRA, m, some[k]);
        free(m);
    }
}
END_TEST

START_TEST(rows_without_variance_have_orthonormal_axes_of_variance_0)
{
    static float x[50 * 70];
    for (int i = 0; i < 50 * 70; i++)
        x[i] = 2;
    elbo_pca pca = fitted(ways[_i].fit, x, 50, 70, 50);
    assert_components(&pca, x, 0);
    for (int i = 0; i < 50; i++)
        assert_near(pca.variances[i], 0, 0, "variance", i);
    ck_assert_double_eq(elbo_pca_explained(&pca, 50), 1);
    elbo_pca_free(&pca);
}
END_TEST

/* ---- which way is taken ------------------------------------------------------------------------------------------ */

enum { TALL = 1100, WIDE = 1300 };

/* x (TALL, WIDE) of noise, along `rank` directions with variances that fall by a third from one to the next, and little
 * else; or of noise alone */
static float *wide_rows(int rank)
{
    float *x = calloc(TALL * WIDE, sizeof *x);
    double *directions = calloc((size_t)(rank + 1) * WIDE, sizeof *directions);
    numbers r = {17};
    for (int i = 0; i < rank * WIDE; i++)
        directions[i] = numbers_between(&r, -1, 1);
    for (int i = 0; i < TALL; i++) {
        double *row = directions + rank * WIDE;
        for (int d = 0; d < WIDE; d++)
            row[d] = (rank ? 0.001 : 1) * numbers_between(&r, -1, 1);
        for (int k = 0; k < rank; k++)
            elbo__add_scaled(row, pow(0.8, k) * numbers_between(&r, -1, 1), directions + k * WIDE, WIDE);
        for (int d = 0; d < WIDE; d++)
            x[i * WIDE + d] = (float)row[d];
    }
    free(directions);
    return x;
}

static void assert_same_components(const elbo_pca *a, const elbo_pca *b, double tolerance)
{
    assert_near(a->total, b->total, 1e-12 * a->total, "total", 0);
    for (int i = 0; i < a->components; i++) {
        assert_near(a->variances[i], b->variances[i], 1e-12 * a->variances[0], "variance", i);
        for (int d = 0; d < a->columns; d++)
            assert_near(a->axes[i * a->columns + d], b->axes[i * a->columns + d], tolerance, "axis", i);
    }
}

START_TEST(few_components_of_wide_rows_are_found_in_krylovs_space_and_are_those_of_the_covariance)
{
    float *x = wide_rows(40);
    elbo_pca pca = fitted(elbo__pca_any, x, TALL, WIDE, 6), exact = fitted(elbo__pca_exact, x, TALL, WIDE, 6);
    ck_assert_str_eq(pca.method, "krylov");
    ck_assert_str_eq(exact.method, "gram");
    assert_same_components(&pca, &exact, 1e-8);
    assert_components(&pca, x, 1e-9 * pca.variances[0]);
    elbo_pca_free(&pca);
    elbo_pca_free(&exact);
    free(x);
}
END_TEST

START_TEST(where_the_spectrum_is_flat_the_exact_way_is_taken_after_all)
{
    float *x = wide_rows(0);
    const elbo__krylov_limits limits = elbo__krylov_limits_for(TALL, WIDE, 4);
    ck_assert_int_gt(limits.steps, 0);
    elbo_pca pca = fitted(elbo__pca_any, x, TALL, WIDE, 4), other = fitted(elbo__pca_covariance, x, TALL, WIDE, 4);
    ck_assert_str_eq(pca.method, "gram");
    assert_same_components(&pca, &other, 1e-9);
    assert_components(&pca, x, 1e-12 * pca.variances[0]);
    elbo_pca_free(&pca);
    elbo_pca_free(&other);
    free(x);
}
END_TEST

START_TEST(krylovs_space_is_given_up_after_its_steps)
{
    made *m = make(240, 60, 60, slowly);
    const elbo_rows rows = elbo_rows_of(m->x, m->n, m->columns);
    elbo_pca pca = fitted(elbo__pca_covariance, m->x, m->n, m->columns, 5);
    bool converged = true;
    for (int steps = 1; steps < 5; steps++) {
        ck_assert_int_eq(elbo__pca_krylov(&rows, &pca, &(elbo__krylov_limits){7, 50, steps}, &converged), ELBO_OK);
        ck_assert(!converged);
        ck_assert_str_eq(pca.method, "covariance");
    }
    elbo_pca_free(&pca);
    free(m);
}
END_TEST

START_TEST(small_problems_are_left_to_lapack)
{
    made *many = make(240, 60, 20, falling), *few = make(40, 60, 20, falling);
    elbo_pca covariance = fitted(elbo__pca_any, many->x, 240, 60, 2), values = fitted(elbo__pca_any, few->x, 40, 60, 2);
    ck_assert_str_eq(covariance.method, "covariance");
    ck_assert_str_eq(values.method, "singular values");
    ck_assert_int_eq(elbo__krylov_limits_for(1000000, 1000, 1).steps, 0);
    ck_assert_int_eq(elbo__krylov_limits_for(10000, 12288, 10000).steps, 0);
    ck_assert_int_gt(elbo__krylov_limits_for(10100, 12288, 20).steps, 0);
    elbo_pca_free(&covariance);
    elbo_pca_free(&values);
    free(many);
    free(few);
}
END_TEST

START_TEST(blocks_of_wide_rows_are_short)
{
    static const int64_t cases[][3] = {
        {5000, 6, 1000}, {7, 6, 7}, {10100, 12288, 341}, {40, 1 << 22, 1}, {40, 1 << 24, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_int_eq(elbo__pca_block(&(elbo_rows){.count = cases[i][0], .columns = cases[i][1]}), cases[i][2]);
}
END_TEST

START_TEST(every_way_has_the_same_bits_for_any_number_of_threads)
{
    made *m = make(60, 60, 30, falling);
    setenv("ELBO_PROCESSORS", "4", 1);
    elbo_set_threads(1);
    elbo_pca alone = fitted(ways[_i].fit, m->x, m->n, m->columns, 7);
    for (int threads = 2; threads <= 4; threads += 2) {
        ck_assert_int_eq(elbo_set_threads(threads), threads);
        elbo_pca pca = fitted(ways[_i].fit, m->x, m->n, m->columns, 7);
        ck_assert_int_eq(memcmp(pca.axes, alone.axes, 7 * 60 * sizeof *pca.axes), 0);
        ck_assert_int_eq(memcmp(pca.variances, alone.variances, 7 * sizeof *pca.variances), 0);
        ck_assert_int_eq(memcmp(&pca.total, &alone.total, sizeof pca.total), 0);
        elbo_pca_free(&pca);
    }
    elbo_pca_free(&alone);
    unsetenv("ELBO_PROCESSORS");
    elbo_set_threads(0);
    free(m);
}
END_TEST

static void *nan_block(size_t bytes, void *user)
{
    const size_t size = (bytes + 127) / 64 * 64;
    double *block = aligned_alloc(64, size);
    (void)user;
    for (size_t i = 0; i < size / sizeof *block; i++)
        block[i] = NAN;
    return block;
}

static void free_block(void *block, void *user)
{
    (void)user;
    free(block);
}

START_TEST(what_memory_held_before_does_not_matter)
{
    made *m = make(60, 60, 30, falling);
    elbo_pca plain = fitted(ways[_i].fit, m->x, m->n, m->columns, 7);
    elbo_set_allocator(nan_block, free_block, NULL);
    elbo_pca pca = fitted(ways[_i].fit, m->x, m->n, m->columns, 7);
    ck_assert_int_eq(memcmp(pca.axes, plain.axes, 7 * 60 * sizeof *pca.axes), 0);
    ck_assert_int_eq(memcmp(pca.variances, plain.variances, 7 * sizeof *pca.variances), 0);
    elbo_pca_free(&pca);
    elbo_set_allocator(NULL, NULL, NULL);
    elbo_pca_free(&plain);
    free(m);
}
END_TEST

/* ---- stopped and short of memory --------------------------------------------------------------------------------- */

static int blocks_in_use;

static void *count_block(size_t bytes, void *user)
{
    (void)user;
    blocks_in_use++;
    return aligned_alloc(64, (bytes + 127) / 64 * 64);
}

static void uncount_block(void *block, void *user)
{
    (void)user;
    blocks_in_use -= block != NULL;
    free(block);
}

enum { PHASES = 8 };

typedef struct {
    int questions, stop_at, n_phases;
    const char *phase[PHASES]; /* in the order of their first questions */
    int last[PHASES];          /* question about it                     */
    double share[PHASES];      /* the most of it that was said to be done */
} watched;

static bool look(void *user, const char *what, int64_t done, int64_t total)
{
    watched *w = user;
    int at = 0;
    while (at < w->n_phases && strcmp(w->phase[at], what) != 0)
        at++;
    if (done < 0 || done > total || at == PHASES)
        ck_abort_msg("%s: %lld of %lld", what, (long long)done, (long long)total);
    w->n_phases += at == w->n_phases;
    w->phase[at] = what;
    w->last[at] = ++w->questions;
    w->share[at] = fmax(w->share[at], (double)done / (double)total);
    return w->questions != w->stop_at;
}

static watched watch_all(elbo__pca_way *way, const elbo_rows *rows, const char *const *phases)
{
    watched all = {.questions = 0};
    elbo_pca pca;
    elbo_watch(look, &all);
    ck_assert_int_eq(elbo__pca_fit_by(way, rows, 3, &pca), ELBO_OK);
    elbo_watch(NULL, NULL);
    elbo_pca_free(&pca);
    for (int i = 0; i < all.n_phases; i++)
        ck_assert_str_eq(all.phase[i], phases[i]);
    ck_assert_ptr_null(phases[all.n_phases]);
    return all;
}

static void assert_stops(elbo__pca_way *way, const elbo_rows *rows, int stop_at)
{
    watched stopped = {.stop_at = stop_at};
    elbo_pca pca;
    elbo_set_allocator(count_block, uncount_block, NULL);
    elbo_watch(look, &stopped);
    memset(&pca, 1, sizeof pca);
    ck_assert_int_eq(elbo__pca_fit_by(way, rows, 3, &pca), ELBO_STOPPED);
    elbo_watch(NULL, NULL);
    elbo_set_allocator(NULL, NULL, NULL);
    ck_assert_int_eq(stopped.questions, stop_at);
    ck_assert(!pca.mean && !pca.axes && !pca.variances && !pca.method && pca.count == 0);
    ck_assert_int_eq(blocks_in_use, 0);
}

START_TEST(every_way_stops_at_every_question_to_the_watcher_and_leaves_nothing)
{
    static const char *const phases[WAYS][PHASES] = {
        [COVARIANCE] = {"mean", "covariance"},
        [GRAM] = {"mean", "products of rows", "axes", "orthonormal axes"},
        [SINGULAR_VALUES] = {"mean", "singular values"},
        [KRYLOV] = {"mean", "krylov"},
    };
    made *m = make(60, 60, 30, falling);
    const elbo_rows rows = elbo_rows_of(m->x, m->n, m->columns);
    const watched all = watch_all(ways[_i].fit, &rows, phases[_i]);
    for (int stop_at = 1; stop_at <= all.questions; stop_at++)
        assert_stops(ways[_i].fit, &rows, stop_at);
    free(m);
}
END_TEST

START_TEST(large_problems_stop_in_every_phase_and_krylovs_space_is_given_up_early)
{
    static const char *const phases[PHASES] = {"mean",         "krylov", "products of rows", "tridiagonal form",
                                               "eigenvectors", "axes",   "orthonormal axes"};
    float *x = wide_rows(0);
    const elbo_rows rows = elbo_rows_of(x, TALL, WIDE);
    const watched all = watch_all(elbo__pca_any, &rows, phases);
    ck_assert_double_lt(all.share[1], 0.6); /* of the steps after which it would be given up in any case */
    for (int i = 0; i < all.n_phases; i++)
        assert_stops(elbo__pca_any, &rows, all.last[i]);
    free(x);
}
END_TEST

static elbo_status fit_every_way(void)
{
    static made *m; /* of the process, as that which works with failing memory must not allocate by itself */
    m = m ? m : make(60, 60, 30, falling);
    const elbo_rows rows = elbo_rows_of(m->x, m->n, m->columns);
    elbo_status status = ELBO_OK;
    for (int way = 0; way < WAYS && status == ELBO_OK; way++) {
        elbo_pca pca;
        status = elbo__pca_fit_by(ways[way].fit, &rows, 3, &pca);
        elbo_pca_free(&pca);
    }
    return status;
}

START_TEST(short_memory_is_reported_and_nothing_is_lost)
{
    assert_survives_failing_allocations(fit_every_way);
}
END_TEST

/* Rows that are read to memory of the library's own; the sixth reading of row 0 fails. */
static int readings;

static elbo_status read_made(const void *source, int64_t first, int64_t n, float *x)
{
    const made *m = source;
    memcpy(x, m->x + first * m->columns, (size_t)(n * m->columns) * sizeof *x);
    return first == 0 && ++readings == 6 ? elbo__fail(ELBO_IO, "row 0 is gone") : ELBO_OK;
}

START_TEST(rows_that_are_read_give_the_same_bits_in_every_way)
{
    made *m = make(60, 60, 30, falling);
    const elbo_rows rows = {m->n, m->columns, m, read_made};
    elbo_pca whole = fitted(ways[_i].fit, m->x, m->n, m->columns, 3), pca;
    readings = 1000;
    ck_assert_int_eq(elbo__pca_fit_by(ways[_i].fit, &rows, 3, &pca), ELBO_OK);
    ck_assert_int_eq(memcmp(pca.axes, whole.axes, 3 * 60 * sizeof *pca.axes), 0);
    ck_assert_int_eq(memcmp(pca.variances, whole.variances, 3 * sizeof *pca.variances), 0);
    elbo_pca_free(&pca);
    elbo_pca_free(&whole);
    const int reads = readings - 1000;
    for (int fail_at = 1; fail_at <= reads; fail_at++) {
        readings = 6 - fail_at;
        ck_assert_int_eq(elbo__pca_fit_by(ways[_i].fit, &rows, 3, &pca), ELBO_IO);
        ck_assert_str_eq(elbo_error(), "row 0 is gone");
        ck_assert_ptr_null(pca.mean);
    }
    free(m);
}
END_TEST

Suite *suite_pca_ways(void)
{
    Suite *suite = suite_create("pca_ways");
    TCase *spectrum = tcase_create("spectra"), *choice = tcase_create("choice"), *stops = tcase_create("stops");
    tcase_add_loop_test(spectrum, every_way_finds_the_components_that_the_rows_were_made_with, 0, WAYS * SPECTRA);
    tcase_add_loop_test(spectrum, rows_without_variance_have_orthonormal_axes_of_variance_0, 0, WAYS);
    tcase_add_loop_test(spectrum, every_way_has_the_same_bits_for_any_number_of_threads, 0, WAYS);
    tcase_add_loop_test(spectrum, what_memory_held_before_does_not_matter, 0, WAYS);
    tcase_add_loop_test(spectrum, rows_that_are_read_give_the_same_bits_in_every_way, 0, WAYS);
    tcase_add_test(choice, few_components_of_wide_rows_are_found_in_krylovs_space_and_are_those_of_the_covariance);
    tcase_add_test(choice, where_the_spectrum_is_flat_the_exact_way_is_taken_after_all);
    tcase_add_test(choice, krylovs_space_is_given_up_after_its_steps);
    tcase_add_test(choice, small_problems_are_left_to_lapack);
    tcase_add_test(choice, blocks_of_wide_rows_are_short);
    tcase_add_loop_test(stops, every_way_stops_at_every_question_to_the_watcher_and_leaves_nothing, 0, WAYS);
    tcase_add_test(stops, large_problems_stop_in_every_phase_and_krylovs_space_is_given_up_early);
    tcase_add_test(stops, short_memory_is_reported_and_nothing_is_lost);
    suite_add_tcase(suite, spectrum);
    suite_add_tcase(suite, choice);
    suite_add_tcase(suite, stops);
    return suite;
}
