#include <check.h>
#include <float.h>
#include <math.h>

#include "small_dists.h"
#include "suites.h"

/* log p by mpmath, from the textbook's formulas in 1500 digits, t being the size and w = sigmoid(logit):
 *
 *     from mpmath import mp, mpf, exp, log, loggamma
 *     mp.dps = 1500
 *     def poisson(x, m): return x * log(m) - m - loggamma(x + 1)
 *     def nb(x, m, t): return loggamma(x + t) - loggamma(t) - loggamma(x + 1) + t * log(t / (t + m)) \
 *         + x * log(m / (t + m))
 *     def zinb(x, m, t, l):
 *         w = 1 / (1 + exp(-l))
 *         return log(w * (x == 0) + (1 - w) * exp(nb(x, m, t)))
 */
// clang-format off
static const struct {
    double x, log_mean, log_size, logit, poisson, binomial, inflated;
} exact[] = {
    {0.0, -2.0, 1.0, 0.5, -0.13533528323661269, -0.13207411487585403, -0.047836983519778055},
    {0.0, 3.0, -3.0, -4.0, -20.085536923187668, -0.29884566731239315, -0.29260058422503762},
    {1.0, 0.0, 0.0, 0.0, -1.0, -1.3862943611198906, -2.0794415416798359},
    {1.0, -20.0, 0.5, 1.0, -20.000000002061154, -20.000000003311306, -21.313261690829529},
    {3.0, 1.25, 2.0, -1.0, -1.5321024266898964, -1.6945112775406361, -2.007772965058859},
    {15.0, 2.0, 12.0, 2.0, -5.2883274827715418, -5.2881956168831865, -7.415123627926159},
    {16.0, 2.75, -1.5, 0.25, -2.3144919902688444, -4.745743317532479, -5.5716827374113225},
    {17.0, 3.0, 4.0, 0.0, -2.5906103733245566, -2.6618719249052273, -3.3550191054651726},
    {200.0, 5.25, 1.0, -2.0, -3.7982556510354697, -5.7577147240197342, -5.8846427350627067},
    {1000000.0, 13.8125, 3.0, 1.0, -12.35387926610835, -13.238698825439947, -14.55196051295817},
    {1000000.0, 13.8125, 20.0, 0.0, -12.35387926610835, -12.345615379164038, -13.038762559723984},
    {5.0, 1.5, 40.0, 0.0, -1.7691808131201108, -1.7691808131201108, -2.4623279936800561},
    {40.0, 0.0, -20.0, 0.0, -111.3206397147574, -23.688879569015948, -24.382026749575893},
};
// clang-format on
enum { EXACT = sizeof exact / sizeof exact[0] };

/* Distributions of single numbers: nothing is summed. */
typedef struct {
    elbo_dist poisson, binomial, inflated;
} all_counts;

static all_counts counts_of(rig *r, int n, const double *log_mean, const double *log_size, const double *logit)
{
    const elbo_shape shape = ELBO_SHAPE(n);
    elbo_var *m = rig_input(r, "m", shape, log_mean), *t = rig_input(r, "t", shape, log_size);
    all_counts all = {elbo_poisson(m), elbo_negative_binomial(m, t),
                      elbo_zero_inflated_negative_binomial(m, t, rig_input(r, "l", shape, logit))};
    all.poisson.event_rank = all.binomial.event_rank = all.inflated.event_rank = 0;
    return all;
}

/* How many digits of a parameter's last place a value has to lose: |d log p / d log m| */
static double sensitivity(int i)
{
    return fmax(1, fabs(exact[i].x - exp(exact[i].log_mean)) * fabs(exact[i].log_mean));
}

static void assert_values(elbo_dtype dtype, double tolerance)
{
    double x[EXACT], log_mean[EXACT], log_size[EXACT], logit[EXACT], out[3][EXACT];
    for (int i = 0; i < EXACT; i++) {
        x[i] = exact[i].x, log_mean[i] = exact[i].log_mean;
        log_size[i] = exact[i].log_size, logit[i] = exact[i].logit;
    }
    rig r = rig_new(dtype, ELBO_TRAIN);
    const all_counts of = counts_of(&r, EXACT, log_mean, log_size, logit);
    elbo_var *at = rig_input(&r, "x", ELBO_SHAPE(EXACT), x);
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(of.poisson, at, NULL), elbo_log_prob(of.binomial, at, NULL),
                           elbo_log_prob(of.inflated, at, NULL)},
            3, (double *[]){out[0], out[1], out[2]});
    for (int i = 0; i < EXACT; i++) {
        const double limit = tolerance * sensitivity(i);
        assert_close(out[0][i], exact[i].poisson, limit);
        assert_close(out[1][i], exact[i].binomial, limit);
        assert_close(out[2][i], exact[i].inflated, limit);
    }
    rig_free(&r);
}

START_TEST(values_are_those_of_the_definition_in_1500_digits)
{
    assert_values(ELBO_F64, 8 * DBL_EPSILON);
    assert_values(ELBO_F32, 8 * FLT_EPSILON); /* a count of a million too, where the textbook's formula is 1 nat off */
}
END_TEST

enum { PLACES = 6, MOST = 4000 };
static const double log_means[PLACES] = {-3, 0, 1.5, 3, 4, 2}, log_sizes[PLACES] = {0, -1, 2, 1, 6, 0.25},
                    zero_logits[PLACES] = {-2, 0, 1, -0.5, 3, -6};

START_TEST(they_sum_to_one_and_to_their_mean)
{
    static double x[PLACES * MOST], log_p[PLACES * MOST];
    double means[PLACES];
    for (int i = 0; i < PLACES * MOST; i++)
        x[i] = i % MOST;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    const all_counts of = counts_of(&r, PLACES, log_means, log_sizes, zero_logits);
    elbo_var *at = rig_input(&r, "x", ELBO_SHAPE(PLACES, MOST), x);
    const elbo_dist each = _i == 0 ? of.poisson : _i == 1 ? of.binomial : of.inflated;
    rig_run(&r, (elbo_var *[]){elbo_log_prob(each, at, NULL), elbo_dist_mean(each)}, 2, (double *[]){log_p, means});
    for (int i = 0; i < PLACES; i++) {
        double sum = 0, first = 0;
        for (int k = 0; k < MOST; k++) {
            sum += exp(log_p[i * MOST + k]);
            first += k * exp(log_p[i * MOST + k]);
        }
        assert_close(sum, 1, 1e-12);
        assert_close(first, means[i], 1e-10);
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_large_size_makes_a_poisson)
{
    enum { N = 5 };
    const double x[N] = {0, 1, 4, 20, 3000}, m[N] = {0.5, 0.5, 1.5, 3, 8}, t[N] = {30, 30, 30, 30, 40}, l[N] = {0};
    double poisson[N], binomial[N];
    rig r = rig_new(_i ? ELBO_F64 : ELBO_F32, ELBO_TRAIN);
    const all_counts of = counts_of(&r, N, m, t, l);
    elbo_var *at = rig_input(&r, "x", ELBO_SHAPE(N), x);
    rig_run(&r, (elbo_var *[]){elbo_log_prob(of.poisson, at, NULL), elbo_log_prob(of.binomial, at, NULL)}, 2,
            (double *[]){poisson, binomial});
    for (int i = 0; i < N; i++)
        assert_close(binomial[i], poisson[i], _i ? 1e-9 : 2e-5);
    rig_free(&r);
}
END_TEST

START_TEST(kl_of_poissons_is_the_sum_over_all_counts)
{
    static double x[PLACES * MOST], log_q[PLACES * MOST], log_p[PLACES * MOST];
    double kl[PLACES];
    for (int i = 0; i < PLACES * MOST; i++)
        x[i] = i % MOST;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist q = elbo_poisson(rig_input(&r, "q", ELBO_SHAPE(PLACES), log_means));
    elbo_dist p = elbo_poisson(rig_input(&r, "p", ELBO_SHAPE(PLACES), log_sizes));
    q.event_rank = p.event_rank = 0;
    elbo_var *at = rig_input(&r, "x", ELBO_SHAPE(PLACES, MOST), x);
    rig_run(&r, (elbo_var *[]){elbo_kl_dims(q, p), elbo_log_prob(q, at, NULL), elbo_log_prob(p, at, NULL)}, 3,
            (double *[]){kl, log_q, log_p});
    for (int i = 0; i < PLACES; i++) {
        double sum = 0;
        for (int k = i * MOST; k < (i + 1) * MOST; k++)
            sum += exp(log_q[k]) * (log_q[k] - log_p[k]);
        assert_close(kl[i], sum, 1e-10);
    }
    rig_free(&r);
}
END_TEST

Suite *suite_dist_counts(void)
{
    Suite *suite = suite_create("dist_counts");
    TCase *values = tcase_create("values");
    tcase_add_test(values, values_are_those_of_the_definition_in_1500_digits);
    tcase_add_loop_test(values, they_sum_to_one_and_to_their_mean, 0, 3);
    tcase_add_loop_test(values, a_large_size_makes_a_poisson, 0, 2);
    tcase_add_test(values, kl_of_poissons_is_the_sum_over_all_counts);
    suite_add_tcase(suite, values);
    return suite;
}
