/* One codebook: the nearest code of each row, and how codes follow the rows. */
#include "quantise.h"

#include "../../autograd/op.h"
#include "quantise_private.h"

static const double EPS = 1e-5;   /* added to the counts of codes                   */
static const double DECAY = 0.99; /* of moving averages, where it is not given      */
static const double DEAD = 0.01;  /* of the mean use: a code that is used less is so */

/* ---- rows -------------------------------------------------------------------------------------------------------- */

elbo_var *elbo__as_rows(elbo_var *h)
{
    return elbo_ndim(h) == 2 ? h : elbo_reshape(h, ELBO_SHAPE(-1, elbo_size(h, -1)));
}

elbo_var *elbo__as_before(elbo_var *rows, const elbo_var *h)
{
    elbo_shape shape = elbo_shape_of(h);
    if (elbo_ndim(rows) == 1)
        shape.ndim--;
    else
        shape.dim[shape.ndim - 1] = elbo_size(rows, 1);
    return elbo_reshape(rows, shape);
}

elbo_var *elbo__sum_of_images(elbo_var *terms, const elbo_var *h)
{
    return elbo_sum_axis(elbo_reshape(terms, ELBO_SHAPE(elbo_size(h, 0), -1)), 1);
}

/* One product, [h, 1] [e_k, -|e_k|^2 / 2]: what is subtracted from a product of its own would be a pass over R N
 * numbers, which are many where each position of a map is a row. */
elbo_var *elbo__closeness(elbo_var *rows, elbo_var *codes)
{
    elbo_var *half = elbo_scale(elbo_sum(elbo_square(codes), (int[]){1}, 1, true), -0.5);
    elbo_var *ones = elbo_expand(elbo_constant(elbo_graph_of(rows), 1), ELBO_SHAPE(elbo_size(rows, 0), 1));
    elbo_var *with_one = elbo_concat((elbo_var *[]){rows, ones}, 2, 1);
    return elbo_matmul(with_one, elbo_transpose(elbo_concat((elbo_var *[]){codes, half}, 2, 1)));
}

/* The rows' own numbers: (R) i32 */
static elbo_var *nearest(elbo_var *rows, elbo_var *codes)
{
    return elbo_argmax(elbo__closeness(rows, codes), 1);
}

elbo_var *elbo_nearest(elbo_var *h, elbo_var *codes)
{
    return elbo__as_before(nearest(elbo__as_rows(h), codes), h);
}

/* ---- use --------------------------------------------------------------------------------------------------------- */

/* How many of the rows choose each code: index (R) -> (N) */
static elbo_var *use_of(elbo_var *index, int64_t codes)
{
    elbo_var *ones = elbo_expand(elbo_constant(elbo_graph_of(index), 1), ELBO_SHAPE(elbo_size(index, 0)));
    return elbo_scatter_add(ones, index, codes);
}

/* The perplexity of n choices, from how often each code was chosen (N). A share of 0 has the limit 0. */
static elbo_var *perplexity_of(elbo_var *use, int64_t n)
{
    elbo_var *share = elbo_scale(use, 1 / (double)(n ? n : 1));
    elbo_var *least = elbo_constant(elbo_graph_of(use), 1e-30);
    return elbo_exp(elbo_neg(elbo_sum_all(elbo_mul(share, elbo_log(elbo_maximum(share, least))))));
}

elbo_var *elbo_perplexity(elbo_var *index, int64_t codes)
{
    index = elbo_reshape(index, ELBO_SHAPE(-1));
    return perplexity_of(use_of(index, codes), elbo_size(index, 0));
}

/* ---- the codebook ------------------------------------------------------------------------------------------------ */

/* Its tensors: count (N), and weight (N, d) or sum (N, d), and the codes (N, d) that these make. */
typedef struct {
    elbo_var *count, *weight, *sum, *codes;
} book;

static book open_book(elbo_graph *g, const char *name, elbo_codebook c, int64_t dims)
{
    const elbo_init init = elbo_init_uniform(-1 / (double)c.codes, 1 / (double)c.codes);
    const elbo_shape shape = ELBO_SHAPE(c.codes, dims);
    book b = {.count = NULL};
    elbo_scope(g, name);
    if (c.average)
        b.sum = elbo_state(g, "sum", shape, init); /* the codes themselves, since the counts are 1 */
    else
        b.weight = elbo_param(g, "weight", shape, init);
    b.count = elbo_state(g, "count", ELBO_SHAPE(c.codes), elbo_init_constant(1));
    elbo_scope_end(g);
    b.codes = b.weight;
    if (c.average) {
        elbo_var *all = elbo_sum_all(b.count);
        elbo_var *smooth = elbo_div(elbo_shift(b.count, EPS), elbo_shift(all, EPS * (double)c.codes));
        b.codes = elbo_div(b.sum, elbo_unsqueeze(elbo_mul(smooth, all), 1));
    }
    return b;
}

/* Whether codebook and rows h can be had; false puts the graph in error. */
static bool can_quantise(elbo_var *h, const char *name, elbo_codebook c)
{
    elbo_graph *g = elbo_graph_of(h);
    if (!elbo__takes_rows("quantise", name, h, (elbo__fan){2, 1}))
        return false;
    if (c.codes < 1)
        elbo_graph_fail(g, ELBO_INVALID, "quantise \"%s\": %lld codes; at least 1", name, (long long)c.codes);
    else if (!(c.decay >= 0 && c.decay < 1) || !(c.restart >= 0))
        elbo_graph_fail(g, ELBO_INVALID, "quantise \"%s\": decay %g, restart %g; expected [0, 1) and at least 0", name,
                        c.decay, c.restart);
    return elbo__graph_ok(g);
}

elbo_var *elbo_codes(elbo_graph *g, const char *name, elbo_codebook c, int64_t dims)
{
    return open_book(g, name, c, dims).codes;
}

/* A row of the batch for each code, at random: (N, d) */
static elbo_var *some_rows(elbo_var *rows, const char *name, int64_t codes)
{
    elbo_graph *g = elbo_graph_of(rows);
    const double n = (double)elbo_size(rows, 0);
    elbo_scope(g, name);
    elbo_var *u = elbo_random_uniform(g, "restart", ELBO_SHAPE(codes), -1);
    elbo_scope_end(g);
    elbo_var *at = elbo_minimum(elbo_floor(elbo_scale(u, n)), elbo_constant(g, n - 1)); /* u n may round up to n */
    return elbo_gather(rows, elbo_to_i32(at));
}

/* Moves the averages by the rows (R, d) of a batch, of which use (N) choose each code. */
static void follow(const book *b, elbo_var *rows, elbo_var *index, elbo_var *use, const char *name, elbo_codebook c)
{
    elbo_graph *g = elbo_graph_of(rows);
    elbo_var *part = elbo_constant(g, 1 - (c.decay > 0 ? c.decay : DECAY));
    elbo_var *count = elbo_lerp(b->count, use, part), *sum = NULL;
    if (c.average) {
        sum = elbo_lerp(b->sum, elbo_scatter_add(rows, index, c.codes), part);
        elbo_var *finite = elbo_isfinite(elbo_sum_axis(sum, 1)); /* (N) nothing would ever bring a NaN back */
        sum = elbo_where(elbo_unsqueeze(finite, 1), sum, b->sum);
        count = elbo_where(finite, count, b->count);
    }
    if (c.restart > 0) {
        elbo_var *anew = some_rows(rows, name, c.codes), *mean = elbo_mean_all(count);
        elbo_var *usable = elbo_isfinite(elbo_sum_axis(anew, 1));
        elbo_var *dead = elbo_mul(elbo_less(count, elbo_scale(mean, c.restart)), usable); /* (N) */
        elbo_var *to = c.average ? elbo_mul(anew, mean) : anew, *from = c.average ? sum : b->weight;
        elbo_assign(c.average ? b->sum : b->weight, elbo_where(elbo_unsqueeze(dead, 1), to, from));
        count = elbo_where(dead, mean, count);
    } else if (c.average) {
        elbo_assign(b->sum, sum);
    }
    elbo_assign(b->count, count);
}

elbo_quantised elbo_quantise(elbo_var *h, const char *name, elbo_codebook c)
{
    elbo_graph *g = elbo_graph_of(h);
    if (!can_quantise(h, name, c)) {
        elbo_var *no = elbo__harmless(h);
        return (elbo_quantised){no, no, no, no, no, no};
    }
    const book b = open_book(g, name, c, elbo_size(h, -1));
    elbo_var *rows = elbo_detach(elbo__as_rows(h)), *index = nearest(rows, elbo_detach(b.codes));
    elbo_var *e = elbo__as_before(elbo_gather(b.codes, index), h), *use = use_of(index, c.codes);
    elbo_var *mean = elbo_mean_all(b.count);
    elbo_quantised q = {
        .code = elbo_straight_through(e, h),
        .index = elbo__as_before(index, h),
        .commitment = elbo__sum_of_images(elbo_square(elbo_sub(h, elbo_detach(e))), h),
        .perplexity = perplexity_of(use, elbo_size(rows, 0)),
        .dead = elbo_sum_all(elbo_less(b.count, elbo_scale(mean, DEAD))),
    };
    if (!c.average)
        q.codebook = elbo__sum_of_images(elbo_square(elbo_sub(elbo_detach(h), e)), h);
    if (elbo_graph_mode(g) == ELBO_TRAIN && !g->frozen)
        follow(&b, rows, index, use, name, c);
    return q;
}
