/* Bounds on the entries of a node, by what the ops say of them: whether a gradient is finite is told without a look
 * at it. */
#include "../tensor/elementwise.h"
#include "op.h"

/* Whether no entry is below 0 (one may be NaN), as far as so many nodes behind one another tell. */
static bool never_negative(const elbo_var *x, int depth)
{
    while (x->op->flags & ELBO__VIEW)
        x = x->in[0];
    if (x->op == &elbo__op_constant)
        return x->attr.value >= 0;
    if (x->op == &elbo__op_cast)
        return x->in[0]->dtype == ELBO_U8;
    if (x->op != &elbo__op_elementwise || depth == 0)
        return false;
    switch (x->attr.elementwise) {
    case ELBO__square:
    case ELBO__exp:
    case ELBO__sigmoid:
    case ELBO__softplus:
    case ELBO__relu: return true;
    case ELBO__mul: return never_negative(x->in[0], depth - 1) && never_negative(x->in[1], depth - 1);
    default: return false;
    }
}

/* A pixel and what a rectifier leaves are their own absolute values; but for a 0, whose sign no sum shows. */
elbo_var *elbo__absolute_sum(elbo_var *x, int axis)
{
    enum { DEPTH = 4 };
    if (never_negative(x, DEPTH))
        return elbo_sum_axis(x, axis);
    return elbo_size(x, axis) > ELBO__SHORT_ROW ? elbo__sum_abs(x, axis) : elbo_sum_axis(elbo_abs(x), axis);
}

elbo_var *elbo__magnitude_by_entries(elbo_var *x)
{
    int axis = 0; /* the first that is longer than 1: its rows can be shared out */
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
