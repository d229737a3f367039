/* Leading eigenpairs of matrices that were made from them: a product of reflections around a known diagonal. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tensor/eigen.h"
#include "../tensor/vectors.h"
#include "../tensor/watch.h"
#include "numbers.h"
#include "scratch.h"
#include "suites.h"

enum { SIZE = 230 };

/* x (n) becomes a direction of length 1. */
static void random_direction(numbers *r, double *x, int n)
{
    double square = 0;
    for (int i = 0; i < n; i++) {
        x[i] = numbers_between(r, -1, 1);
        square += x[i] * x[i];
    }
    for (int i = 0; i < n; i++)
        x[i] /= sqrt(square);
}

/* a (n, n) = H D H with the diagonal D of values (n), H = H_1 H_2 H_3 and H_i = I - 2 h h^T; its row i of `axes` (n,
 * n), H's column, belongs to values[i]. */
static void made_matrix(int n, const double *values, double *a, double *axes)
{
    numbers r = {(uint64_t)n};
    double *h = malloc((size_t)n * sizeof *h);
    memset(axes, 0, (size_t)n * (size_t)n * sizeof *axes);
    for (int i = 0; i < n; i++)
        axes[i * n + i] = 1;
    for (int turn = 0; turn < 3; turn++) {
        random_direction(&r, h, n);
        for (int i = 0; i < n; i++) {
            double along = 0;
            for (int k = 0; k < n; k++)
                along += h[k] * axes[i * n + k];
            for (int k = 0; k < n; k++)
                axes[i * n + k] -= 2 * along * h[k];
        }
    }
    for (int i = 0; i < n; i++)
        for (int k = 0; k <= i; k++) {
            double sum = 0;
            for (int j = 0; j < n; j++)
                sum += values[j] * axes[j * n + i] * axes[j * n + k];
            a[i * n + k] = a[k * n + i] = sum;
        }
    free(h);
}

/* The spectra, all of 1 at the top. */
static double falling(int i, int n)
{
    (void)n;
    return pow(0.9, i);
}

static double equal_in_threes(int i, int n)
{
    return 1 - (double)(i / 3) / n;
}

static double close_in_tens(int i, int n)
{
    return 1 - (double)(i / 10) / n - 1e-13 * (i % 10);
}

static double most_are_zero(int i, int n)
{
    (void)n;
    return i < 7 ? 1 - 0.1 * i : 0;
}

static double both_signs(int i, int n)
{
    return 1 - 2.0 * i / n;
}

static double all_equal(int i, int n)
{
    (void)i;
    (void)n;
    return 1;
}

static double (*const spectra[])(int i, int n) = {falling,       equal_in_threes, close_in_tens,
                                                  most_are_zero, both_signs,      all_equal};
enum { SPECTRA = sizeof spectra / sizeof spectra[0] };

static void assert_near(double got, double expected, double tolerance, const char *what, int at)
{
    if (!(fabs(got - expected) <= tolerance))
        ck_abort_msg("%s %d: %.17g, expected %.17g", what, at, got, expected);
}

/* |A u - s u| for rows u of vectors (k, n), and u_i u_j = 1 or 0 */
static void assert_eigenpairs(const double *a, int n, int k, const double *values, const double *u)
{
    for (int i = 0; i < k; i++) {
        double square = 0;
        for (int row = 0; row < n; row++) {
            const double rest = elbo__dot(a + row * n, u + i * n, n) - values[i] * u[i * n + row];
            square += rest * rest;
        }
        assert_near(sqrt(square), 0, 1e-13 * n, "residual of pair", i);
        for (int j = 0; j <= i; j++)
            assert_near(elbo__dot(u + i * n, u + j * n, n), i == j, 1e-13, "product of vector", i);
    }
}

static void check_spectrum(int n, int k, int piece, double (*spectrum)(int i, int n))
{
    double *values = malloc((size_t)n * sizeof *values), *axes = malloc((size_t)(n * n) * sizeof *axes);
    double *a = malloc((size_t)(n * n) * sizeof *a), *lost = malloc((size_t)(n * n) * sizeof *lost);
    double *found = malloc((size_t)k * sizeof *found), *u = malloc((size_t)(k * n) * sizeof *u);
    for (int i = 0; i < n; i++)
        values[i] = spectrum(i, n);
    made_matrix(n, values, a, axes);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            lost[i * n + j] = j < i ? NAN : a[i * n + j];
    ck_assert_msg(elbo__eigen_leading_large(n, lost, k, piece, found, u, 2) == ELBO_OK, "%s", elbo_error());
    for (int i = 0; i < k; i++)
        assert_near(found[i], values[i], 1e-14 * n, "value", i);
    assert_eigenpairs(a, n, k, found, u);
    for (int i = 0; i < k; i++) /* where the next values are not near, it is the one axis */
        if ((i == 0 || values[i - 1] - values[i] > 1e-3) && (i == n - 1 || values[i] - values[i + 1] > 1e-3))
            assert_near(fabs(elbo__dot(u + i * n, axes + i * n, n)), 1, 1e-10, "axis", i);
    free(values);
    free(axes);
    free(a);
    free(lost);
    free(found);
    free(u);
}

START_TEST(leading_pairs_are_those_that_the_matrix_was_made_with)
{
    static const int sizes[] = {1, 2, 3, 31, 33, 34, 65, SIZE};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (int k = 1; k <= sizes[s]; k = 3 * k + 1)
            check_spectrum(sizes[s], k, SIZE, spectra[_i]);
}
END_TEST

START_TEST(vectors_that_are_found_in_pieces_are_orthogonal_too)
{
    static const int pieces[] = {1, 2, 7, 32};
    for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
        check_spectrum(SIZE, SIZE, pieces[p], spectra[_i]);
        check_spectrum(SIZE, 12, pieces[p], spectra[_i]);
    }
}
END_TEST

/* Wilkinson's matrices W21+ (Wilkinson 1965: the upper eigenvalues lie in pairs that agree to 14 digits), eleven of
 * them along the diagonal and 1e-13 between one and the next, so that each pair becomes a cluster of 22. */
START_TEST(clusters_that_are_longer_than_a_piece_have_orthogonal_vectors)
{
    enum { W = 21, N = 11 * W };
    static double a[N * N], lost[N * N], values[N], u[N * N];
    for (int i = 0; i < N; i++) {
        a[i * N + i] = abs(i % W - W / 2);
        if (i + 1 < N)
            a[i * N + i + 1] = a[(i + 1) * N + i] = (i + 1) % W ? 1 : 1e-13;
    }
    memcpy(lost, a, sizeof lost);
    ck_assert_msg(elbo__eigen_leading_large(N, lost, N, 5, values, u, 2) == ELBO_OK, "%s", elbo_error());
    assert_eigenpairs(a, N, N, values, u);
}
END_TEST

static double matrix[SIZE * SIZE];

static void setup(void)
{
    static double axes[SIZE * SIZE];
    double values[SIZE];
    for (int i = 0; i < SIZE; i++)
        values[i] = falling(i, SIZE);
    made_matrix(SIZE, values, matrix, axes);
}

enum { SOME = 40 };
static double some_values[SOME], some_vectors[SOME * SIZE];

static elbo_status leading_of_matrix(int threads)
{
    static double a[SIZE * SIZE];
    memcpy(a, matrix, sizeof a);
    return elbo__eigen_leading_large(SIZE, a, SOME, 11, some_values, some_vectors, threads);
}

static elbo_status leading_by_two(void)
{
    return leading_of_matrix(2);
}

START_TEST(leading_pairs_have_the_same_bits_for_any_number_of_threads)
{
    static double values[SOME], vectors[SOME * SIZE];
    ck_assert_int_eq(leading_of_matrix(1), ELBO_OK);
    memcpy(values, some_values, sizeof values);
    memcpy(vectors, some_vectors, sizeof vectors);
    for (int threads = 2; threads <= 4; threads++) {
        ck_assert_int_eq(leading_of_matrix(threads), ELBO_OK);
        ck_assert_int_eq(memcmp(values, some_values, sizeof values), 0);
        ck_assert_int_eq(memcmp(vectors, some_vectors, sizeof vectors), 0);
    }
}
END_TEST

START_TEST(short_memory_is_reported_and_nothing_is_lost)
{
    assert_survives_failing_allocations(leading_by_two);
}
END_TEST

static elbo_status leading_beyond_the_rank(void)
{
    double values[SIZE];
    static double axes[SIZE * SIZE], a[SIZE * SIZE];
    for (int i = 0; i < SIZE; i++)
        values[i] = most_are_zero(i, SIZE);
    made_matrix(SIZE, values, a, axes);
    return elbo__eigen_leading_large(SIZE, a, 12, 12, some_values, some_vectors, 2);
}

/* Seven values are not 0: of the vectors of the others, 5 are found, not all 223. */
START_TEST(of_values_that_are_equal_to_the_last_no_more_vectors_are_found_than_asked_for)
{
    ck_assert_int_le(largest_allocation(leading_beyond_the_rank), 100 * SIZE * sizeof(double));
}
END_TEST

/* A watcher that lets so many questions pass. */
static int questions;

static bool let_pass(void *user, const char *what, int64_t done, int64_t total)
{
    ck_assert_ptr_nonnull(what);
    ck_assert_int_le(done, total);
    return ++questions != *(int *)user;
}

START_TEST(every_question_to_the_watcher_stops_it)
{
    int stop_at = 0, all;
    elbo_watch(let_pass, &stop_at);
    ck_assert_int_eq(leading_by_two(), ELBO_OK);
    all = questions;
    ck_assert_int_gt(all, SIZE); /* each column is one */
    for (stop_at = 1; stop_at <= all; stop_at++) {
        questions = 0;
        ck_assert_int_eq(leading_by_two(), ELBO_STOPPED);
        ck_assert_int_eq(questions, stop_at);
    }
    elbo_watch(NULL, NULL);
}
END_TEST

/* ---- orthonormal rows -------------------------------------------------------------------------------------------- */

enum { LONG = 50, HAVE = 5 };

START_TEST(a_basis_is_extended_by_what_is_new_in_each_row)
{
    static double q[12 * LONG];
    numbers r = {9};
    for (int i = 0; i < 12 * LONG; i++)
        q[i] = numbers_between(&r, -1, 1);
    ck_assert_int_eq(elbo__basis_extend(q, 0, HAVE, LONG, 2), ELBO_OK);
    double *more = q + HAVE * LONG;
    for (int k = 0; k < LONG; k++) {
        more[1 * LONG + k] = 0;                                        /* nothing at all */
        more[2 * LONG + k] = 3 * q[k] - q[2 * LONG + k];               /* nothing beside the basis */
        more[3 * LONG + k] = q[k] + (k == 7) * 1e-9;                   /* next to nothing */
        more[4 * LONG + k] = -more[k];                                 /* nothing beside another new row */
        more[5 * LONG + k] = more[k] + q[LONG + k] + (k == 8) * 1e-12; /* next to nothing beside both */
    }
    double before[LONG], left[LONG];
    memcpy(before, more, sizeof before);
    ck_assert_int_eq(elbo__basis_extend(q, HAVE, 12 - HAVE, LONG, 2), ELBO_OK);
    for (int i = 0; i < 12; i++)
        for (int j = 0; j <= i; j++)
            assert_near(elbo__dot(q + i * LONG, q + j * LONG, LONG), i == j, 1e-13, "product of row", i);
    memcpy(left, before, sizeof left); /* the first new row and the old ones span what it was */
    for (int j = 0; j <= HAVE; j++)
        elbo__add_scaled(left, -elbo__dot(before, q + j * LONG, LONG), q + j * LONG, LONG);
    assert_near(elbo__sum_of_squares(left, LONG), 0, 1e-28, "what is left of row", HAVE);
}
END_TEST

START_TEST(a_basis_of_many_rows_is_made_in_pieces)
{
    enum { ROWS = 150 };
    static double q[ROWS * ROWS];
    numbers r = {10};
    for (int i = 0; i < ROWS * ROWS; i++)
        q[i] = numbers_between(&r, -1, 1);
    ck_assert_int_eq(elbo__basis_of(q, ROWS, ROWS, 2), ELBO_OK);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j <= i; j++)
            assert_near(elbo__dot(q + i * ROWS, q + j * ROWS, ROWS), i == j, 1e-13, "product of row", i);
}
END_TEST

START_TEST(sums_of_any_length_are_those_of_a_plain_loop)
{
    double a[70], b[70], y[70];
    numbers r = {11};
    for (int n = 0; n < 70; n++) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            a[i] = (double)numbers_below(&r, 19) - 9;
            b[i] = (double)numbers_below(&r, 19) - 9;
            y[i] = 2;
            sum += a[i] * b[i];
        }
        assert_near(elbo__dot(a, b, n), sum, 0, "sum of", n);
        assert_near(elbo__dot_and_add(y, -2, b, a, n), sum, 0, "sum of", n);
        elbo__add_scaled(y, 3, a, n);
        for (int i = 0; i < n; i++)
            assert_near(y[i], 2 - 2 * b[i] + 3 * a[i], 0, "entry", i);
    }
}
END_TEST

Suite *suite_eigen(void)
{
    Suite *suite = suite_create("eigen");
    TCase *pairs = tcase_create("leading pairs"), *rows = tcase_create("orthonormal rows");
    tcase_add_checked_fixture(pairs, setup, NULL);
    tcase_add_loop_test(pairs, leading_pairs_are_those_that_the_matrix_was_made_with, 0, SPECTRA);
    tcase_add_loop_test(pairs, vectors_that_are_found_in_pieces_are_orthogonal_too, 0, SPECTRA);
    tcase_add_test(pairs, clusters_that_are_longer_than_a_piece_have_orthogonal_vectors);
    tcase_add_test(pairs, leading_pairs_have_the_same_bits_for_any_number_of_threads);
    tcase_add_test(pairs, short_memory_is_reported_and_nothing_is_lost);
    tcase_add_test(pairs, of_values_that_are_equal_to_the_last_no_more_vectors_are_found_than_asked_for);
    tcase_add_test(pairs, every_question_to_the_watcher_stops_it);
    tcase_add_test(rows, a_basis_is_extended_by_what_is_new_in_each_row);
    tcase_add_test(rows, a_basis_of_many_rows_is_made_in_pieces);
    tcase_add_test(rows, sums_of_any_length_are_those_of_a_plain_loop);
    suite_add_tcase(suite, pairs);
    suite_add_tcase(suite, rows);
    return suite;
}
