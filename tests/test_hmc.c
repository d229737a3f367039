/* Hamiltonian Monte Carlo: where many chains end, beside the density that they are to follow. */
#include <check.h>
#include <math.h>

#include "../nn/samplers/hmc.h"
#include "../tensor/error_private.h"
#include "rig.h"
#include "runs.h"
#include "suites.h"

enum { CHAINS = 4000, BINS = 12 };

/* e^(z^2 - z^4 / 2): two hills at -1 and 1 */
static elbo_status two_hills(void *user, const double *z, int64_t n, double *log_density, double *gradient)
{
    (void)user;
    for (int64_t i = 0; i < n; i++) {
        log_density[i] = z[i] * z[i] - pow(z[i], 4) / 2;
        gradient[i] = 2 * z[i] - 2 * pow(z[i], 3);
    }
    return ELBO_OK;
}

/* p(bin) of the same, by a sum over fine steps: bins of 0.4 from -2.4 to 2.4, the outer ones open */
static void expected_shares(double *shares)
{
    double sum = 0;
    for (int i = 0; i < BINS; i++)
        shares[i] = 0;
    for (int k = -80000; k < 80000; k++) {
        const double z = (k + 0.5) / 10000, p = exp(z * z - pow(z, 4) / 2);
        const int bin = (int)fmin(fmax(floor((z + 2.4) / 0.4), 0), BINS - 1);
        shares[bin] += p;
        sum += p;
    }
    for (int i = 0; i < BINS; i++)
        shares[i] /= sum;
}

/* Small steps that are nearly all accepted, and ones so large that it is the choice that makes the draws right. */
static const struct {
    double step, least, most;
    int leaps;
} steps[] = {{0.1, 0.97, 1, 15}, {0.95, 0.2, 0.9, 3}};

START_TEST(chains_end_as_the_density_says)
{
    const elbo__hmc how = {
        .dims = 1, .proposals = 60, .leaps = steps[_i].leaps, .step = steps[_i].step, .density = two_hills};
    static double z[CHAINS];
    double shares[BINS], found[BINS] = {0}, all, chi = 0;
    expected_shares(shares);
    for (int i = 0; i < CHAINS; i++)
        z[i] = 0.3;
    assert_ok(elbo__hmc_run(&how, 3, 0, CHAINS, z, &all));
    for (int i = 0; i < CHAINS; i++)
        found[(int)fmin(fmax(floor((z[i] + 2.4) / 0.4), 0), BINS - 1)]++;
    for (int i = 0; i < BINS; i++)
        chi += (found[i] - CHAINS * shares[i]) * (found[i] - CHAINS * shares[i]) / (CHAINS * shares[i]);
    ck_assert_double_lt(chi, 31.3); /* chi squared of 11 degrees of freedom is above it once in 1000 */
    ck_assert_double_ge(all, steps[_i].least);
    ck_assert_double_le(all, steps[_i].most);
}
END_TEST

/* N(m, S) of two dimensions with S = (2, 1; 1, 1), whose inverse is (1, -1; -1, 2); *user counts the points that are
 * asked for. */
static elbo_status correlated(void *user, const double *z, int64_t n, double *log_density, double *gradient)
{
    for (int64_t i = 0; i < n; i++) {
        const double u = z[2 * i] - 3, v = z[2 * i + 1] + 1;
        log_density[i] = -(u * u - 2 * u * v + 2 * v * v) / 2;
        gradient[2 * i] = -(u - v);
        gradient[2 * i + 1] = -(2 * v - u);
    }
    if (user)
        *(int64_t *)user += n;
    return ELBO_OK;
}

START_TEST(a_correlated_normal_has_its_moments)
{
    const elbo__hmc how = {.dims = 2, .proposals = 40, .leaps = 10, .step = 0.3, .density = correlated};
    static double all[2 * CHAINS];
    double mean[2] = {0}, square[3] = {0};
    assert_ok(elbo__hmc_run(&how, 1, 0, CHAINS, all, NULL));
    for (int i = 0; i < CHAINS; i++) {
        const double *z = all + 2 * i;
        mean[0] += z[0] / CHAINS;
        mean[1] += z[1] / CHAINS;
        square[0] += (z[0] - 3) * (z[0] - 3) / CHAINS;
        square[1] += (z[0] - 3) * (z[1] + 1) / CHAINS;
        square[2] += (z[1] + 1) * (z[1] + 1) / CHAINS;
    }
    ck_assert_double_eq_tol(mean[0], 3, 4 * sqrt(2.0 / CHAINS));
    ck_assert_double_eq_tol(mean[1], -1, 4 * sqrt(1.0 / CHAINS));
    ck_assert_double_eq_tol(square[0], 2, 4 * sqrt(8.0 / CHAINS));
    ck_assert_double_eq_tol(square[1], 1, 4 * sqrt(3.0 / CHAINS));
    ck_assert_double_eq_tol(square[2], 1, 4 * sqrt(2.0 / CHAINS));
}
END_TEST

START_TEST(a_chain_depends_on_its_seed_and_number)
{
    int64_t points = 0;
    const elbo__hmc how = {.dims = 2, .proposals = 5, .leaps = 4, .step = 0.3, .density = correlated, .user = &points};
    double together[3][2] = {{0}}, alone[2] = {0}, other[2] = {0};
    assert_ok(elbo__hmc_run(&how, 1, 6, 3, together[0], NULL));
    ck_assert_int_eq(points, 3 * (1 + 5 * 4));
    assert_ok(elbo__hmc_run(&how, 1, 7, 1, alone, NULL));
    assert_ok(elbo__hmc_run(&how, 2, 7, 1, other, NULL));
    ck_assert_mem_eq(together[1], alone, sizeof alone);
    ck_assert_mem_ne(together[0], together[1], sizeof alone);
    ck_assert_mem_ne(together[1], other, sizeof alone);
}
END_TEST

/* No place beyond 1. */
static elbo_status walled(void *user, const double *z, int64_t n, double *log_density, double *gradient)
{
    (void)user;
    for (int64_t i = 0; i < n; i++) {
        log_density[i] = z[i] > 1 ? NAN : 0;
        gradient[i] = 0;
    }
    return ELBO_OK;
}

static elbo_status broken(void *user, const double *z, int64_t n, double *log_density, double *gradient)
{
    (void)user, (void)z, (void)n, (void)log_density, (void)gradient;
    return elbo__fail(ELBO_INVALID, "no density");
}

START_TEST(what_has_no_density_is_never_reached_and_failures_are_told)
{
    elbo__hmc how = {.dims = 1, .proposals = 200, .leaps = 3, .step = 0.5, .density = walled};
    double z[3] = {0.9, -2, 0}, accepted;
    assert_ok(elbo__hmc_run(&how, 1, 1, 3, z, &accepted));
    for (int i = 0; i < 3; i++)
        ck_assert_double_le(z[i], 1);
    ck_assert(accepted > 0.1 && accepted < 1);
    how.density = broken;
    assert_refused(elbo__hmc_run(&how, 1, 1, 1, z, NULL), "no density");
}
END_TEST

Suite *suite_hmc(void)
{
    Suite *s = suite_create("hmc");
    TCase *t = tcase_create("hmc");
    tcase_add_loop_test(t, chains_end_as_the_density_says, 0, 2);
    tcase_add_test(t, a_correlated_normal_has_its_moments);
    tcase_add_test(t, a_chain_depends_on_its_seed_and_number);
    tcase_add_test(t, what_has_no_density_is_never_reached_and_failures_are_told);
    suite_add_tcase(s, t);
    return s;
}
