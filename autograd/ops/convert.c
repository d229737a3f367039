/* Numbers to integers: to_i32. The other direction is a cast (elementwise.c). */
#include "../op.h"

/* Towards zero; the least and the greatest i32 for what lies beyond, 0 for a NaN. */
static double whole(double x)
{
    if (x != x)
        return 0;
    return x <= INT32_MIN ? INT32_MIN : x >= INT32_MAX ? INT32_MAX : (double)(int32_t)x;
}

static void interpret(const elbo__call *call)
{
    for (elbo__walk w = elbo__walk_start(&call->out.layout.shape); w.more; elbo__walk_next(&w))
        elbo__put(&call->out, &w, whole(elbo__get(&call->in[0], &w)));
}

const elbo__op elbo__op_to_i32 = {
    .name = "to_i32",
    .flags = ELBO__NO_CASES,
    .interpret = interpret,
    .walks = elbo__walks_same,
};

elbo_var *elbo_to_i32(elbo_var *x)
{
    elbo_graph *g = x->graph;
    if (!elbo__graph_ok(g) || x->dtype == ELBO_I32)
        return elbo__graph_ok(g) ? x : elbo__harmless(x);
    return elbo__append(g, &elbo__op_to_i32, ELBO_I32, x->shape, &x, 1, NULL);
}
