/* The bound of a model whose evidence is known: z ~ N(0, I), x | z ~ N(W z, c I) with orthogonal columns of W, so that
 * the posterior is a normal with diagonal covariance and x ~ N(0, W W^T + c I). */
#include <check.h>
#include <math.h>

#include "../nn/objectives/objective.h"
#include "rig.h"
#include "suites.h"

enum { B = 3, D = 5, Z = 2, K = 2 * Z };

static const double variance = 0.4;
static const double w[D * Z] = {1, 2, -2, 1, 0.5, 0.5, 0, -1, 1, -0.25}; /* (D, Z) */
static const double x[B * D] = {0.5, -1, 2, 0.3, 0.1, 1, 1, 1, 1, 1, -2, 0, 0.7, 0.4, -0.6};

/* Points with mean 0 and covariance I, +-sqrt(Z) along each axis: the mean over them of any quadratic function is its
 * expectation under N(0, I), without an error. */
static void exact_noise(double *noise) /* (B, K, Z) */
{
    for (int i = 0; i < B * K * Z; i++)
        noise[i] = i / Z % K / 2 == i % Z ? (i / Z % 2 ? -1 : 1) * sqrt(Z) : 0;
}

static double column_dot(int a, int b)
{
    double sum = 0;
    for (int d = 0; d < D; d++)
        sum += w[d * Z + a] * w[d * Z + b];
    return sum;
}

/* The posterior N(m, diag s2): s2_j = 1 / (1 + |w_j|^2 / c), m_j = s2_j w_j . x / c */
static void posterior(double *m, double *logvar) /* (B, Z) */
{
    for (int i = 0; i < B * Z; i++) {
        int j = i % Z;
        double dot = 0;
        for (int d = 0; d < D; d++)
            dot += w[d * Z + j] * x[i / Z * D + d];
        logvar[i] = -log(1 + column_dot(j, j) / variance);
        m[i] = exp(logvar[i]) * dot / variance;
    }
}

/* log N(x; 0, W W^T + c I) by the Cholesky factor of the covariance. */
static double log_evidence(const double *at)
{
    double l[D][D] = {{0}}, solved[D], result = -0.5 * D * log(2 * M_PI);
    for (int i = 0; i < D; i++) {
        solved[i] = at[i];
        for (int j = 0; j <= i; j++) {
            double sum = i == j ? variance : 0;
            for (int k = 0; k < Z; k++)
                sum += w[i * Z + k] * w[j * Z + k];
            for (int k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
            if (j < i)
                solved[i] -= l[i][j] * solved[j];
        }
        solved[i] /= l[i][i];
        result -= log(l[i][i]) + 0.5 * solved[i] * solved[i];
    }
    return result;
}

/* The bound for q = N(m, exp logvar) with exact expectations; not `known`: q is known only by its draws. */
typedef struct {
    double recon[B], kl[B], weights[B * K], iwae[B];
} outcome;

static outcome bound_at(const double *m, const double *logvar, bool known)
{
    outcome out;
    double noise[B * K * Z];
    exact_noise(noise);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_graph_feed_noise(r.g);
    rig_feed(&r, "z#0", ELBO_SHAPE(B, K, Z), noise);
    elbo_dist q = elbo_normal(rig_input(&r, "m", ELBO_SHAPE(B, Z), m), rig_input(&r, "lv", ELBO_SHAPE(B, Z), logvar));
    elbo_draw draw = elbo_rsample(q, "z", K);
    elbo_var *wt = elbo_transpose(elbo_array(r.g, ELBO_SHAPE(D, Z), w));
    elbo_var *at = elbo_reshape(elbo_matmul(elbo_reshape(draw.z, ELBO_SHAPE(B * K, Z)), wt), ELBO_SHAPE(B, K, D));
    elbo_dist p = elbo_normal_fixed(at, variance), prior = elbo_standard_normal(r.g, ELBO_SHAPE(B, Z));
    if (!known)
        q.kind = NULL;
    elbo_bound b = elbo_bound_of(q, draw, prior, p, rig_input(&r, "x", ELBO_SHAPE(B, D), x), NULL);
    rig_run(&r, (elbo_var *[]){b.recon, b.kl, b.log_weight, elbo_iwae_bound(b.log_weight)}, 4,
            (double *[]){out.recon, out.kl, out.weights, out.iwae});
    rig_free(&r);
    return out;
}

START_TEST(the_columns_are_orthogonal)
{
    ck_assert_double_le(fabs(column_dot(0, 1)), 1e-15);
}
END_TEST

START_TEST(at_the_true_posterior_the_elbo_is_the_evidence)
{
    double m[B * Z], logvar[B * Z];
    posterior(m, logvar);
    for (int known = 0; known <= 1; known++) {
        outcome out = bound_at(m, logvar, known);
        for (int b = 0; b < B; b++)
            assert_close(-out.recon[b] - out.kl[b], log_evidence(&x[b * D]), 1e-13);
    }
}
END_TEST

START_TEST(at_the_true_posterior_every_weight_is_the_evidence)
{
    double m[B * Z], logvar[B * Z];
    posterior(m, logvar);
    outcome out = bound_at(m, logvar, true);
    for (int b = 0; b < B; b++) {
        for (int k = 0; k < K; k++)
            assert_close(out.weights[b * K + k], log_evidence(&x[b * D]), 1e-13);
        assert_close(out.iwae[b], log_evidence(&x[b * D]), 1e-13);
    }
}
END_TEST

START_TEST(elsewhere_the_elbo_is_below_by_the_divergence_from_the_posterior)
{
    double m[B * Z], logvar[B * Z], true_m[B * Z], true_logvar[B * Z];
    posterior(true_m, true_logvar);
    for (int i = 0; i < B * Z; i++) {
        m[i] = true_m[i] + (i % 3 - 1) * 0.1;
        logvar[i] = true_logvar[i] + (i % 2 ? 0.3 : -0.2);
    }
    outcome out = bound_at(m, logvar, true);
    for (int b = 0; b < B; b++) {
        double gap = 0;
        for (int i = b * Z; i < (b + 1) * Z; i++) {
            double ratio = exp(logvar[i] - true_logvar[i]), off = m[i] - true_m[i];
            gap += 0.5 * (ratio + off * off / exp(true_logvar[i]) - 1 - log(ratio));
        }
        ck_assert_double_gt(gap, 1e-3);
        assert_close(log_evidence(&x[b * D]) + out.recon[b] + out.kl[b], gap, 1e-12);
    }
}
END_TEST

START_TEST(the_importance_weighted_bound_is_the_log_of_the_mean_weight)
{
    double m[B * Z] = {0}, logvar[B * Z] = {0};
    outcome out = bound_at(m, logvar, true);
    for (int b = 0; b < B; b++) {
        double mean = 0, mean_log = 0;
        for (int k = b * K; k < (b + 1) * K; k++) {
            mean += exp(out.weights[k]) / K;
            mean_log += out.weights[k] / K;
        }
        assert_close(out.iwae[b], log(mean), 1e-13);
        ck_assert_double_gt(out.iwae[b], mean_log);
    }
}
END_TEST

START_TEST(beta_weighs_the_divergence)
{
    const double recon[B] = {3, 2, 1}, kl[B] = {0.5, 1, 2};
    double out[3][B];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_bound b = {.recon = rig_input(&r, "recon", ELBO_SHAPE(B), recon),
                    .kl = rig_input(&r, "kl", ELBO_SHAPE(B), kl)};
    elbo_bound without = {.recon = b.recon};
    rig_scalar(&r, "beta", 4);
    rig_run(&r,
            (elbo_var *[]){elbo_negative_elbo(&b, elbo_scalar(r.g, "beta")), elbo_negative_elbo(&b, NULL),
                           elbo_negative_elbo(&without, NULL)},
            3, (double *[]){out[0], out[1], out[2]});
    for (int i = 0; i < B; i++) {
        ck_assert_double_eq(out[0][i], recon[i] + 4 * kl[i]);
        ck_assert_double_eq(out[1][i], recon[i] + kl[i]);
        ck_assert_double_eq(out[2][i], recon[i]);
    }
    rig_free(&r);
}
END_TEST

Suite *suite_objective(void)
{
    Suite *suite = suite_create("objective");
    TCase *gaussian = tcase_create("linear-Gaussian model");
    tcase_add_test(gaussian, the_columns_are_orthogonal);
    tcase_add_test(gaussian, at_the_true_posterior_the_elbo_is_the_evidence);
    tcase_add_test(gaussian, at_the_true_posterior_every_weight_is_the_evidence);
    tcase_add_test(gaussian, elsewhere_the_elbo_is_below_by_the_divergence_from_the_posterior);
    tcase_add_test(gaussian, the_importance_weighted_bound_is_the_log_of_the_mean_weight);
    suite_add_tcase(suite, gaussian);
    TCase *parts = tcase_create("parts");
    tcase_add_test(parts, beta_weighs_the_divergence);
    suite_add_tcase(suite, parts);
    return suite;
}
