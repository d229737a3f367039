/* The continuous Bernoulli: p(x) = e^(x l) / A, 0 <= x <= 1, for a logit l. As A = e^(l/2) sinh(l/2) / (l/2), all its
 * functions are made of
 *
 *     S(l) = log(sinh(l/2) / (l/2)), which is even,
 *
 * and of its derivative: log p(x) = (x - 1/2) l - S(l), the mean is 1/2 + S'(l), the entropy S(l) - l S'(l).
 *
 * Near l = 0 all of these are quotients of two small numbers, so a series stands in for the closed form there. Both are
 * computed for every logit and one is picked. The derivative of the other is multiplied by 0, which gives 0 only where
 * it is finite: so each gets the logits that it is meant for, and a harmless number in place of the others. */
#include "distribution_private.h"

/* ---- near 0 and away from it ------------------------------------------------------------------------------------- */

typedef struct {
    elbo_var *logit;
    elbo_var *near;  /* 1 where |l| < limit: the series counts */
    elbo_var *small; /* l there, elsewhere 0                   */
    elbo_var *large; /* |l| elsewhere, there the limit         */
} split;

static split split_at(elbo_var *logit, double limit)
{
    elbo_graph *g = elbo_graph_of(logit);
    elbo_var *size = elbo_abs(logit), *bound = elbo_constant(g, limit), *near = elbo_less(size, bound);
    return (split){.logit = logit,
                   .near = near,
                   .small = elbo_where(near, logit, elbo_constant(g, 0)),
                   .large = elbo_where(near, bound, size)};
}

/* 1 - x */
static elbo_var *one_minus(elbo_var *x)
{
    return elbo_sub(elbo_constant(elbo_graph_of(x), 1), x);
}

/* c_0 + c_1 x^2 + ... + c_(n-1) x^(2n-2) */
static elbo_var *even_polynomial(elbo_var *x, const double *c, int n)
{
    elbo_graph *g = elbo_graph_of(x);
    elbo_var *square = elbo_square(x), *sum = elbo_constant(g, c[n - 1]);
    for (int i = n - 2; i >= 0; i--)
        sum = elbo_mul_add(sum, square, elbo_constant(g, c[i]));
    return sum;
}

/* ---- S and its derivative ---------------------------------------------------------------------------------------- */

/* Below LIMIT the series: what it leaves out after this many terms is less than the rounding of S and of its first two
 * derivatives. From LIMIT on the closed forms: the nearer to 0, the more digits they lose to cancellation. */
#define LIMIT 1.0
enum { TERMS_F32 = 5, TERMS_F64 = 11 };

/* The sum over n >= 1 of (even + odd 2n) c_n l^(2n-2), c_n = B_2n / (2n (2n)!), B the Bernoulli numbers;
 * S(l) is the sum of c_n l^2n */
static elbo_var *series(const split *s, double even, double odd)
{
    static const double c[TERMS_F64] = {
        1.0 / 24,
        -1.0 / 2880,
        1.0 / 181440,
        -1.0 / 9676800,
        1.0 / 479001600,
        -4.40349178223957765e-11,
        9.55895466477477059e-13,
        -2.11855018520161429e-14,
        4.77003447570991365e-16,
        -1.08743434927903094e-17,
        2.50409219470919523e-19,
    };
    double weighted[TERMS_F64];
    for (int i = 0; i < TERMS_F64; i++)
        weighted[i] = (even + odd * 2 * (i + 1)) * c[i];
    bool f64 = elbo_graph_dtype(elbo_graph_of(s->small)) == ELBO_F64;
    return even_polynomial(s->small, weighted, f64 ? TERMS_F64 : TERMS_F32);
}

/* log((1 - e^-|l|) / |l|), away from 0 */
static elbo_var *log_ratio(const split *s)
{
    return elbo_log(elbo_div(one_minus(elbo_exp(elbo_neg(s->large))), s->large));
}

/* e^-|l| / (1 - e^-|l|), away from 0 */
static elbo_var *odds(const split *s)
{
    elbo_var *e = elbo_exp(elbo_neg(s->large));
    return elbo_div(e, one_minus(e));
}

/* 1/|l| - e^-|l| / (1 - e^-|l|), away from 0: the mean for -|l|, in full precision where it is small */
static elbo_var *small_mean(const split *s)
{
    return elbo_sub(elbo_reciprocal(s->large), odds(s));
}

/* S(l) = |l|/2 + log((1 - e^-|l|) / |l|) = l^2/24 - l^4/2880 + ... */
elbo_var *elbo__log_sinhc(elbo_var *l)
{
    split s = split_at(l, LIMIT);
    return elbo_where(s.near, elbo_mul(series(&s, 1, 0), elbo_square(s.small)),
                      elbo_add(elbo_scale(s.large, 0.5), log_ratio(&s)));
}

/* S'(l) = 1/2 coth(l/2) - 1/l = sign(l) (1/2 - mean for -|l|) = l/12 - l^3/720 + ... */
static elbo_var *slope(const split *s)
{
    elbo_var *half = elbo_constant(elbo_graph_of(s->logit), 0.5);
    return elbo_where(s->near, elbo_mul(series(s, 0, 1), s->small),
                      elbo_mul(elbo_sign(s->logit), elbo_sub(half, small_mean(s))));
}

/* ---- what is asked of it ----------------------------------------------------------------------------------------- */

/* (x - 1/2) l - S(l) */
static elbo_var *continuous_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *l = elbo_align(d->args[0], d->event_rank, elbo_ndim(x));
    return elbo_event_sum(elbo_sub(elbo_mul(elbo_shift(x, -0.5), l), elbo__log_sinhc(l)), mask, d->event_rank);
}

/* 1/2 + S'(l) */
static elbo_var *continuous_mean(const elbo_dist *d)
{
    split s = split_at(d->args[0], LIMIT);
    return elbo_where(elbo_less(s.logit, elbo_constant(d->graph, -LIMIT)), small_mean(&s), elbo_shift(slope(&s), 0.5));
}

/* S(l) - l S'(l) = 1 + log((1 - e^-|l|) / |l|) - |l| e^-|l| / (1 - e^-|l|) */
static elbo_var *continuous_entropy(const elbo_dist *d)
{
    split s = split_at(d->args[0], LIMIT);
    elbo_var *near = elbo_mul(series(&s, 1, -1), elbo_square(s.small));
    elbo_var *away = elbo_shift(elbo_sub(log_ratio(&s), elbo_mul(s.large, odds(&s))), 1);
    return elbo_event_sum(elbo_where(s.near, near, away), NULL, d->event_rank);
}

/* S(b) - S(a) + S'(a) (a - b) for logits a of q and b of p */
static elbo_var *continuous_kl(const elbo_dist *q, const elbo_dist *p)
{
    if (p->kind != &elbo_kind_continuous_bernoulli || p->event_rank != q->event_rank)
        return NULL;
    elbo_var *a = elbo_align(q->args[0], q->event_rank, elbo__common_rank(q, p));
    elbo_var *b = elbo_align(p->args[0], p->event_rank, elbo__common_rank(q, p));
    split s = split_at(a, LIMIT);
    return elbo_add(elbo_mul(slope(&s), elbo_sub(a, b)), elbo_sub(elbo__log_sinhc(b), elbo__log_sinhc(a)));
}

/* ---- draws: x with P(X <= x) = u --------------------------------------------------------------------------------- */

/* The series of a draw has smaller terms than that of S, but more of them count: hence a limit of its own. */
#define DRAW_LIMIT 0.5
enum { DRAW_TERMS_F32 = 7, DRAW_TERMS_F64 = 15 };

/* artanh(x) / x = 1 + x^2/3 + x^4/5 + ... for |x| <= tanh(DRAW_LIMIT / 2) */
static elbo_var *artanh_ratio(elbo_var *x)
{
    double c[DRAW_TERMS_F64];
    for (int i = 0; i < DRAW_TERMS_F64; i++)
        c[i] = 1.0 / (2 * i + 1);
    bool f64 = elbo_graph_dtype(elbo_graph_of(x)) == ELBO_F64;
    return even_polynomial(x, c, f64 ? DRAW_TERMS_F64 : DRAW_TERMS_F32);
}

/* With t = tanh(l/2) and h = 2u - 1: x = 1/2 + artanh(r t) / (2 artanh t),
 * r = (2h + (1 + h^2) t) / (2 + 2ht - (1 - h^2) t^2), the ratio being r times that of two artanh_ratio */
static elbo_var *draw_near(const split *s, elbo_var *u)
{
    elbo_var *t = elbo_tanh(elbo_scale(s->small, 0.5)), *h = elbo_shift(elbo_scale(u, 2), -1), *hh = elbo_square(h);
    elbo_var *above = elbo_add(elbo_scale(h, 2), elbo_mul(elbo_shift(hh, 1), t));
    elbo_var *below = elbo_sub(elbo_shift(elbo_scale(elbo_mul(h, t), 2), 2), elbo_mul(one_minus(hh), elbo_square(t)));
    elbo_var *r = elbo_div(above, below);
    elbo_var *ratio = elbo_div(elbo_mul(r, artanh_ratio(elbo_mul(r, t))), artanh_ratio(t));
    return elbo_shift(elbo_scale(ratio, 0.5), 0.5);
}

/* For l > 0: x = 1 - y, y = -log(u + (1 - u) e^-|l|) / |l|. For l < 0: x = y with 1 - u in the place of u. Neither
 * takes the logarithm of 0, however small e^-|l| may be. The clamp takes back what y is rounded beyond [0, 1]. */
static elbo_var *draw_away(const split *s, elbo_var *u)
{
    elbo_var *above = elbo_less(elbo_constant(elbo_graph_of(u), 0), s->logit);
    elbo_var *v = elbo_where(above, u, one_minus(u)), *e = elbo_exp(elbo_neg(s->large));
    elbo_var *y = elbo_div(elbo_neg(elbo_log(elbo_add(v, elbo_mul(one_minus(v), e)))), s->large);
    y = elbo_clamp(y, 0, 1);
    return elbo_where(above, one_minus(y), y);
}

/* x = log(1 + u (e^l - 1)) / l, the inverse of the distribution function (e^(x l) - 1) / (e^l - 1) */
static elbo_draw continuous_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    split s = split_at(elbo_align(d->args[0], d->event_rank, shape.ndim), DRAW_LIMIT);
    elbo_var *u = elbo_random_uniform(d->graph, name, shape, draw_axis);
    return (elbo_draw){.z = elbo_where(s.near, draw_near(&s, u), draw_away(&s, u))};
}

const elbo_dist_kind elbo_kind_continuous_bernoulli = {
    .name = "continuous-bernoulli",
    .reparametrised = true,
    .log_prob = continuous_log_prob,
    .draw = continuous_draw,
    .mean = continuous_mean,
    .entropy = continuous_entropy,
    .kl = continuous_kl,
};

elbo_dist elbo_continuous_bernoulli(elbo_var *logits)
{
    return elbo_dist_of(&elbo_kind_continuous_bernoulli, elbo_shape_of(logits), logits);
}
