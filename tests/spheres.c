#include "spheres.h"

#include <check.h>
#include <math.h>

const double figures[FIGURES][4] = {
    {3, 1, 0.3130353, 0.1515959},     {3, 50, 0.98, 3.6051702},     {11, 2, 0.1769661, 0.1745780},
    {11, 100, 0.9510096, 12.0692644}, {2, 5, 0.8933831, 1.1622339}, {41, 20, 0.4090014, 3.7389502},
};

void some_direction(int dims, double sign, double *m)
{
    double square = 0;
    for (int i = 0; i < dims; i++) {
        m[i] = i == 0 ? sign * 0.4 : 0.3 + 0.1 * ((7 * i) % 5) * (i % 2 ? 1 : -1);
        square += m[i] * m[i];
    }
    for (int i = 0; i < dims; i++)
        m[i] /= sqrt(square);
}

elbo_dist vmf(rig *r, int dims, double k, double sign)
{
    double m[MOST_DIMS];
    some_direction(dims, sign, m);
    return elbo_von_mises_fisher(rig_input(r, "m", ELBO_SHAPE(1, dims), m), rig_input(r, "k", ELBO_SHAPE(1, 1), &k));
}

double assert_f32_draws(rig *r, const elbo_dist *one, elbo_dist (*make)(elbo_var *mean, elbo_var *concentration),
                        double *by_k)
{
    enum { ROWS = 512 };
    static double z[ROWS * MOST_DIMS], log_q[ROWS], by_m[MOST_DIMS];
    const int dims = (int)one->shape.dim[one->shape.ndim - 1];
    double by_draws, kl;
    elbo_dist q = make(elbo_expand(one->args[0], ELBO_SHAPE(ROWS, dims)),
                       elbo_expand(one->args[1], ELBO_SHAPE(ROWS, 1)));
    elbo_draw draw = elbo_rsample(q, "z", 0);
    elbo_var *divergence = elbo_kl(*one, elbo_sphere(r->g, one->shape), NULL), *grads[2], *slope;
    elbo_grad(elbo_add(elbo_sum_all(elbo_square(elbo_shift(draw.z, 1))), elbo_sum_all(draw.log_prob)),
              (elbo_var *[]){one->args[0], one->args[1]}, 2, grads);
    elbo_grad(divergence, (elbo_var *[]){one->args[1]}, 1, &slope);
    rig_run(r, (elbo_var *[]){draw.z, draw.log_prob, grads[0], grads[1], divergence, slope}, 6,
            (double *[]){z, log_q, by_m, &by_draws, &kl, by_k});
    for (int n = 0; n < ROWS; n++) {
        double square = 0;
        for (int i = 0; i < dims; i++)
            square += z[n * dims + i] * z[n * dims + i];
        if (!(fabs(square - 1) < 3e-6) || !isfinite(log_q[n]))
            ck_abort_msg("Z %d: |z|^2 = %.9g, log q = %g", dims, square, log_q[n]);
    }
    for (int i = 0; i < dims; i++)
        ck_assert(isfinite(by_m[i]));
    ck_assert(isfinite(by_draws) && isfinite(kl) && isfinite(*by_k));
    return kl;
}
