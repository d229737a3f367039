/* Distributions are small values made of nodes: KL(q||p) in closed form, and as a mean over draws from q. */
#include <elbo.h>
#include <math.h>
#include <stdio.h>

enum { DRAWS = 20000 };

int main(void)
{
    elbo_graph *g = elbo_graph_new(NULL, ELBO_EVALUATE);
    elbo_var *mean = elbo_array(g, ELBO_SHAPE(1, 2), (double[]){0.5, -1});
    elbo_var *logvar = elbo_array(g, ELBO_SHAPE(1, 2), (double[]){-1, 0.3});
    elbo_dist q = elbo_normal(mean, logvar), p = elbo_standard_normal(g, ELBO_SHAPE(1, 2));

    elbo_draw draw = elbo_rsample(q, "z", DRAWS); /* z (1, DRAWS, 2) with log q(z) (1, DRAWS) */
    elbo_var *exact = elbo_kl(q, p, NULL);        /* 1/2 sum (mean^2 + var - 1 - logvar) */
    elbo_var *estimate = elbo_mean_all(elbo_sub(draw.log_prob, elbo_log_prob(p, draw.z, NULL)));
    elbo_plan *plan = elbo_compile(g, (elbo_var *[]){exact, estimate}, 2);
    elbo_graph_free(g);
    if (!plan || elbo_plan_run(plan, NULL, (elbo_at){.seed = 1}) != ELBO_OK) {
        fprintf(stderr, "%s\n", elbo_error());
        return 1;
    }
    const elbo_tensor closed = elbo_plan_output(plan, 0), drawn = elbo_plan_output(plan, 1);
    const double a = elbo_tensor_get(&closed, (int64_t[]){0}), b = elbo_tensor_get(&drawn, NULL);
    printf("KL(q||p) in closed form %.4f nats, from %d draws %.4f\n", a, DRAWS, b);
    elbo_plan_free(plan);
    return fabs(a - b) < 0.05 ? 0 : 1;
}
