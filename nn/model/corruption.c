#include "corruption.h"

#include <string.h>

#include "model_private.h"

const char *const elbo_corruption_names[] = {"none", "mask", "gaussian", NULL};

/* x as kind and level say */
static elbo_var *corrupted(elbo_in *in, const char *kind, double level)
{
    const elbo_shape shape = elbo_shape_of(in->x);
    if (strcmp(kind, "mask") == 0 && level > 1)
        return elbo_graph_fail(in->g, ELBO_INVALID, "corruption: a share of %g of the pixels; at most 1", level);
    if (strcmp(kind, "mask") == 0) {
        elbo_var *u = elbo_random_uniform(in->g, "corruption", shape, -1);
        return elbo_mul(in->x, elbo_less_equal(elbo_constant(in->g, level), u));
    }
    elbo_var *x = elbo_add(in->x, elbo_scale(elbo_random_normal(in->g, "corruption", shape, -1), level));
    return in->mask ? elbo_mul(x, in->mask) : x;
}

elbo_var *elbo_corrupted(elbo_in *in)
{
    if (in->built.corrupted && in->built.whole == in->x)
        return in->built.corrupted;
    const char *kind = elbo_option_declared(in, "corruption") ? elbo_option_choice(in, "corruption") : "none";
    if (strcmp(kind, "none") == 0)
        return in->x;
    elbo_var *seen = corrupted(in, kind, elbo_option_number(in, "corruption-level"));
    in->built.corrupted = seen;
    in->built.whole = in->x;
    elbo__option_effect(in, "corruption", seen);
    elbo__option_effect(in, "corruption-level", seen);
    return seen;
}

elbo_var *elbo_binarised(elbo_in *in, elbo_var *x)
{
    if (!elbo_option_declared(in, "binarise") || !elbo_option_flag(in, "binarise"))
        return x;
    return elbo_less(elbo_random_uniform(in->g, "binarise", elbo_shape_of(x), -1), x);
}
