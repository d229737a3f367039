/* Draws by rejection, with so many tries that none of them succeeds once in 10^10 draws: a graph has no loop without an
 * end. What is left then is the middle of the distribution. */
#include <math.h>

#include "distribution_private.h"

/* ---- gamma ------------------------------------------------------------------------------------------------------- */

/* Marsaglia and Tsang 2000, "A simple method for generating gamma variables": of shape a + 1, d = a + 2/3,
 * v = (1 + e / (3 sqrt d))^3 for a normal e, taken where log u < e^2/2 + d - d v + d log v, which it is 19 times in 20
 * or more; and u^(1/a) times that is of shape a. */
enum { GAMMA_TRIES = 8 };

elbo_var *elbo__draw_log_gamma(elbo_graph *g, const char *name, elbo_var *log_a, elbo_shape shape, int draw_axis)
{
    elbo_var *a = elbo_exp(log_a), *d = elbo_shift(a, 2. / 3), *one = elbo_constant(g, 1);
    elbo_var *c = elbo_scale(elbo_reciprocal(elbo_sqrt(d)), 1. / 3), *log_v = elbo_constant(g, 0);
    for (int i = 0; i < GAMMA_TRIES; i++) { /* the last that is taken is as good as the first */
        elbo_var *e = elbo_random_normal(g, name, shape, draw_axis);
        elbo_var *log_u = elbo_log(elbo_random_uniform(g, name, shape, draw_axis));
        elbo_var *root = elbo_mul_add(c, e, one), *inside = elbo_less(elbo_constant(g, 0), root);
        elbo_var *log_try = elbo_scale(elbo_log(elbo_where(inside, root, one)), 3);
        elbo_var *bound = elbo_sub(elbo_scale(elbo_square(e), 0.5),
                                   elbo_mul(d, elbo_sub(elbo_expm1(log_try), log_try)));
        log_v = elbo_where(elbo_mul(inside, elbo_less(log_u, bound)), log_try, log_v);
    }
    elbo_var *log_u = elbo_log(elbo_random_uniform(g, name, shape, draw_axis));
    return elbo_add(elbo_add(elbo_log(d), log_v), elbo_mul(log_u, elbo_exp(elbo_neg(log_a))));
}

/* ---- Poisson ----------------------------------------------------------------------------------------------------- */

#define LARGE_MEAN 10.0
enum { INVERSION_STEPS = 40, POISSON_TRIES = 12 };

/* The count whose probability, together with that of all below it, first reaches u: for means up to LARGE_MEAN. Far
 * above the mean, where the sum no longer grows by what is added, it ends. */
static elbo_var *by_inversion(elbo_graph *g, elbo_var *mean, elbo_var *u)
{
    elbo_var *p = elbo_exp(elbo_neg(mean)), *sum = p, *x = elbo_constant(g, 0), *least = elbo_constant(g, 1e-7);
    for (int k = 1; k <= INVERSION_STEPS; k++) {
        x = elbo_add(x, elbo_mul(elbo_less(sum, u), elbo_less(least, p)));
        p = elbo_scale(elbo_mul(p, mean), 1. / k);
        sum = elbo_add(sum, p);
    }
    return x;
}

/* Hoermann 1993, "The transformed rejection method for generating Poisson random variables", PTRS: for means from
 * LARGE_MEAN on, where a try succeeds 6 times in 7 or more. */
static elbo_var *by_rejection(elbo_graph *g, const char *name, elbo_var *log_mean, elbo_shape shape, int draw_axis)
{
    elbo_var *mean = elbo_exp(log_mean), *x = elbo_round(mean);
    elbo_var *b = elbo_shift(elbo_scale(elbo_sqrt(mean), 2.53), 0.931), *a = elbo_shift(elbo_scale(b, 0.02483), -0.059);
    elbo_var *inverse_alpha = elbo_shift(elbo_scale(elbo_reciprocal(elbo_shift(b, -3.4)), 1.1328), 1.1239);
    elbo_dist poisson = elbo_poisson(log_mean);
    poisson.event_rank = 0;
    for (int i = 0; i < POISSON_TRIES; i++) {
        elbo_var *u = elbo_shift(elbo_random_uniform(g, name, shape, draw_axis), -0.5);
        elbo_var *log_v = elbo_log(elbo_random_uniform(g, name, shape, draw_axis));
        elbo_var *rest = elbo_maximum(elbo_shift(elbo_neg(elbo_abs(u)), 0.5), elbo_constant(g, 1e-9));
        elbo_var *slope = elbo_add(elbo_div(elbo_scale(a, 2), rest), b);
        elbo_var *k = elbo_floor(elbo_shift(elbo_add(elbo_mul(slope, u), mean), 0.43));
        elbo_var *inside = elbo_less_equal(elbo_constant(g, 0), k);
        elbo_var *hat = elbo_log(elbo_div(inverse_alpha, elbo_add(elbo_div(a, elbo_square(rest)), b)));
        elbo_var *log_p = elbo_log_prob(poisson, elbo_relu(k), NULL);
        x = elbo_where(elbo_mul(inside, elbo_less_equal(elbo_add(log_v, hat), log_p)), k, x);
    }
    return x;
}

elbo_var *elbo__draw_poisson(elbo_graph *g, const char *name, elbo_var *log_mean, elbo_shape shape, int draw_axis)
{
    elbo_var *bound = elbo_constant(g, log(LARGE_MEAN)), *u = elbo_random_uniform(g, name, shape, draw_axis);
    elbo_var *few = by_inversion(g, elbo_exp(elbo_minimum(log_mean, bound)), u);
    elbo_var *many = by_rejection(g, name, elbo_expand(elbo_maximum(log_mean, bound), shape), shape, draw_axis);
    return elbo_where(elbo_less(log_mean, bound), few, many);
}
