/* Codebooks one after the other, each for what those before it left. */
#include "../../autograd/op.h"
#include <math.h>

#include "quantise_private.h"

static const double SHRINK = 1.5; /* where it is not given */

/* What level l makes of the residual. */
typedef struct {
    elbo_var *q;     /* (R, d) its codes    */
    elbo_var *index; /* (R) their numbers   */
    elbo_var *kl;    /* (R)                 */
} level;

static elbo_var *codes_of(elbo_graph *g, const char *name, int l, int64_t codes, int64_t dims)
{
    elbo_scope(g, name);
    elbo_scope(g, elbo_numbered("level", l + 1).text);
    elbo_var *e = elbo_param(g, "weight", ELBO_SHAPE(codes, dims), elbo_init_sphere(pow(0.5, l)));
    elbo_scope_end(g);
    elbo_scope_end(g);
    return e;
}

/* Gumbel noise -log(-log u) for each row and code (R, N), keyed by the image: h (B, ..., d) */
static elbo_var *gumbel(elbo_var *h, const char *name, int l, int64_t codes)
{
    elbo_graph *g = elbo_graph_of(h);
    elbo_shape shape = elbo_shape_of(h);
    shape.dim[shape.ndim - 1] = codes;
    elbo_scope(g, name);
    elbo_scope(g, elbo_numbered("level", l + 1).text);
    elbo_var *u = elbo__as_rows(elbo_random_uniform(g, "gumbel", shape, -1));
    elbo_scope_end(g);
    elbo_scope_end(g);
    return elbo_neg(elbo_log(elbo_neg(elbo_log(u))));
}

static level quantise_level(elbo_var *residual, elbo_var *h, const char *name, int l, elbo_residual_codebook c)
{
    elbo_graph *g = elbo_graph_of(h);
    elbo_var *e = codes_of(g, name, l, c.codes, elbo_size(h, -1));
    elbo_var *logits = elbo_scale(elbo__closeness(residual, e), 2); /* but for |r|^2, which a softmax leaves out */
    elbo_var *mean = elbo_mean(elbo_log_softmax(logits, 1), (int[]){1}, 1, false);
    level to = {.kl = elbo_shift(elbo_neg(mean), -log((double)c.codes))};
    if (elbo_graph_mode(g) != ELBO_TRAIN) {
        to.index = elbo_argmax(logits, 1);
        to.q = elbo_gather(e, to.index);
        return to;
    }
    logits = elbo_add(logits, gumbel(h, name, l, c.codes));
    to.index = elbo_argmax(logits, 1);
    elbo_var *soft = elbo_softmax(elbo_div(logits, c.temperature[l]), 1);
    to.q = elbo_matmul(elbo_straight_through(elbo_one_hot(to.index, c.codes), soft), e);
    return to;
}

/* m (R, L): 1 up to the first level that is left out */
static elbo_var *kept(elbo_var *h, const char *name, elbo_residual_codebook c)
{
    elbo_graph *g = elbo_graph_of(h);
    elbo_shape shape = elbo_shape_of(h);
    elbo_var *m[ELBO_MAX_LEVELS];
    shape.dim[shape.ndim - 1] = c.levels;
    elbo_scope(g, name);
    elbo_var *u = elbo_random_uniform(g, "drop", shape, -1);
    elbo_scope_end(g);
    elbo_var *stays = elbo_less_equal(elbo_constant(g, c.drop), elbo__as_rows(u));
    for (int l = 0; l < c.levels; l++) {
        elbo_var *of_level = elbo_slice(stays, 1, l, 1);
        m[l] = l ? elbo_mul(m[l - 1], of_level) : of_level;
    }
    return elbo_concat(m, c.levels, 1);
}

/* (max(s |q| / |before|, 1) - 1)^2 of each row (R). The root is taken of numbers from 1 on, where it has a
 * derivative. */
static elbo_var *too_long(elbo_var *q, elbo_var *before, double shrink)
{
    elbo_var *least = elbo_constant(elbo_graph_of(q), 1e-20), *one = elbo_constant(elbo_graph_of(q), 1);
    elbo_var *ratio = elbo_div(elbo_sum_axis(elbo_square(q), 1),
                               elbo_maximum(elbo_sum_axis(elbo_square(before), 1), least));
    return elbo_square(elbo_shift(elbo_sqrt(elbo_maximum(elbo_scale(ratio, shrink * shrink), one)), -1));
}

static bool can_quantise(elbo_var *h, const char *name, elbo_residual_codebook c)
{
    elbo_graph *g = elbo_graph_of(h);
    if (!elbo__takes_rows("quantise_residual", name, h, (elbo__fan){-1, 0}))
        return false;
    if (c.levels < 1 || c.levels > ELBO_MAX_LEVELS || c.codes < 1)
        elbo_graph_fail(g, ELBO_INVALID, "quantise_residual \"%s\": %d levels of %lld codes; expected 1 to %d of some",
                        name, c.levels, (long long)c.codes, ELBO_MAX_LEVELS);
    else if (!(c.drop >= 0 && c.drop < 1) || !(c.shrink >= 0))
        elbo_graph_fail(g, ELBO_INVALID, "quantise_residual \"%s\": drop %g, shrink %g; expected [0, 1) and at least 0",
                        name, c.drop, c.shrink);
    else if (elbo_graph_mode(g) == ELBO_TRAIN && !c.temperature)
        elbo_graph_fail(g, ELBO_INVALID, "quantise_residual \"%s\": there are no temperatures", name);
    return elbo__graph_ok(g);
}

static elbo_residual_quantised nothing(elbo_var *h)
{
    elbo_var *no = elbo__harmless(h);
    elbo_residual_quantised r = {.code = no, .index = no, .kl = no, .norms = no};
    for (int l = 0; l < ELBO_MAX_LEVELS; l++)
        r.perplexity[l] = no;
    return r;
}

elbo_residual_quantised elbo_quantise_residual(elbo_var *h, const char *name, elbo_residual_codebook c)
{
    if (!can_quantise(h, name, c))
        return nothing(h);
    const bool drops = c.drop > 0 && elbo_graph_mode(elbo_graph_of(h)) == ELBO_TRAIN;
    elbo_var *residual = elbo__as_rows(h), *m = drops ? kept(h, name, c) : NULL, *sum = NULL, *kl = NULL, *norms = NULL;
    elbo_var *index[ELBO_MAX_LEVELS], *before = NULL;
    elbo_residual_quantised r = {.code = NULL};
    for (int l = 0; l < c.levels; l++) {
        const level to = quantise_level(residual, h, name, l, c);
        elbo_var *q = m ? elbo_mul(to.q, elbo_slice(m, 1, l, 1)) : to.q;
        index[l] = elbo_unsqueeze(to.index, 1);
        r.perplexity[l] = elbo_perplexity(to.index, c.codes);
        residual = elbo_sub(residual, to.q);
        sum = sum ? elbo_add(sum, q) : q;
        kl = kl ? elbo_add(kl, to.kl) : to.kl;
        if (before) {
            elbo_var *term = too_long(to.q, before, c.shrink > 0 ? c.shrink : SHRINK);
            norms = norms ? elbo_add(norms, term) : term;
        }
        before = to.q;
    }
    r.code = elbo__as_before(sum, h);
    r.index = elbo__as_before(elbo_concat(index, c.levels, 1), h);
    r.kl = elbo__sum_of_images(kl, h);
    if (norms)
        r.norms = elbo__sum_of_images(elbo_scale(norms, 1 / (double)(c.levels - 1)), h);
    return r;
}

elbo_var *elbo_residual_codes(elbo_var *index, const char *name, elbo_residual_codebook c, int64_t dims)
{
    elbo_graph *g = elbo_graph_of(index);
    elbo_var *rows = elbo_reshape(index, ELBO_SHAPE(-1, c.levels)), *sum = NULL;
    for (int l = 0; l < c.levels; l++) {
        elbo_var *of_level = elbo_squeeze(elbo_slice(rows, 1, l, 1), 1);
        elbo_var *q = elbo_gather(codes_of(g, name, l, c.codes, dims), of_level);
        sum = sum ? elbo_add(sum, q) : q;
    }
    return elbo__as_before(sum, index);
}
