#include "motion.h"

#include <math.h>
#include <string.h>

#include "../../autograd/op.h"
#include "../model/model_check.h"

#define MOST_SIZE 0.5 /* of a learned step, as in the paper's experiments */

const char *const elbo_leapfrog_learn_names[] = {"none", "size", "tempering", "both", NULL};

/* Whether option leapfrog-learn asks for `what`, "size" or "tempering". */
static bool is_learned(elbo_in *in, const char *what)
{
    const char *learned = elbo_option_choice(in, "leapfrog-learn");
    return strcmp(learned, what) == 0 || strcmp(learned, "both") == 0;
}

/* A parameter in (0, most), which begins at `value`. */
static elbo_var *bounded(elbo_in *in, const char *name, elbo_shape shape, const char *option, double most)
{
    const double value = elbo_option_number(in, option);
    if (value >= most)
        return elbo_graph_fail(in->g, ELBO_INVALID, "%s %g: one that is learned begins below %g", option, value, most);
    elbo_var *logit = elbo_param(in->g, name, shape, elbo_init_constant(log(value / (most - value))));
    return elbo_scale(elbo_sigmoid(logit), most);
}

static elbo_var *size(elbo_in *in, int64_t dims)
{
    if (is_learned(in, "size"))
        return bounded(in, "encoder.leapfrog.size", ELBO_SHAPE(dims), "leapfrog-size", MOST_SIZE);
    return elbo_constant(in->g, elbo_option_number(in, "leapfrog-size"));
}

static elbo_var *start(elbo_in *in)
{
    if (is_learned(in, "tempering"))
        return elbo_reciprocal(elbo_sqrt(bounded(in, "encoder.leapfrog.tempering", ELBO_SCALAR, "tempering", 1)));
    return elbo_constant(in->g, 1 / sqrt(elbo_option_number(in, "tempering")));
}

elbo__motion elbo__motion_of(elbo_in *in, int64_t dims)
{
    elbo__motion m = {.in = *in, .steps = (int)elbo_option_integer(in, "leapfrog-steps")};
    if (m.steps < 1)
        return m;
    m.size = size(in, dims);
    m.start = start(in);
    m.prior = elbo__model_prior(&m.in); /* its layers are met before the decoder's */
    return m;
}

elbo_var *elbo__log_joint(elbo__motion *m, elbo_var *z)
{
    elbo_graph *g = m->in.g;
    const bool frozen = g->frozen;
    elbo_freeze_statistics(g, true);
    const elbo_dist p = elbo__model_generate(&m->in, z);
    elbo_freeze_statistics(g, frozen);
    return elbo_add(elbo_log_prob(p, m->in.x, m->in.mask), elbo_log_prob(m->prior, z, NULL));
}

/* a_k */
static elbo_var *scale_of(const elbo__motion *m, int k)
{
    const double done = (double)k * k / ((double)m->steps * m->steps);
    return elbo_shift(elbo_scale(m->start, 1 - done), done);
}

elbo_var *elbo__tempered(const elbo__motion *m, elbo_var *momentum, int k)
{
    if (m->steps < 1)
        return momentum;
    return elbo_mul(momentum, k > 0 ? elbo_div(scale_of(m, k), scale_of(m, k - 1)) : m->start);
}

elbo_var *elbo__force(elbo__motion *m, elbo_var *z)
{
    elbo_var *force;
    elbo_grad(elbo__log_joint(m, z), &z, 1, &force);
    return force;
}

static elbo_var *half_kick(elbo__motion *m, elbo_var *z)
{
    return elbo_mul(elbo__force(m, z), elbo_scale(m->size, 0.5));
}

elbo__phase elbo__leapfrog(elbo__motion *m, elbo__phase at)
{
    elbo_var *kick = m->steps > 0 ? half_kick(m, at.z) : NULL;
    at.momentum = elbo__tempered(m, at.momentum, 0);
    for (int k = 1; k <= m->steps; k++) {
        at.momentum = elbo_add(at.momentum, kick);
        at.z = elbo_add(at.z, elbo_mul(at.momentum, m->size));
        kick = half_kick(m, at.z); /* of the next step as well */
        at.momentum = elbo__tempered(m, elbo_add(at.momentum, kick), k);
    }
    return at;
}
