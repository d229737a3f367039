#include "distribution.h"

/* Zeros (..., 1), as x (..., n) has axes before its last */
static elbo_var *column_of_zeros(elbo_var *x)
{
    elbo_shape shape = elbo_shape_of(x);
    shape.dim[shape.ndim - 1] = 1;
    return elbo_expand(elbo_constant(elbo_graph_of(x), 0), shape);
}

/* y_r = x_1 + ... + x_r: (..., n) */
static elbo_var *running_sum(elbo_var *x)
{
    const int64_t n = elbo_size(x, -1);
    elbo_var *i = elbo_arange(elbo_graph_of(x), n);
    elbo_var *up_to = elbo_less_equal(elbo_unsqueeze(i, 1), elbo_unsqueeze(i, 0)); /* (n, n) */
    return elbo_matmul(x, up_to);
}

/* With a_r = tau_r - h: log p_0 = log sigmoid(a_1), log p_r = log sigmoid(a_(r+1)) + log sigmoid(-a_r) +
 * log(1 - e^-(tau_(r+1) - tau_r)), log p_(C-1) = log sigmoid(-a_(C-1)); and 1 - e^-softplus(t) = sigmoid(t). */
static elbo_var *log_probabilities(elbo_var *parameters)
{
    const int64_t classes = elbo_size(parameters, -1);
    elbo_var *zero = column_of_zeros(parameters);
    if (classes == 1)
        return zero;
    elbo_var *h = elbo_slice(parameters, -1, 0, 1), *t = elbo_slice(parameters, -1, 1, classes - 1);
    elbo_var *a = elbo_sub(running_sum(elbo_softplus(t)), h);
    elbo_var *below = elbo_concat((elbo_var *[]){elbo_softplus(elbo_neg(a)), zero}, 2, -1);
    elbo_var *above = elbo_concat((elbo_var *[]){zero, elbo_softplus(a)}, 2, -1), *cost = elbo_add(below, above);
    if (classes > 2) {
        elbo_var *width = elbo_softplus(elbo_neg(elbo_slice(t, -1, 1, classes - 2)));
        cost = elbo_add(cost, elbo_concat((elbo_var *[]){zero, width, zero}, 3, -1));
    }
    return elbo_neg(cost);
}

elbo_dist elbo_ordinal(elbo_var *parameters)
{
    if (elbo_ndim(parameters) < 2)
        return elbo_classes(parameters); /* whose complaint serves */
    return elbo_classes(log_probabilities(parameters));
}
