#include "small_dists.h"

#include <check.h>
#include <math.h>

const double mean[B * D] = {0.5, -1, 2, 0, 0.25, 3, -0.5, 1};
const double logvar[B * D] = {0, 0.5, -1, 1, -0.25, 2, -2, 0.1};
const double other_mean[B * D] = {0, -0.5, 1, 0.5, -1, 2, 0.5, 1.5};
const double other_logvar[B * D] = {0.3, 0, -0.5, 0.7, 0.2, 1, -1, -0.3};
const double logits[B * D] = {0, 1.5, -2, 0.3, -0.7, 4, -3, 1};
const double other_logits[B * D] = {0.4, 1, -1, -0.3, 0.7, 2, -2.5, 0};
const double grey[B * D] = {0, 1, 0.5, 0.25, 1, 0, 0.75, 0.1};
const double points[B * K * D] = {0.1, -0.2, 0.3, 0.4, 1.5, -0.6, 0.7,  -0.8, 0.9, 1,   -1.1, 1.2,
                                  1.3, 0.4,  1.5, -1,  0.7, 1.8,  -1.9, 2,    0,   0.2, -0.3, 2.4};

elbo_var *input(rig *r, const char *name, const double *values)
{
    return rig_input(r, name, ELBO_SHAPE(B, D), values);
}

double plain_normal(double x, double m, double variance)
{
    return -log(sqrt(2 * M_PI * variance)) - (x - m) * (x - m) / (2 * variance);
}

double plain_bernoulli(double x, double logit)
{
    double p = 1 / (1 + exp(-logit));
    return x * log(p) + (1 - x) * log(1 - p);
}

double plain_continuous_bernoulli(double x, double logit)
{
    return logit == 0 ? 0 : x * logit - log((exp(logit) - 1) / logit);
}

void draw_moments(rig *r, elbo_dist d, bool reparametrised, double *first, double *second)
{
    elbo_var *z = reparametrised ? elbo_rsample(d, "many", MANY).z : elbo_sample(d, "many", MANY);
    rig_run(r, (elbo_var *[]){elbo_mean(z, (int[]){1}, 1, false), elbo_mean(elbo_square(z), (int[]){1}, 1, false)}, 2,
            (double *[]){first, second});
}

void assert_kl_is_the_mean_log_ratio(rig *r, elbo_dist q, elbo_dist p)
{
    static double log_q[B * MANY], log_p[B * MANY];
    double closed[B], dims[B * D];
    elbo_var *drawn = elbo_sample(q, "kl", MANY);
    ck_assert(elbo_kl_closed(q, p));
    rig_run(r,
            (elbo_var *[]){elbo_kl(q, p, NULL), elbo_kl_dims(q, p), elbo_log_prob(q, drawn, NULL),
                           elbo_log_prob(p, drawn, NULL)},
            4, (double *[]){closed, dims, log_q, log_p});
    for (int b = 0; b < B; b++) {
        double sum = 0, squares = 0, over_dims = 0;
        for (int k = b * MANY; k < (b + 1) * MANY; k++) {
            sum += log_q[k] - log_p[k];
            squares += (log_q[k] - log_p[k]) * (log_q[k] - log_p[k]);
        }
        double average = sum / MANY, variance = squares / MANY - average * average;
        ck_assert_msg(fabs(closed[b] - average) <= 5 * sqrt(variance / MANY), "KL(%s||%s) = %g, by draws %g +- %g",
                      q.kind->name, p.kind->name, closed[b], average, sqrt(variance / MANY));
        ck_assert_double_gt(closed[b], 0.05); /* so that the comparison means something */
        for (int d = 0; d < D; d++)
            over_dims += dims[b * D + d];
        assert_close(over_dims, closed[b], 1e-13);
    }
}
