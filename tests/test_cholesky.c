/* The Cholesky factor of matrices that were made from one. */
#include <check.h>
#include <math.h>

#include "../tensor/cholesky.h"
#include "numbers.h"
#include "rig.h"
#include "suites.h"

enum { MOST = 7 };

/* l (n, n) lower, with a diagonal between 1 and 2, and a = l l^T */
static void made_matrix(int n, double *l, double *a)
{
    numbers r = {(uint64_t)n};
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            l[i * n + k] = k < i ? numbers_between(&r, -1, 1) : k == i ? numbers_between(&r, 1, 2) : 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            a[i * n + k] = 0;
            for (int j = 0; j < n; j++)
                a[i * n + k] += l[i * n + j] * l[k * n + j];
        }
}

START_TEST(the_factor_is_the_lower_one_and_its_inverse_undoes_it)
{
    const int n = _i;
    double l[MOST * MOST], a[MOST * MOST];
    made_matrix(n, l, a);
    for (int i = 0; i < n; i++)
        for (int k = i + 1; k < n; k++)
            a[i * n + k] = NAN; /* not looked at */
    ck_assert_int_eq(elbo__cholesky(n, a), ELBO_OK);
    for (int i = 0; i < n * n; i++)
        assert_close(a[i], l[i], 1e-14);
    ck_assert_int_eq(elbo__invert_lower(n, a), ELBO_OK);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            double sum = 0;
            for (int j = 0; j < n; j++)
                sum += a[i * n + j] * l[j * n + k];
            assert_close(sum, i == k, 1e-14);
        }
}
END_TEST

START_TEST(a_matrix_that_is_not_positive_definite_has_none)
{
    double flat[] = {1, 0, 1, 1}, saddle[] = {1, 2, 2, 1}, unknown[] = {1, 0, NAN, 1}, none[] = {NAN};
    ck_assert_int_eq(elbo__cholesky(2, flat), ELBO_INVALID);
    ck_assert_int_eq(elbo__cholesky(2, saddle), ELBO_INVALID);
    ck_assert_int_eq(elbo__cholesky(2, unknown), ELBO_INVALID);
    ck_assert_int_eq(elbo__cholesky(1, none), ELBO_INVALID);
    ck_assert_int_eq(elbo__invert_lower(2, (double[]){1, 0, 3, 0}), ELBO_INVALID);
}
END_TEST

Suite *suite_cholesky(void)
{
    Suite *s = suite_create("cholesky");
    TCase *t = tcase_create("cholesky");
    tcase_add_loop_test(t, the_factor_is_the_lower_one_and_its_inverse_undoes_it, 0, MOST + 1);
    tcase_add_test(t, a_matrix_that_is_not_positive_definite_has_none);
    suite_add_tcase(s, t);
    return s;
}
