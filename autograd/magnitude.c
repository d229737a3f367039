/* Bounds on the entries of a node, by what the ops say of them: whether a gradient is finite is told without a look
 * at it. */
#include "op.h"

elbo_var *elbo__absolute_sum(elbo_var *x, int axis)
{
    return elbo_sum_axis(elbo_abs(x), axis);
}

elbo_var *elbo__magnitude_by_entries(elbo_var *x)
{
    int axis = 0; /* the first one that has rows to share out */
    while (axis < elbo_ndim(x) - 1 && elbo_size(x, axis) == 1)
        axis++;
    if (elbo_ndim(x) < 2 || elbo_size(x, axis) == 0)
        return elbo_abs(x);
    return elbo__absolute_sum(elbo_reshape(x, ELBO_SHAPE(elbo_size(x, axis), -1)), 1);
}

elbo_var *elbo__magnitude_by_op(elbo_var *x)
{
    return x->op->magnitude ? x->op->magnitude(x) : NULL;
}

elbo_var *elbo__magnitude(elbo_var *x)
{
    elbo_var *own = elbo__magnitude_by_op(x);
    return own ? own : elbo__magnitude_by_entries(x);
}
